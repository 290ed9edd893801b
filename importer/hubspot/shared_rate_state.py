"""The rate of one token across the runs of this machine: one at a time, minding what the last left in the window."""

import asyncio
import hashlib
import json
import logging
import os
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import SecretStr

from importer.config import Rate, canonical_url, user_state_path
from importer.errors import BusyError, SettingsError
from importer.hubspot.rate_limiter import MARGIN, RateLimiter

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_NOTES = 1.0

_LONGEST_FLIGHT = 2.0
"""Seconds after a crash within which HubSpot still counts calls that were on their way."""

_SECONDS_BETWEEN_LOOKS = 0.2

_SECONDS_WORTH_A_NOTICE = 1.0


def _ignore(seconds: float) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class SharedRateState:
    """A file with the places that calls with one token hold in the rolling window, by the wall clock."""

    path: Path

    @asynccontextmanager
    async def keep(self, limiter: RateLimiter, on_full: Callable[[float], None] = _ignore) -> AsyncIterator[None]:
        """Let `pace` begin with the places that an earlier run still holds, and note its own for the next one.

        The note is renewed every second, so that after a crash the next run knows how long the window may be full.
        When no place is free for a second or more, `on_full` is called with the seconds until one is.
        """
        left = sorted(self._left(time.time(), limiter.rate))
        for seconds in left:
            limiter.reserve(seconds)
        if len(left) >= limiter.rate.calls and left[-limiter.rate.calls] >= _SECONDS_WORTH_A_NOTICE:
            on_full(left[-limiter.rate.calls])
        self._note(limiter, is_end=False)
        notes = asyncio.create_task(self._note_regularly(limiter))
        try:
            yield
        finally:
            notes.cancel()
            with suppress(asyncio.CancelledError):
                await notes
            self._note_if_possible(limiter, is_end=True)

    async def _note_regularly(self, limiter: RateLimiter) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_NOTES)
            self._note_if_possible(limiter, is_end=False)

    def _note_if_possible(self, limiter: RateLimiter, *, is_end: bool) -> None:
        """A disk that has become full must not end the run: the next one may be told to wait too short or too long."""
        try:
            self._note(limiter, is_end=is_end)
        except SettingsError as error:
            logger.warning("%s", error)

    def _note(self, limiter: RateLimiter, *, is_end: bool) -> None:
        now = time.time()
        note = {
            "is_end": is_end,
            "at": now,
            "calls": limiter.rate.calls,
            "seconds": limiter.rate.seconds,
            "ends": [now + seconds for seconds in limiter.slots_in_use()],
        }
        draft = self.path.with_suffix(".new")
        try:
            draft.write_text(json.dumps(note), encoding="ascii")
            draft.replace(self.path)
        except OSError as error:
            raise _unusable(self.path, error) from error

    def _left(self, now: float, rate: Rate) -> list[float]:
        """Seconds that each place of an earlier run is still held.

        All places are held for a full window after a crash, and after a run that kept a rate over a shorter window: it
        does not know how many calls it made in this one.
        """
        try:
            note: dict[str, Any] = json.loads(self.path.read_text(encoding="ascii"))
            window = max(float(note["seconds"]), rate.seconds) + MARGIN
            ends = [float(end) for end in note["ends"]]
            places = max(int(note["calls"]), len(ends), rate.calls)
            if not note["is_end"]:
                window += _SECONDS_BETWEEN_NOTES + _LONGEST_FLIGHT
                ends = [float(note["at"]) + window] * places
            elif note["seconds"] < rate.seconds:
                ends = [float(note["at"]) + window] * places
        except (OSError, ValueError, KeyError, TypeError):
            return []
        return [min(end - now, window) for end in ends if end > now]


@contextmanager
def hold_rate(base_url: str, token: SecretStr, wait: Callable[[], None] | None) -> Iterator[SharedRateState]:
    """The ledger of this token, for the one run on this machine that may send with it.

    When another run holds it, `wait` is called once and the other's end is awaited; without `wait` BusyError is raised.
    """
    account = f"{canonical_url(base_url)} {token.get_secret_value()}"
    path = _directory() / f"{hashlib.sha256(account.encode()).hexdigest()[:24]}.json"
    lock = FileLock(path.with_suffix(".lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if wait is None:
            raise BusyError(
                "Another run on this machine sends with the same token: wait until it ends, or run without --no-wait."
            ) from None
        wait()
        lock.acquire(poll_interval=_SECONDS_BETWEEN_LOOKS)
    try:
        yield SharedRateState(path)
    finally:
        lock.release()


def _directory() -> Path:
    """A directory of this user that all runs share, whatever their settings; it need not outlive a restart.

    Not the state directory: two runs with different ones still share the token's rate. Nor a directory that depends on
    TMPDIR: a shell, cron and a service each have their own. Without a usable home it is a fixed one below /tmp.
    """
    home = user_state_path()
    if home is not None:
        directory = home / "rate"
        with suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.access(directory, os.W_OK | os.X_OK):
                return directory
    user = os.getuid() if hasattr(os, "getuid") else None  # Windows, whose temporary directory is the user's own
    directory = Path(tempfile.gettempdir() if user is None else "/tmp") / f"importer-rate-{user or 0}"  # noqa: S108
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unusable(directory, error) from error
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != user):
        raise BusyError(f"{directory} belongs to someone else: remove it, or give this user a home directory.")
    return directory


def _unusable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"{path}, where runs note the calls they made, cannot be written: {error.strerror}. "
        "Free some space, or make it writable."
    )
