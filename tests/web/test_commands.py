"""The command line that is equivalent to a run of the page."""

import shlex
from dataclasses import replace

import click
import pytest

from importer.cli.commands import cli
from importer.config import Reading, Settings
from importer.model import Operation, Role
from importer.runner.new_run import reading_values
from importer.web.commands import arguments, command_values
from importer.web.session import Launch
from tests.support.journals import INFO

READING = Reading(
    from_object_type="deals",
    to_object_type="2-123",
    from_by="email",
    to_by="domain",
    columns={Role.FROM_OBJECT_ID: "Deal's ID", Role.LABEL: "#4"},
    sheet="Sheet 2",
    delimiter=";",
    encoding="cp1252",
    limit=7,
    header_row=3,
    allow_blank=True,
    visible_rows_only=True,
    portal_id=123,
    labels=("Decision maker", "USER_DEFINED:7"),
)

LAUNCH = Launch(Settings())


def test_every_choice_is_in_the_command_line_and_is_understood_by_it() -> None:
    info = replace(INFO, source="/x/web/imports/1/file/my pairs.csv", reading=reading_values(READING), target="sandbox")
    info = replace(info, settings={"label_mode": "replace"})
    name, *rest = arguments(info)[1:]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    given = command.make_context(name, list(rest)).params
    assert (given["file"], given["from_object_type"], given["to_by"]) == ("my pairs.csv", "deals", "domain")
    assert set(given["columns"]) == {"from_object_id=Deal's ID", "label=#4"}
    assert (given["labels"], given["label_mode"]) == (("Decision maker", "USER_DEFINED:7"), "replace")
    assert (given["sheet"], given["delimiter"], given["encoding"]) == ("Sheet 2", ";", "cp1252")
    assert (given["limit"], given["header_row"], given["portal_id"]) == ("7", "3", "123")
    assert given["allow_blank"]
    assert given["visible_rows_only"]
    assert given["sandbox"]


def test_the_command_line_can_be_pasted_into_a_shell_and_into_cron() -> None:
    values = command_values(replace(INFO, source="/x/a b.csv", reading=reading_values(Reading())), LAUNCH)
    assert shlex.split(values["command"] or "") == ["importer", "run", "a b.csv"]
    assert values["cron"] is not None
    assert values["cron"].startswith("15 2 * * *  cd ")
    assert values["cron"].endswith("importer run 'a b.csv' --json")


@pytest.mark.parametrize(
    ("operation", "parent", "expected"),
    [
        (Operation.UNLINK, None, ["importer", "unlink", "pairs.csv"]),
        (Operation.UNDO, "R1", ["importer", "undo", "R1"]),
        (Operation.LINK, "R1", ["importer", "retry", "R1"]),
    ],
)
def test_operations_have_their_commands(operation: Operation, parent: str | None, expected: list[str]) -> None:
    info = replace(INFO, source="/x/pairs.csv", operation=operation, parent=parent, reading=reading_values(Reading()))
    info = replace(info, settings={"label_mode": "replace"} if operation is Operation.UNLINK else {})
    assert arguments(info) == expected


def test_the_command_finds_the_runs_and_the_account_of_the_page() -> None:
    launch = Launch(Settings(), {"state_dir": "/my runs"}, "/etc/importer.toml", "acme")
    values = command_values(replace(INFO, source="/x/a.csv", reading=reading_values(Reading())), launch)
    assert values["command"] == ("importer run a.csv --state-dir '/my runs' --config /etc/importer.toml --profile acme")
    name, *rest = shlex.split(values["command"])[1:]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert str(command.make_context(name, rest).params["state_dir"]) == "/my runs"


@pytest.mark.parametrize(
    ("operation", "parent"), [(Operation.UNLINK, None), (Operation.UNDO, "R1"), (Operation.LINK, "R1")]
)
def test_only_a_file_that_is_linked_is_offered_to_cron(operation: Operation, parent: str | None) -> None:
    info = replace(INFO, operation=operation, parent=parent, reading=reading_values(Reading()))
    assert command_values(info, LAUNCH)["cron"] is None
