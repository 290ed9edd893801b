"""The commands: arguments in, exit code out."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import click

from importer.cli import help_topics, options
from importer.cli.check_report import check_json, check_lines
from importer.cli.confirm import confirmation
from importer.cli.ending import execute
from importer.cli.output import show, show_summary
from importer.cli.run_commands import report, runs, show_run
from importer.config import load_notify_settings
from importer.exit_codes import ExitCode
from importer.reporter import Summary, summary_table
from importer.runner.check import check_file
from importer.runner.resume import resume_run
from importer.runner.retry import retry_run
from importer.runner.run import run_import, unlink_file
from importer.runner.subject import subject_of
from importer.runner.undo import undo_run
from importer.runner.verify import verify_file
from importer.runner.wrong_settings import notify_of_wrong_settings

_SETTINGS = {"show_default": False, "max_content_width": 80, "help_option_names": ["-h", "--help"]}


_MODULES = {
    "export": "importer.cli.export_command",
    "sandbox": "importer.cli.sandbox_command",
    "web": "importer.cli.web_command",
}
"""Commands that are imported only when used, because their dependencies would slow down the start of all others."""


class _Commands(click.Group):
    """The commands, including those of `_MODULES`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_MODULES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _MODULES:
            command: click.Command = getattr(import_module(_MODULES[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(package_name="importer")
def cli() -> None:
    """Link HubSpot records in bulk from a spreadsheet of record pairs."""


def _run(flags: dict[str, Any], given: str, work: Callable[..., Summary], *, heartbeat: bool = True) -> int:
    """Execute a command that calls HubSpot about a file or a run, print its summary and return its exit code.

    Wrong settings are notified, with `heartbeat` to its monitor too.
    """
    out = flags.pop("out")
    targets = partial(load_notify_settings, {"sandbox": flags.get("sandbox")}, flags["config"], flags["profile"])
    return execute(
        flags,
        subject_of(given),
        lambda settings, display: work(settings, out=out, on_event=display),
        Summary.as_json,
        lambda summary: show_summary("\n\n".join(map(summary_table, (*summary.earlier_runs, summary)))),
        lambda error: notify_of_wrong_settings(error, given, targets(), heartbeat=heartbeat),
    )


@cli.command()
@click.argument("file")
@options.reading
@options.linking
@options.the_run
@options.fresh
@options.allow_deleting_leads
@options.output
def run(file: str, fresh: bool, **flags: Any) -> int:
    """Link the pairs of FILE and write a result for each row.

    FILE is a CSV, XLSX, XLS or ODS file; - is standard input. After an interruption, the same command resumes the run.
    """
    return _run(flags, file, partial(run_import, file, fresh=fresh))


@cli.command()
@click.argument("run_id")
@options.linking
@options.the_run
@options.yes
@options.allow_deleting_leads
@options.output
def resume(run_id: str, yes: int | None, **flags: Any) -> int:
    """Resume the unfinished run RUN_ID; its file is not needed."""
    return _run(flags, run_id, partial(resume_run, run_id, confirmation=confirmation(yes)))


@cli.command()
@click.argument("run_or_results", metavar="RUN_ID|RESULTS_FILE")
@options.reading
@options.linking
@options.the_run
@options.fresh
@options.yes
@options.allow_deleting_leads
@options.output
def retry(run_or_results: str, fresh: bool, yes: int | None, **flags: Any) -> int:
    """Start a new run over the rows that are not linked.

    For a run: its failed, unconfirmed and not_sent rows. For a results file, which may have been corrected: its invalid
    rows too. The options for reading are used only for results files of runs that are not known here.
    """
    return _run(flags, run_or_results, partial(retry_run, run_or_results, fresh=fresh, confirmation=confirmation(yes)))


@cli.command()
@click.argument("file")
@options.reading
@options.linking
@options.the_run
@options.allow_deleting_leads
@options.output_without_report
@options.online
def check(file: str, online: bool, **flags: Any) -> int:
    """Report every problem of FILE and the cost of a run.

    Changes nothing in HubSpot. Makes calls and needs a token only to look up records (--from-by, --to-by) and with
    --online, which also reports which labels exist, which pairs are already linked, for which records the Primary label
    would move, which pairs would lose labels (--label-mode replace), and which records would have too many links.
    """
    out, subject = flags.pop("out"), subject_of(file)
    return execute(
        flags,
        subject,
        lambda settings, display: check_file(file, settings, out=out, on_event=display, online=online),
        lambda found: check_json(found, subject),
        lambda found: show(*check_lines(found)),
    )


@cli.command()
@click.argument("file")
@options.reading
@options.linking
@options.the_run
@options.output
def verify(file: str, **flags: Any) -> int:
    """Read back which pairs of FILE are linked; send nothing.

    Takes the same options as run, so its command line can be reused; the options for sending have no effect.
    """
    return _run(flags, file, partial(verify_file, file), heartbeat=False)


@cli.command()
@click.argument("file")
@options.reading
@options.linking
@options.the_run
@options.fresh
@options.yes
@options.allow_deleting_leads
@options.output
def unlink(file: str, fresh: bool, yes: int | None, **flags: Any) -> int:
    """Remove the links of the pairs of FILE, or only labels.

    With --label or a label column, only these labels are removed; the links remain (--map label= ignores the labels of
    the file, such as an export, and removes the links). The current links are read first;
    before any is removed, you are asked to type their number (or give --yes N). A link or label that rows name from
    both sides counts once. The results have the earlier association types; importer run RESULTS restores them. Takes
    the same options as run; --engine, --label-mode and --no-read-first have no effect.
    """
    return _run(flags, file, partial(unlink_file, file, fresh=fresh, confirmation=confirmation(yes)))


@cli.command()
@click.argument("run_id")
@options.removing
@options.the_run
@options.fresh
@options.output
def undo(run_id: str, fresh: bool, **flags: Any) -> int:
    """Restore what the run RUN_ID has changed.

    Only pairs that nobody has changed since are restored; all others are left alone and reported.
    """
    return _run(flags, run_id, partial(undo_run, run_id, fresh=fresh))


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


for command in (runs, show_run, report):
    cli.add_command(command)
