"""The branches for Windows, taken here by hiding what Windows lacks: user ids, SIGHUP, signals of the event loop."""

import csv
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from importer.cli import streams
from importer.config import load_settings, token_file_is_exposed
from importer.hubspot import shared_rate_state
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


def test_a_whole_run_works_without_user_ids_and_signals_of_the_event_loop(tmp_path: Path) -> None:
    source = tmp_path / "pairs.csv"
    source.write_text("Contact ID,Company ID\n1,2\n3,4\n", encoding="utf-8")
    command = ["run", source, "--sandbox", "--state-dir", tmp_path / "state", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS, *map(str, command)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with (tmp_path / "pairs.sandbox.results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["import_status"] for row in csv.DictReader(file)] == ["linked", "linked"]


def test_the_permissions_of_a_token_file_are_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    token.write_text("pat-na1-abc")
    token.chmod(0o644)
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    settings = load_settings({"token_file": str(token)})
    assert token_file_is_exposed(settings)
    monkeypatch.delattr("os.getuid")
    assert not token_file_is_exposed(settings)


def test_the_rate_is_shared_in_the_users_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_rate_state, "user_state_path", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delattr("os.getuid")
    assert shared_rate_state._directory() == tmp_path / "importer-rate-0"
    assert (tmp_path / "importer-rate-0").is_dir()


class _Console(io.RawIOBase):
    """A console as Windows has it: no file descriptor that takes bytes."""

    def writable(self) -> bool:
        return True


def test_a_console_is_written_to_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BufferedWriter(_Console()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", console)
    streams.make_lenient()
    assert sys.stdout is console
    console.detach().detach()
