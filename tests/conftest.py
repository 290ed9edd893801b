"""Options of the test run, and sandboxes for tests: on their event loop, in a thread and in a separate process."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from importer.sandbox import Sandbox, SandboxOptions
from tests.support.errors import error_messages
from tests.support.simulated_time import LoopbackLoop
from tests.support.threads import served_in_thread

# Background jobs of a shell start with SIGINT ignored, which every process that a test starts would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Compiling the package and the tests takes longer than most of them. Where no bytecode may be written beside the source
# it is kept here, also by the processes that tests start.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent.parent / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the option -B has the same effect
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

# An example that takes long on a busy machine must not fail a property.
hypothesis.settings.register_profile("importer", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.load_profile("importer")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options for the chaos tests and the golden file."""
    parser.addoption("--chaos-pairs", type=int, default=1_000, metavar="N", help="pairs of each chaos test")
    parser.addoption("--chaos-seed", type=int, default=1, metavar="N", help="seed of its rows and faults")
    parser.addoption("--update-golden", action="store_true", help="update tests/golden")


def pytest_configure(config: pytest.Config) -> None:
    """Update the golden file of error messages if requested; try fewer examples in a run of the fast tests."""
    if "not slow" in config.getoption("markexpr"):
        hypothesis.settings.load_profile("quick")
    error_messages.is_updating = config.getoption("--update-golden")
    is_whole_suite = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if error_messages.is_updating and is_whole_suite and not hasattr(config, "workerinput"):
        error_messages.clear()


def pytest_unconfigure() -> None:
    """Write the golden file of error messages if requested."""
    if error_messages.is_updating:
        error_messages.save()


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests that are marked `simulated_time` on a loop that waits for no timer."""
    if item.get_closest_marker("simulated_time"):
        return {"simulated": LoopbackLoop}
    return {"real": asyncio.new_event_loop}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with the default options on the test's own event loop."""
    async with Sandbox() as running:
        yield running


@dataclass(frozen=True, slots=True)
class SandboxProcess:
    """A sandbox outside of the test's own event loop, for tests that run the importer as a command."""

    url: str

    def state(self, *, summary: bool = False) -> dict[str, Any]:
        """Return the response of `/sandbox/state`."""
        return self._request(f"/sandbox/state?summary={int(summary)}", None)

    def change(self, what: str, **body: Any) -> dict[str, Any]:
        """Change `records`, `associations` or `faults` (bodies: see `importer.sandbox.control`); return the counts."""
        return self._request(f"/sandbox/{what}", json.dumps(body).encode())

    def _request(self, path: str, body: bytes | None) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, body, timeout=60) as response:
            parsed: dict[str, Any] = json.load(response)
        return parsed


@contextmanager
def sandbox_thread(options: SandboxOptions | None = None, *, port: int = 0) -> Iterator[SandboxProcess]:
    """Run a sandbox in a thread of this process for the duration of the block."""
    with served_in_thread(lambda: Sandbox(options, port=port)) as sandbox:
        yield SandboxProcess(sandbox.url)


@contextmanager
def sandbox_process(options: SandboxOptions | None = None, *, port: int = 0) -> Iterator[SandboxProcess]:
    """Run a sandbox in a separate process for the duration of the block."""
    command = [sys.executable, "-m", "importer.sandbox", "--port", str(port), *_arguments(options or SandboxOptions())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            url = re.search(r"http://\S+", line)
            assert url, f"the sandbox did not start: {line!r}"
            yield SandboxProcess(url[0])
        finally:
            process.terminate()


def _arguments(options: SandboxOptions) -> Iterator[str]:
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name != "faults" and value is not None:
            yield f"--{field.name.replace('_', '-')}={value}"
    for fault in options.faults:
        yield f"--fault={fault.text}"
