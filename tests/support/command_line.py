"""The importer as a command, in a separate directory and against a separate sandbox."""

import contextlib
import csv
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import importer.cli
from importer.sandbox import SandboxOptions
from tests.conftest import SandboxProcess, sandbox_thread

ROOT = Path(importer.__file__).parent.parent
TOKEN = "pat-na1-5ec2e7-0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"
FAST = SandboxOptions(token=TOKEN, limit=100_000, window=1.0)

UNKNOWN = 5_000_000
"""The sandbox has no records with this id or a higher one."""

Pairs = list[tuple[int, int]]

ERROR_LINE = re.compile(r"Error: (?P<message>.*) \[(?P<code>[A-Z0-9_]+)\]")


@dataclass(frozen=True, slots=True)
class Done:
    """A finished command: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object on standard output."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    @property
    def error(self) -> str:
        """The message of a command that failed with one line on standard error, without its code."""
        return self._error_line["message"]

    @property
    def error_code(self) -> str:
        """The code of the error that ended a command, from its last line of output."""
        return self._last_error["code"]

    @property
    def _error_line(self) -> dict[str, str]:
        (_,) = self.err.splitlines()
        assert self.out == "" or self.json["code"] == self._last_error["code"]
        return self._last_error

    @property
    def _last_error(self) -> dict[str, str]:
        line = self.err.splitlines()[-1]
        found = ERROR_LINE.fullmatch(line)
        assert found, line
        return found.groupdict()


@dataclass(frozen=True, slots=True)
class Workplace:
    """A directory in which the importer works on files. Its output and its files must not contain the token."""

    folder: Path
    hubspot: SandboxProcess
    base: int
    environment: dict[str, str] = field(default_factory=dict)

    # ---- the importer

    def run(self, *arguments: object, stdin: bytes | None = None, **variables: str) -> Done:
        """Run the importer with these arguments in a process and wait for its end."""
        done = subprocess.run(
            self._command(arguments),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            cwd=self.folder,
            env={**self.environment, **variables},
            timeout=60,
            check=False,
        )
        return _checked(done.returncode, done.stdout, done.stderr)

    def here(self, *arguments: object, **variables: str) -> Done:
        """Run the importer in this process, which is faster."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, {**self.environment, **variables}, clear=True),
            mock.patch.object(sys, "argv", ["importer", *map(str, arguments)]),
            mock.patch.object(tempfile, "tempdir", {**self.environment, **variables}["TMPDIR"]),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            _restored_handler(signal.SIGTERM),
            _restored_handler(signal.SIGHUP),
            pytest.raises(SystemExit) as end,
        ):
            importer.cli.main()
        assert isinstance(end.value.code, int)
        return _checked(end.value.code, out.getvalue().encode(), err.getvalue().encode())

    def start(
        self, *arguments: object, stdin: int = subprocess.DEVNULL, stderr: int = subprocess.PIPE, **variables: str
    ) -> "Running":
        """Start the importer with these arguments in a process."""
        process = subprocess.Popen(
            self._command(arguments),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=self.folder,
            env={**self.environment, **variables},
        )
        return Running(process)

    @staticmethod
    def _command(arguments: Iterable[object]) -> list[str]:
        return [sys.executable, "-m", "importer", *map(str, arguments)]

    # ---- files

    def pairs(self, count: int, start: int = 0) -> Pairs:
        """Return pairs of records that no other test with this sandbox uses."""
        return [(self.base + start + n, 1 + n % 500) for n in range(count)]

    def write(self, name: str, pairs: Iterable[tuple[object, object]]) -> Path:
        """Write a CSV of contacts and companies."""
        path = self.folder / name
        lines = (f"{one},{other},note {number}" for number, (one, other) in enumerate(pairs, 2))
        path.write_text("\n".join(["Contact ID,Company ID,Note", *lines, ""]), encoding="utf-8")
        return path

    @property
    def journals(self) -> list[Path]:
        """The journals of the runs here, oldest first."""
        return sorted((self.folder / "state" / "runs").glob("*.sqlite"))

    # ---- HubSpot

    def asked(self) -> dict[tuple[int, int], int]:
        """Return how many times each pair of this test was requested."""
        return {ids: entry["times"] for ids, entry in self._mine("asked")}

    def links(self) -> set[tuple[int, int]]:
        """Return the pairs of this test that are linked."""
        return {ids for ids, _ in self._mine("associations")}

    def _mine(self, what: str) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
        for entry in self.hubspot.state()[what]:
            ids = int(entry["from"]["id"]), int(entry["to"]["id"])
            if self.base <= ids[0] % UNKNOWN < self.base + 5_000:
                yield ids, entry

    def calls(self) -> int:
        """Return the number of calls that the sandbox has counted for all tests."""
        return int(self.hubspot.state(summary=True)["counts"]["calls"])


@dataclass(frozen=True, slots=True)
class Running:
    """A running importer process."""

    process: "subprocess.Popen[bytes]"

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self) -> Done:
        """Wait for the process to end."""
        out, err = self.process.communicate(timeout=60)
        return _checked(self.process.returncode, out, err or b"")


@contextlib.contextmanager
def _restored_handler(number: signal.Signals) -> Iterator[None]:
    before = signal.getsignal(number)
    try:
        yield
    finally:
        signal.signal(number, before)


def _checked(code: int, out: bytes, err: bytes) -> Done:
    done = Done(code, out.decode(), err.decode())
    assert TOKEN not in done.out + done.err
    assert "Traceback" not in done.err, done.err
    return done


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll until the condition is true; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.01)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as dicts by header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def hubspot() -> Iterator[SandboxProcess]:
    """A fast sandbox with records for 200 workplaces."""
    with sandbox_thread(FAST) as running:
        yield running


_bases: defaultdict[str, Iterator[int]] = defaultdict(partial(itertools.count, 1_000, 5_000))
"""The first record of the next workplace, by sandbox URL."""


def workplace_in(folder: Path, hubspot: SandboxProcess) -> Workplace:
    """Return a workplace in this folder that sends to this sandbox, with its own state and rate."""
    system = {name: value for name, value in os.environ.items() if not name.startswith(("IMPORTER_", "HUBSPOT_"))}
    (folder / "tmp").mkdir()
    environment = {
        **system,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "TMPDIR": str(folder / "tmp"),
        "XDG_STATE_HOME": str(folder / "home"),
        "HUBSPOT_ACCESS_TOKEN": TOKEN,
        "IMPORTER_STATE_DIR": str(folder / "state"),
        "IMPORTER_BASE_URL": hubspot.url,
        "IMPORTER_RATE": "20000/1",
        "IMPORTER_BATCH_RATE": "20000/1",
    }
    return Workplace(folder, hubspot, next(_bases[hubspot.url]), environment)


@pytest.fixture
def work(tmp_path: Path, hubspot: SandboxProcess) -> Iterator[Workplace]:
    """A workplace; when the test ends, no file in it except `token` may contain the token."""
    workplace = workplace_in(tmp_path, hubspot)
    yield workplace
    for path in tmp_path.rglob("*"):
        assert not path.name.startswith(".importer-"), f"{path} was left behind"
        if path.is_file() and path.name != "token":
            assert TOKEN.encode() not in path.read_bytes(), f"{path} contains the token"
