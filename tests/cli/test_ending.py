"""With --json, a command prints exactly one JSON object, however it ends."""

import json
import signal
import subprocess
from typing import Any

import click
import pytest

from importer.cli.ending import execute
from importer.config import Settings
from importer.errors import RunAbortedError, SourceError
from importer.exit_codes import ExitCode
from tests.support.command_line import Workplace, wait_until

SUBJECT = {"file": "/data/deals.csv"}
RUN = {"run_id": "20260504-030201-00000", "status": "stopped", "linked": 7}


def end_with(error: BaseException) -> int:
    """Execute a command that ends with an error, and return its exit code."""

    def work(settings: Settings, display: object) -> Any:
        raise error

    return execute({"as_json": True, "quiet": True}, SUBJECT, work, str, print)


@pytest.mark.parametrize(
    ("error", "values"),
    [
        (SourceError("FILE_NOT_FOUND", "It is gone."), {**SUBJECT, "status": "error", "exit_code": 2}),
        (RunAbortedError("DISK_FULL", "It is gone.", RUN), {**SUBJECT, **RUN, "exit_code": 3}),
    ],
    ids=["refused", "aborted"],
)
def test_an_error_is_printed_as_one_object(
    capsys: pytest.CaptureFixture[str], error: SourceError | RunAbortedError, values: dict[str, Any]
) -> None:
    assert end_with(error) == values["exit_code"]
    assert json.loads(capsys.readouterr().out) == {**values, "code": error.code, "message": "It is gone."}


@pytest.mark.parametrize(
    ("error", "values"),
    [
        (ZeroDivisionError("1/0"), {"status": "error", "code": "INTERNAL_ERROR", "exit_code": 70}),
        (KeyboardInterrupt(), {"status": "interrupted", "exit_code": 130}),
        (click.Abort(), {"status": "interrupted", "exit_code": 130}),
        (SystemExit(ExitCode.TERMINATED), {"status": "interrupted", "exit_code": 143}),
    ],
    ids=["bug", "Ctrl-C", "prompt", "SIGTERM"],
)
def test_what_ends_the_process_is_printed_as_one_object_and_raised(
    capsys: pytest.CaptureFixture[str], error: BaseException, values: dict[str, Any]
) -> None:
    with pytest.raises(type(error)):
        end_with(error)
    assert json.loads(capsys.readouterr().out) == {**SUBJECT, **values}


@pytest.mark.slow
def test_settings_that_are_refused_are_one_object(work: Workplace) -> None:
    done = work.here("run", "deals.csv", "--json", "--rate", "fast")
    assert (done.code, done.json["code"], done.json["file"]) == (2, done.error_code, str(work.folder / "deals.csv"))


@pytest.mark.slow
def test_a_signal_before_anything_is_sent_is_one_object(work: Workplace) -> None:
    running = work.start("run", "-", "--json", stdin=subprocess.PIPE)
    wait_until(lambda: any((work.folder / "state").rglob("stdin.csv")))
    running.send(signal.SIGTERM)
    done = running.end()
    assert (done.code, done.json) == (143, {"file": "<stdin>", "status": "interrupted", "exit_code": 143})
