"""The commands: arguments in, exit code out."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from importer.cli import options, output
from importer.cli.display import Display, costs_text, counts_text, source_info_lines
from importer.config import Settings
from importer.errors import ImporterError, RunAbortedError
from importer.exit_codes import ExitCode
from importer.reporter import RunStatus, Summary, problem_sentence, summary_table
from importer.runner import store
from importer.runner.check import SMALLEST_DAILY_LIMIT, CheckReport, check_file
from importer.runner.find_runs import ListedRun, list_runs
from importer.runner.finish import last_summary, report_run
from importer.runner.run import Telling, resume_run, retry_run, run_import, verify_file

_SETTINGS = {"show_default": False, "max_content_width": 110, "help_option_names": ["-h", "--help"]}


class _Commands(click.Group):
    """The commands; `sandbox` is imported when it is asked for, since its server would slow the start of all others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "sandbox"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "sandbox":
            from importer.cli.sandbox_command import sandbox  # noqa: PLC0415

            return sandbox
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(package_name="importer")
def cli() -> None:
    """Link HubSpot records in bulk from a spreadsheet of record pairs."""


def exit_code(error: ImporterError) -> ExitCode:
    """Return STOPPED when requests were sent and the run can be resumed, else WRONG_INPUT."""
    return ExitCode.STOPPED if isinstance(error, RunAbortedError) else ExitCode.WRONG_INPUT


def _next_step(summary: Summary) -> str:
    """What to do about the rows that are not linked."""
    return f"Correct {summary.failures} and import it, or run: importer retry {summary.run_id}"


def _run(
    flags: dict[str, Any],
    work: Callable[[Settings, Telling], Summary],
    next_step: Callable[[Summary], str] = _next_step,
) -> int:
    """Do the work of a command that calls HubSpot, tell what happens, print its summary; the exit code."""
    out, as_json = flags.pop("out"), flags.pop("as_json")
    settings = options.settings_of(flags)
    with Display(settings) as display:
        try:
            summary = work(settings, Telling(out, display))
        except ImporterError as error:
            display.tell_error(error)
            return exit_code(error)
    if as_json:
        click.echo(summary.as_json())
    elif not settings.quiet:
        click.echo(summary_table(summary))
        if summary.failures is not None and summary.status is RunStatus.FINISHED:
            output.show(next_step(summary))
    return summary.exit_code


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.fresh
@options.telling
def run(file: str, fresh: bool, **flags: Any) -> int:
    """Link the record pairs of FILE (CSV or XLSX; - is standard input) and write what became of each row.

    Run again after an interruption it goes on where it stopped.
    """
    return _run(flags, lambda settings, telling: run_import(file, settings, telling, fresh=fresh))


@cli.command()
@click.argument("run_id")
@options.sending
@options.the_run
@options.telling
def resume(run_id: str, **flags: Any) -> int:
    """Go on with the unfinished run RUN_ID; its file is not needed."""
    return _run(flags, lambda settings, telling: resume_run(run_id, settings, telling))


@cli.command()
@click.argument("run_or_results", metavar="RUN_ID|RESULTS_FILE")
@options.reading
@options.sending
@options.the_run
@options.fresh
@options.telling
def retry(run_or_results: str, fresh: bool, **flags: Any) -> int:
    """Begin a new run over what is failed, unconfirmed or not_sent; of a results file, over corrected invalid rows too.

    The flags about reading are for a results file that no run here wrote.
    """
    return _run(flags, lambda settings, telling: retry_run(run_or_results, settings, telling, fresh=fresh))


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.telling
def check(file: str, **flags: Any) -> int:
    """Read all of FILE and tell every problem, and what a run would cost; send nothing."""
    out, as_json = flags.pop("out"), flags.pop("as_json")
    settings = options.settings_of(flags)
    with Display(settings) as display:
        try:
            found = check_file(file, settings, out, display)
        except ImporterError as error:
            display.tell_error(error)
            return exit_code(error)
    if as_json:
        click.echo(_check_json(found))
    elif not settings.quiet:
        output.show(*_check_lines(found))
    return found.exit_code


