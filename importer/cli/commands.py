"""The commands: arguments in, exit code out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from importer.cli import help_topics, options
from importer.cli.check_report import check_json, check_lines
from importer.cli.confirm import confirmation
from importer.cli.display import Display
from importer.cli.listings import run_json, run_line, run_lines
from importer.cli.output import show, show_summary
from importer.errors import ImporterError, RunAbortedError
from importer.exit_codes import ExitCode
from importer.reporter import Summary, summary_table
from importer.runner.check import check_file
from importer.runner.events import Notice
from importer.runner.export import export_links
from importer.runner.find_runs import list_runs
from importer.runner.finish import last_summary, report_run
from importer.runner.resume import resume_run
from importer.runner.retry import retry_run
from importer.runner.run import run_import, unlink_file
from importer.runner.state_directory import open_journal, runs_directory
from importer.runner.undo import undo_run
from importer.runner.verify import verify_file

_SETTINGS = {"show_default": False, "max_content_width": 80, "help_option_names": ["-h", "--help"]}


class _Commands(click.Group):
    """The commands; those that serve HTTP are imported only when used, because that would slow down all others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "sandbox", "web"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "sandbox":
            from importer.cli.sandbox_command import sandbox  # noqa: PLC0415

            return sandbox
        if cmd_name == "web":
            from importer.cli.web_command import web  # noqa: PLC0415

            return web
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(package_name="importer")
def cli() -> None:
    """Link HubSpot records in bulk from a spreadsheet of record pairs."""


def exit_code(error: ImporterError) -> ExitCode:
    """Return STOPPED when requests were sent and the run can be resumed, else WRONG_INPUT."""
    return ExitCode.STOPPED if isinstance(error, RunAbortedError) else ExitCode.WRONG_INPUT


def _run(flags: dict[str, Any], work: Callable[..., Summary], *, is_verification: bool = False) -> int:
    """Execute a command that calls HubSpot, print its summary and return its exit code."""
    out, as_json = flags.pop("out"), flags.pop("as_json")
    settings = options.settings_from(flags)
    with Display(settings, is_verification=is_verification) as display:
        try:
            summary = work(settings, out=out, on_event=display)
        except ImporterError as error:
            display.log_error(error)
            return exit_code(error)
    if as_json:
        click.echo(summary.as_json())
    elif not settings.quiet:
        show_summary(summary_table(summary, is_verification=is_verification))
    return summary.exit_code


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.fresh
@options.output
def run(file: str, fresh: bool, **flags: Any) -> int:
    """Link the pairs of FILE and write a result for each row.

    FILE is a CSV, XLSX, XLS or ODS file; - is standard input. After an interruption, the same command resumes the run.
    """
    return _run(flags, partial(run_import, file, fresh=fresh))


@cli.command()
@click.argument("run_id")
@options.sending
@options.the_run
@options.removal
@options.output
def resume(run_id: str, yes: int | None, **flags: Any) -> int:
    """Resume the unfinished run RUN_ID; its file is not needed."""
    return _run(flags, partial(resume_run, run_id, confirmation=confirmation(yes)))


@cli.command()
@click.argument("run_or_results", metavar="RUN_ID|RESULTS_FILE")
@options.reading
@options.sending
@options.the_run
@options.fresh
@options.removal
@options.output
def retry(run_or_results: str, fresh: bool, yes: int | None, **flags: Any) -> int:
    """Start a new run over the rows that are not linked.

    Of a run: its failed, unconfirmed and not_sent rows. Of a results file, which may have been corrected: also its
    invalid rows. The options about reading are for results files of runs that are not known here.
    """
    return _run(flags, partial(retry_run, run_or_results, fresh=fresh, confirmation=confirmation(yes)))


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.output
@options.online
def check(file: str, online: bool, **flags: Any) -> int:
    """Report every problem of FILE and the cost of a run.

    Changes nothing in HubSpot. Makes calls and needs a token only to look up records (--from-by, --to-by) and with
    --online, which also reports which labels exist, which pairs are linked already, for which records the Primary label
    would move, and which would have too many links.
    """
    out, as_json = flags.pop("out"), flags.pop("as_json")
    settings = options.settings_from(flags)
    with Display(settings) as display:
        try:
            found = check_file(file, settings, out=out, on_event=display, online=online)
        except ImporterError as error:
            display.log_error(error)
            return exit_code(error)
    if as_json:
        click.echo(check_json(found))
    elif not settings.quiet:
        show(*check_lines(found))
    return found.exit_code


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.output
def verify(file: str, **flags: Any) -> int:
    """Read back which pairs of FILE are linked; send nothing."""
    return _run(flags, partial(verify_file, file), is_verification=True)


