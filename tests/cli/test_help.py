"""`importer help`: one text for each topic, complete and narrow enough for any terminal."""

import click
import pytest

from importer.cli.commands import cli
from importer.cli.help_topics import COLUMNS, EXIT_CODES, STATUSES, TOPICS, WIDTH, text
from importer.exit_codes import ExitCode
from importer.model import PREVIOUS_RESULT_COLUMNS, RESULT_COLUMNS, Status
from importer.sandbox import FAULTS
from tests.support.command_line import Workplace


def test_every_status_column_exit_code_and_fault_is_explained() -> None:
    assert list(STATUSES) == list(Status)
    assert list(COLUMNS)[: len(RESULT_COLUMNS)] == list(RESULT_COLUMNS)
    assert set(COLUMNS) == PREVIOUS_RESULT_COLUMNS
    assert list(EXIT_CODES) == list(ExitCode)
    faults = text("faults")
    assert all(f"\n  {name} " in faults for name in FAULTS)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "faults"])
def test_a_topic_fits_a_terminal_of_80_columns(topic: str) -> None:
    assert max(map(len, text(topic).splitlines())) <= WIDTH


@pytest.mark.parametrize("name", [*cli.list_commands(click.Context(cli)), ""])
def test_the_options_of_a_command_fit_a_terminal_of_80_columns(name: str) -> None:
    command = cli.get_command(click.Context(cli), name) if name else cli
    assert command is not None
    context = click.Context(
        command, info_name=f"importer {name}", terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )
    usage = command.get_help(context).split("NAME=SPEC, where")[0]
    assert max(map(len, usage.splitlines())) <= WIDTH


LINKING = {"--engine", "--label-mode", "--no-read-first"}


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("check", {"--report", "--yes"}),
        ("export", {"--report", "--workers", "--batch-rate", *LINKING}),
        ("undo", {"--yes", "--allow-deleting-leads", *LINKING}),
    ],
)
def test_a_command_offers_only_options_that_have_an_effect(name: str, absent: set[str]) -> None:
    command, run = (cli.get_command(click.Context(cli), one) for one in (name, "run"))
    assert command is not None
    assert run is not None
    assert not absent & options_of(command)
    assert {"--report", "--workers", "--batch-rate", "--allow-deleting-leads", *LINKING} <= options_of(run)


@pytest.mark.parametrize("name", ["unlink", "verify"])
def test_the_command_line_of_a_run_also_removes_or_verifies_its_links(name: str) -> None:
    command, run = (cli.get_command(click.Context(cli), one) for one in (name, "run"))
    assert command is not None
    assert run is not None
    assert options_of(run) - {"--fresh", "--allow-deleting-leads"} <= options_of(command)


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_the_help_of_unlink_does_not_promise_to_set_labels(work: Workplace) -> None:
    help_text = " ".join(work.here("help", "unlink").out.split())
    assert "Give every pair" not in help_text
    assert "unlink removes only this label" in help_text


def test_help_prints_a_topic_a_command_or_an_overview(work: Workplace) -> None:
    assert work.here("help", "exit-codes").out == text("exit-codes") + "\n"
    assert work.here("help", "run").out == work.here("run", "--help").out
    overview = work.here("help")
    assert overview.code == 0
    assert overview.out.startswith(work.here("--help").out)
    assert all(topic in overview.out for topic in TOPICS)


def test_an_unknown_topic_is_a_usage_error(work: Workplace) -> None:
    done = work.here("help", "nothing")
    assert (done.code, done.error_code) == (2, "USAGE")
