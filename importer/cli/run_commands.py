"""The commands about earlier runs: list, delete, show, report."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from importer.cli import options
from importer.cli.display import Display
from importer.cli.listings import run_json, run_line, run_lines
from importer.cli.output import show, show_summary
from importer.config import Settings
from importer.exit_codes import ExitCode
from importer.reporter import summary_table
from importer.runner.find_runs import list_runs
from importer.runner.finish import last_summary, report_run
from importer.runner.prune import prune_runs
from importer.runner.state_directory import open_journal, runs_directory
from importer.runner.undone import undone


@click.group(invoke_without_command=True)
@options.state_dir
@options.as_json
@click.pass_context
def runs(ctx: click.Context, /, as_json: bool, **flags: Any) -> int:
    """List the runs, newest first, with their command, their size and the days since they were last active."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = flags
        return ExitCode.OK
    settings = options.settings_from(flags)
    found = list_runs(settings)
    if as_json:
        click.echo(run_json(found))
    elif found:
        show(*map(run_line, found))
    else:
        show(_no_runs(settings))
    return ExitCode.OK


def _no_runs(settings: Settings) -> str:
    return f"There are no runs in {runs_directory(settings)}."


@runs.command()
@click.option("--older-than", type=click.FloatRange(min=0), required=True, metavar="DAYS", help="Keep newer runs.")
@options.state_dir
@options.as_json
@click.pass_context
def prune(ctx: click.Context, /, older_than: float, as_json: bool, **flags: Any) -> int:
    """Delete the finished runs that ended more than DAYS days ago.

    A deleted run can no longer be undone, retried or shown. Results files are kept. So are unfinished runs, except
    those of another version of importer, which this one cannot resume. Files uploaded with importer web are deleted
    with their last run; those without a run are deleted at the same age.
    """
    given = {key: value for key, value in flags.items() if value is not None}
    settings = options.settings_from({**ctx.obj, **given})
    pruned = prune_runs(settings, older_than, unresumable=True)
    if as_json:
        click.echo(json.dumps(asdict(pruned)))
    else:
        show(str(pruned) if runs_directory(settings).is_dir() else _no_runs(settings))
    return ExitCode.OK


@click.command("show")
@click.argument("run_id")
@options.state_dir
@options.as_json
def show_run(run_id: str, as_json: bool, **flags: Any) -> int:
    """Show the outcome of the run RUN_ID, or how far it has got.

    With --json, `last_error` is the error that ended it, if there was one.
    """
    settings = options.settings_from(flags)
    with open_journal(settings, run_id) as journal:
        summary = last_summary(journal)
        described, error = run_lines(journal, undone(settings, journal.undone_by)), journal.last_error
    if as_json:
        click.echo(json.dumps({**summary.values(), **({"last_error": asdict(error)} if error else {})}))
    else:
        show(*described, "")
        show_summary(summary_table(summary))
    return ExitCode.OK


@click.command()
@click.argument("run_id")
@options.state_dir
@options.out
@options.as_json
def report(run_id: str, out: Path | None, as_json: bool, **flags: Any) -> int:
    """Write the current results of the run RUN_ID to a file, or its report if --out ends in .html."""
    settings = options.settings_from(flags)
    with Display(settings) as display:
        summary = report_run(run_id, settings, out=out, on_event=display)
    if as_json:
        click.echo(summary.as_json())
    else:
        show_summary(summary_table(summary))
    return ExitCode.OK
