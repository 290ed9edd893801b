"""The branches for Windows, taken here by hiding what Windows lacks: user ids, SIGHUP, signals of the event loop."""

import csv
import io
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pydantic import SecretStr

from importer.cli import streams
from importer.config import exposed_files, load_settings
from importer.hubspot import shared_rate_state
from importer.hubspot.access_tokens import FixedToken
from tests.support.package import PROJECT

AS_ON_WINDOWS = """
import asyncio, os, signal, sys
del os.getuid, signal.SIGHUP
def not_implemented(self, *arguments):
    raise NotImplementedError
for loop in (asyncio.AbstractEventLoop, asyncio.SelectorEventLoop):
    loop.add_signal_handler = loop.remove_signal_handler = not_implemented
import importer.cli
importer.cli.main()
"""


def start(folder: Path, rows: int) -> "subprocess.Popen[str]":
    """Start a run against the sandbox."""
    source = folder / "pairs.csv"
    source.write_text("Contact ID,Company ID\n" + "".join(f"{number},{number}\n" for number in range(1, rows + 1)))
    command = ["run", source, "--sandbox", "--state-dir", folder / "state"]
    return subprocess.Popen(
        [sys.executable, "-c", AS_ON_WINDOWS, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )


@pytest.mark.slow
def test_a_whole_run_works_without_user_ids_and_signals_of_the_event_loop(tmp_path: Path) -> None:
    process = start(tmp_path, rows=2)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    with (tmp_path / "pairs.sandbox.results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["import_status"] for row in csv.DictReader(file)] == ["linked", "linked"]


@pytest.mark.slow
def test_ctrl_c_ends_a_run_with_130_without_signals_of_the_event_loop(tmp_path: Path) -> None:
    process = start(tmp_path, rows=500)
    assert process.stderr
    while "127.0.0.1" not in (line := process.stderr.readline()):
        assert line, "the run ended before it sent anything"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_the_permissions_of_a_token_file_are_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    token.write_text("pat-na1-abc")
    token.chmod(0o644)
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    settings = load_settings({"token_file": str(token)})
    assert exposed_files(settings)
    monkeypatch.delattr("os.getuid")
    assert not exposed_files(settings)


def test_the_rate_is_shared_in_the_users_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_rate_state, "user_state_path", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delattr("os.getuid")
    with shared_rate_state.hold_rate("https://api.hubapi.com", FixedToken(SecretStr("token"), "the test"), None):
        assert [path.suffix for path in (tmp_path / "importer-rate-0").iterdir()] == [".lock"]


class _Console(io.RawIOBase):
    """A console as on Windows: without a file descriptor that accepts bytes."""

    def writable(self) -> bool:
        return True


def test_a_console_is_written_to_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BufferedWriter(_Console()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", console)
    streams.make_lenient()
    assert sys.stdout is console
    console.detach().detach()
