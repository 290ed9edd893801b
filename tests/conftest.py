"""Servers for the tests: the sandbox in this process, and in a process of its own."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import hypothesis
import pytest

from importer.sandbox import Sandbox, SandboxOptions
from tests.support.errors import error_messages

# A shell's background job begins with SIGINT ignored, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine must not fail a property because one example took long.
hypothesis.settings.register_profile("importer", deadline=None)
hypothesis.settings.load_profile("importer")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long and how wild the chaos test is."""
    parser.addoption("--chaos-pairs", type=int, default=1_000, metavar="N", help="pairs of each chaos test")
    parser.addoption("--chaos-seed", type=int, default=1, metavar="N", help="what decides its rows and faults")
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files (with -n 0)")


def pytest_configure(config: pytest.Config) -> None:
    """Let the golden file of error messages be rewritten when that is asked for."""
    error_messages.is_updating = config.getoption("--update-golden")


def pytest_unconfigure() -> None:
    """Write the golden file of error messages when that was asked for."""
    error_messages.save()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with the default options on the test's own event loop."""
    async with Sandbox() as running:
        yield running


@dataclass(frozen=True, slots=True)
class SandboxProcess:
    """A sandbox in another process, for tests that run or kill the importer in one of its own."""

    url: str
    pid: int

    def state(self, *, summary: bool = False) -> dict[str, Any]:
        """Return what `/sandbox/state` says."""
        return self._ask(f"/sandbox/state?summary={int(summary)}", None)

    def change(self, what: str, **body: Any) -> dict[str, Any]:
        """Change `records`, `associations` or `faults` (bodies: see `importer.sandbox.control`); return the counts."""
        return self._ask(f"/sandbox/{what}", json.dumps(body).encode())

    def _ask(self, path: str, body: bytes | None) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, body, timeout=60) as answer:
            parsed: dict[str, Any] = json.load(answer)
        return parsed


@contextmanager
def sandbox_process(options: SandboxOptions | None = None, *, port: int = 0) -> Iterator[SandboxProcess]:
    """Run a sandbox in a process of its own for the time of the block."""
    command = [sys.executable, "-m", "importer.sandbox", "--port", str(port), *_arguments(options or SandboxOptions())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            announced = process.stdout.readline()
            url = re.search(r"http://\S+", announced)
            assert url, f"the sandbox did not start: {announced!r}"
            yield SandboxProcess(url[0], process.pid)
        finally:
            process.terminate()


def _arguments(options: SandboxOptions) -> Iterator[str]:
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name != "faults" and value is not None:
            yield f"--{field.name.replace('_', '-')}={value}"
    for fault in options.faults:
        yield f"--fault={fault.text}"
