"""A lock per command, so that only one process at a time works on the same source, reading, target and token."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from importer.errors import BusyError
from importer.journal import RunInfo
from importer.model import Operation
from importer.runner.context import RunContext
from importer.runner.source_file import UNNAMED_SOURCES
from importer.runner.state_directory import commands_directory

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Command:
    """A command whose lock this process holds; `waited_for` is the run that it had to wait for, if any.

    `identity` is what `identify` returns.
    """

    identity: list[Any]
    _run_file: Path
    waited_for: str | None

    def note(self, run_id: str) -> None:
        """Store the id of the run that this process works on, for processes that wait. Raises OSError."""
        self._run_file.write_text(run_id, encoding="ascii")


def identify(
    source: str,
    sha256: str,
    reading: dict[str, Any],
    target: str,
    parent: str | None = None,
    operation: Operation = Operation.LINK,
) -> list[Any]:
    """Return the identity of a command as JSON values; an unnamed source is identified by the hash of its content."""
    return [source, sha256 if source in UNNAMED_SOURCES else "", reading, target, parent, operation]


def command_of(info: RunInfo) -> list[Any]:
    """Return the identity of the command of a run, as `identify` does."""
    return identify(info.source, info.source_sha256, info.reading, info.target, info.parent, info.operation)


@contextmanager
def hold_command(context: RunContext, command_id: list[Any]) -> Iterator[Command]:
    """Hold the lock of a command.

    If another process holds it, report that and wait until the process ends; with `no_wait`, raise BusyError instead.
    Raises OSError if the lock cannot be used.
    """
    directory = commands_directory(context.settings)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps([command_id, context.token.name], sort_keys=True)
    run_file = directory / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.run"
    lock = FileLock(run_file.with_suffix(".lock"), mode=0o600)
    waited_for = None
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if context.settings.no_wait:
            message = "Another process is working on the same import. Wait until it ends, or run without --no-wait."
            raise BusyError("COMMAND_BUSY", message) from None
        context.notify("Another process is working on the same import: waiting until it ends.")
        lock.acquire(poll_interval=_POLL_SECONDS)
        with suppress(FileNotFoundError):  # the other process ended before it had a run
            waited_for = run_file.read_text(encoding="ascii")
    try:
        run_file.unlink(missing_ok=True)
        yield Command(command_id, run_file, waited_for)
    finally:
        lock.release()
