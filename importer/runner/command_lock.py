"""One process at a time works on a command: the same source, reading and target with the same token."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import SecretStr

from importer.config import Settings
from importer.errors import BusyError
from importer.journal import RunInfo
from importer.runner.events import EventHandler, Notice
from importer.runner.store import NO_FILES

_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True, slots=True)
class Command:
    """A command that this process alone works on; `waited_for` is the run of the process that it had to wait for."""

    _note: Path
    waited_for: str | None

    def note(self, run_id: str) -> None:
        """Leave the id of the run that this process works on to the ones that wait. Raises OSError."""
        self._note.write_text(run_id, encoding="ascii")


def identify(source: str, sha256: str, reading: dict[str, Any], target: str, parent: str | None = None) -> list[Any]:
    """Return what makes a command; a source without a name of its own is known by the hash of its content."""
    return [source, sha256 if source in NO_FILES else "", reading, target, parent]


def command_of(info: RunInfo) -> list[Any]:
    """Return what makes the command of a run, as `identify`."""
    return identify(info.source, info.source_sha256, info.reading, info.target, info.parent)


@contextmanager
def hold_command(settings: Settings, what: list[Any], token: SecretStr, watch: EventHandler) -> Iterator[Command]:
    """Hold a command, as `identify` describes it, for the time of the block.

    Waits until another process that holds it ends, after a notice; with `no_wait` raises BusyError instead. Raises
    OSError when the lock cannot be used.
    """
    directory = settings.state_path / "commands"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps([what, token.get_secret_value()], sort_keys=True)
    note = directory / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.run"
    lock = FileLock(note.with_suffix(".lock"), mode=0o600)
    waited_for = None
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if settings.no_wait:
            raise BusyError(
                "Another process is working on the same import: wait until it ends, or run without --no-wait."
            ) from None
        watch(Notice("Another process is working on the same import: waiting until it ends."))
        lock.acquire(poll_interval=_SECONDS_BETWEEN_LOOKS)
        with suppress(FileNotFoundError):  # it ended before it had a run
            waited_for = note.read_text(encoding="ascii")
    try:
        note.unlink(missing_ok=True)
        yield Command(note, waited_for)
    finally:
        lock.release()