def _check_json(found: CheckReport) -> str:
    values = asdict(found)
    counts, expected = values.pop("counts"), values.pop("costs")
    names = found.understood.row_names
    groups = [
        {
            "code": group.code,
            "rows": group.rows,
            "first": [{"row": names.as_json(number), **asdict(problem)} for number, problem in group.first],
        }
        for group in found.problems
    ]
    spent = {"calls": found.costs.calls, "minutes": round(found.costs.minutes, 2)}
    return json.dumps({"status": "checked", **counts, **values, "problems": groups, **spent, "costs": expected})


def _check_lines(found: CheckReport) -> list[str]:
    names = found.understood.row_names
    lines = [*source_info_lines(found.understood), *found.warnings, counts_text(found.counts)]
    for group in found.problems:
        lines.append(f"{group.code}: {group.rows:,} row{'s' if group.rows > 1 else ''}")
        lines += [
            f"  {problem_sentence(names.of(number), problem)} {problem.advice}" for number, problem in group.first
        ]
        if group.rows > len(group.first):
            lines.append("  … (--out FILE names every row)")
    lines.append(costs_text(found.costs))
    lines.append(f"That is {found.daily_share:.1%} of a daily limit of {SMALLEST_DAILY_LIMIT:,}. Nothing was sent.")
    if found.results is not None:
        lines.append(f"Every row: {found.results}")
    return lines


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.telling
def verify(file: str, **flags: Any) -> int:
    """Read back which pairs of FILE are linked; send nothing."""
    return _run(
        flags,
        lambda settings, telling: verify_file(file, settings, telling),
        lambda summary: f"To link what is missing: importer run {file} --only-missing",
    )


@cli.command()
@options.state_dir
@options.as_json
def runs(as_json: bool, **flags: Any) -> int:
    """List the runs, the newest first."""
    settings = options.settings_of(flags)
    found = list_runs(settings)
    if as_json:
        click.echo(json.dumps([_run_json(run) for run in found]))
    else:
        for run in found:
            rows = "?" if run.rows is None else f"{run.rows:,}"
            output.show(f"{run.run_id}  {run.status:<11}  {rows:>9} rows  {run.error or run.source}")
        if not found:
            output.show(f"There are no runs in {store.runs_directory(settings)}.")
    return ExitCode.OK


def _run_json(run: ListedRun) -> dict[str, Any]:
    """A run as a JSON object; only one that cannot be read has an `error`."""
    values = asdict(run)
    if run.error is None:
        del values["error"]
    return values


@cli.command()
@click.argument("run_id")
@options.state_dir
@options.as_json
def show(run_id: str, as_json: bool, **flags: Any) -> int:
    """Show what became of the run RUN_ID."""
    settings = options.settings_of(flags)
    with store.open_journal(settings, run_id) as journal:
        summary, info, account = last_summary(journal), journal.info, journal.account
    if as_json:
        click.echo(summary.as_json())
    else:
        parent = f", a retry of {info.parent}" if info.parent else ""
        of = f", account {account.portal_id}" if account is not None and account.portal_id is not None else ""
        output.show(f"{info.source} to {info.target}{of} (API {info.api_version}), begun {info.created_at}{parent}")
        click.echo(summary_table(summary))
    return ExitCode.OK


@cli.command()
@click.argument("run_id")
@options.state_dir
@options.out
@options.as_json
def report(run_id: str, out: Path | None, as_json: bool, **flags: Any) -> int:
    """Write the results of the run RUN_ID as they are now."""
    settings = options.settings_of(flags)
    with Display(settings) as display:
        summary = report_run(run_id, settings, out, display)
    click.echo(summary.as_json() if as_json else summary_table(summary))
    return ExitCode.OK