@cli.command()
@click.argument("from_type", metavar="FROM")
@click.argument("to_type", metavar="TO")
@click.option("--ids", type=click.Path(path_type=Path), metavar="FILE", help="CSV file of the record ids to link from.")
@options.sending
@options.the_run
@options.output
def export(from_type: str, to_type: str, ids: Path | None, **flags: Any) -> int:
    """Write the links from records of type FROM to those of TO to a file.

    The file given by --out can be imported: it has the ids and the labels of each link. Changes nothing in HubSpot.
    """
    out, as_json = flags.pop("out"), flags.pop("as_json")
    if out is None:
        raise click.UsageError("--out is missing: name the file to write, such as --out links.csv.")
    settings = options.settings_from(flags)
    with Display(settings) as display:
        try:
            summary = export_links(from_type, to_type, out, settings, ids=ids, on_event=display)
        except ImporterError as error:
            display.log_error(error)
            return exit_code(error)
        if summary.file is None:
            where = f" They are listed in {summary.unread_file}." if summary.unread_file else ""
            display(
                Notice(f"{summary.message}{where} No file was written, as it would not be complete.", is_warning=True)
            )
    if as_json:
        click.echo(summary.as_json())
    elif summary.file is not None and not settings.quiet:
        show(f"{summary.links:,} links of {summary.records:,} records: {summary.file}")
    return summary.exit_code


@cli.command()
@click.argument("file")
@options.reading
@options.sending
@options.the_run
@options.fresh
@options.removal
@options.output
def unlink(file: str, fresh: bool, yes: int | None, **flags: Any) -> int:
    """Remove the links of the pairs of FILE.

    First reads which of them are linked, then asks to type their number (or takes --yes N) before removing any. The
    results have the association types that were there; importer run RESULTS links the pairs again.
    """
    return _run(flags, partial(unlink_file, file, fresh=fresh, confirmation=confirmation(yes)))


@cli.command()
@click.argument("run_id")
@options.sending
@options.the_run
@options.fresh
@options.output
def undo(run_id: str, fresh: bool, **flags: Any) -> int:
    """Restore what the run RUN_ID has changed.

    Only pairs that still are what the run left are restored; all others are left alone and reported.
    """
    return _run(flags, partial(undo_run, run_id, fresh=fresh))


@cli.command()
@options.state_dir
@options.as_json
def runs(as_json: bool, **flags: Any) -> int:
    """List the runs, newest first."""
    settings = options.settings_from(flags)
    found = list_runs(settings)
    if as_json:
        click.echo(run_json(found))
    elif found:
        show(*map(run_line, found))
    else:
        show(f"There are no runs in {runs_directory(settings)}.")
    return ExitCode.OK


@cli.command("show")
@click.argument("run_id")
@options.state_dir
@options.as_json
def show_run(run_id: str, as_json: bool, **flags: Any) -> int:
    """Show the outcome of the run RUN_ID."""
    settings = options.settings_from(flags)
    with open_journal(settings, run_id) as journal:
        summary, info, account = last_summary(journal), journal.info, journal.account
    if as_json:
        click.echo(summary.as_json())
    else:
        show(*run_lines(info, account), "")
        show_summary(summary_table(summary))
    return ExitCode.OK


@cli.command()
@click.argument("run_id")
@options.state_dir
@options.out
@options.as_json
def report(run_id: str, out: Path | None, as_json: bool, **flags: Any) -> int:
    """Write the current results of the run RUN_ID to a file."""
    settings = options.settings_from(flags)
    with Display(settings) as display:
        summary = report_run(run_id, settings, out=out, on_event=display)
    if as_json:
        click.echo(summary.as_json())
    else:
        show_summary(summary_table(summary))
    return ExitCode.OK


@cli.command("help")
@click.argument("topic", required=False)
@click.pass_context
def help_command(ctx: click.Context, topic: str | None) -> int:
    """Explain a topic: results, columns, exit-codes, faults."""
    command = cli.get_command(ctx, topic) if topic else None
    if command is not None:
        click.echo(command.get_help(click.Context(command, ctx.parent, topic)))
    elif topic is None:
        click.echo(f"{cli.get_help(ctx.parent or ctx)}\n\nTopics for importer help: {', '.join(help_topics.TOPICS)}")
    elif topic in help_topics.TOPICS:
        click.echo(help_topics.text(topic))
    else:
        raise click.UsageError(f"There is no help topic {topic!r}. Topics: {', '.join(help_topics.TOPICS)}.", ctx)
    return ExitCode.OK
