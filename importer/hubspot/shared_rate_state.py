"""The rate limit of one token across the runs on this machine: persists the window so the next process honours it."""

import asyncio
import hashlib
import json
import logging
import os
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from importer.atomic_file import replace_text
from importer.config import Rate, canonical_url, user_state_path
from importer.errors import BusyError, SettingsError
from importer.hubspot.access_tokens import TokenSource
from importer.hubspot.rate_limiter import MARGIN, REMEMBERED_CALLS, REMEMBERED_SECONDS, RateLimiter

logger = logging.getLogger(__name__)

_SAVE_INTERVAL = 1.0

_MAX_SECONDS_IN_FLIGHT = 2.0
"""Seconds after a crash within which HubSpot may still receive calls that were in flight."""

_POLL_INTERVAL = 0.2

_MIN_SECONDS_TO_REPORT = 1.0


@dataclass(frozen=True, slots=True)
class FullWindow:
    """A rate limit that an earlier run has used up: no call is allowed for `seconds`.

    `is_certain` is False if it is not known how many calls that run made, so that they may be as many as allowed.
    """

    seconds: float
    rate: Rate
    is_certain: bool


def _ignore(window: FullWindow) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What earlier runs left: for how many seconds each slot is occupied, and the Unix times at which calls ended."""

    occupied: tuple[float, ...] = ()
    ended: tuple[float, ...] = ()
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class SharedRateState:
    """Files with the rate limiter slots that calls with one token occupy, in wall-clock time.

    All have the same content; there is one file for each name by which a run may know the token.
    """

    paths: tuple[Path, ...]

    @asynccontextmanager
    async def keep(self, limiter: RateLimiter, on_full: Callable[[FullWindow], None] = _ignore) -> AsyncIterator[None]:
        """Reserve the slots that an earlier run still occupies, and save those of `limiter` for the next run.

        They are saved every second, so that after a crash the next run knows how long the window may be full. If no
        slot is free for a second or more, `on_full` is called.
        """
        earlier = self._earlier(time.time(), limiter.rate)
        occupied = sorted(earlier.occupied)
        for seconds in occupied:
            limiter.reserve(seconds)
        if len(occupied) >= limiter.rate.calls and occupied[-limiter.rate.calls] >= _MIN_SECONDS_TO_REPORT:
            on_full(FullWindow(occupied[-limiter.rate.calls], limiter.rate, earlier.is_certain))
        self._save(limiter, earlier.ended, is_end=False)
        saving = asyncio.create_task(self._save_regularly(limiter, earlier.ended))
        try:
            yield
        finally:
            saving.cancel()
            with suppress(asyncio.CancelledError):
                await saving
            self._try_to_save(limiter, earlier.ended, is_end=True)

    async def _save_regularly(self, limiter: RateLimiter, ended: Sequence[float]) -> None:
        while True:
            await asyncio.sleep(_SAVE_INTERVAL)
            self._try_to_save(limiter, ended, is_end=False)

    def _try_to_save(self, limiter: RateLimiter, ended: Sequence[float], *, is_end: bool) -> None:
        """Save, or log a warning: a full disk must not end this run, even if the next one then waits wrongly."""
        try:
            self._save(limiter, ended, is_end=is_end)
        except SettingsError as error:
            logger.warning("%s", error)

    def _save(self, limiter: RateLimiter, ended: Sequence[float], *, is_end: bool) -> None:
        """Save the slots in use, and when the last calls ended; `ended` are those of earlier runs."""
        now = time.time()
        own = [now - ago for ago in limiter.last_calls()]
        state = {
            "is_end": is_end,
            "at": now,
            "calls": limiter.rate.calls,
            "seconds": limiter.rate.seconds,
            "ends": [now + seconds for seconds in limiter.slots_in_use()],
            "last": sorted([*own, *(at for at in ended if now - at < REMEMBERED_SECONDS)])[-REMEMBERED_CALLS:],
        }
        for path in self.paths:
            try:
                replace_text(path, json.dumps(state))
            except OSError as error:
                raise _not_writable(path, error) from error

    def _earlier(self, now: float, rate: Rate) -> _Earlier:
        """Return what earlier runs left, by the file with the most slots."""
        return max((_earlier(path, now, rate) for path in self.paths), key=lambda one: len(one.occupied))


def _earlier(path: Path, now: float, rate: Rate) -> _Earlier:
    """Return what an earlier run left for one with this rate.

    All slots are occupied for a full window after a crash, and after a run whose rate had a shorter window unless it
    remembers all calls of the longer one.
    """
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        window = max(float(state["seconds"]), rate.seconds) + MARGIN
        ends = [float(end) for end in state["ends"]]
        last = tuple(float(at) for at in state.get("last", ()))
        is_longer = state["seconds"] < rate.seconds
        are_remembered = "last" in state and rate.seconds <= REMEMBERED_SECONDS and len(last) < REMEMBERED_CALLS
        is_certain = bool(state["is_end"]) and (are_remembered or not is_longer)
        if not is_certain:
            window += 0.0 if state["is_end"] else _SAVE_INTERVAL + _MAX_SECONDS_IN_FLIGHT
            ends = [float(state["at"]) + window] * max(int(state["calls"]), len(ends), rate.calls)
        elif is_longer:
            ends = [at + window for at in last]
    except (OSError, ValueError, KeyError, TypeError):
        return _Earlier()
    return _Earlier(tuple(min(end - now, window) for end in ends if end > now), last, is_certain)


@contextmanager
def hold_rate(base_url: str, token: TokenSource, wait: Callable[[], None] | None) -> Iterator[SharedRateState]:
    """Lock the rate limit of this token for one run on this machine, and yield its shared state.

    A token that may be renewed is locked by its source and by its value. If another run holds a lock, call `wait` once
    and wait for that run's end; without `wait` raise BusyError.
    """
    keys = (f"{canonical_url(base_url)} {key}".encode() for key in (token.name, token.identity))
    names = sorted({hashlib.sha256(key).hexdigest()[:24] for key in keys})  # in one order, so that runs cannot deadlock
    paths = tuple(_directory() / f"{name}.json" for name in names)
    waiting = _once(wait) if wait is not None else None
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(_held(FileLock(path.with_suffix(".lock"), mode=0o600), waiting))
        yield SharedRateState(paths)


@contextmanager
def _held(lock: FileLock, wait: Callable[[], None] | None) -> Iterator[None]:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if wait is None:
            raise BusyError(
                "TOKEN_IN_USE",
                "Another run on this machine is sending with the same token: wait until it ends, or omit --no-wait.",
            ) from None
        wait()
        lock.acquire(poll_interval=_POLL_INTERVAL)
    try:
        yield
    finally:
        lock.release()


def _once(function: Callable[[], None]) -> Callable[[], None]:
    left = [function]

    def call() -> None:
        if left:
            left.pop()()

    return call


def _directory() -> Path:
    """Return a directory of this user that all runs share, whatever their settings; it need not survive a reboot.

    It is not the state directory, because two runs with different ones still share the token's rate. It does not depend
    on TMPDIR, which differs between a shell, cron and a service. Without a usable home directory, it is in /tmp.
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
        raise _not_writable(directory, error) from error
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != user):
        raise BusyError(
            "RATE_DIRECTORY_NOT_OWNED",
            f"{directory} belongs to another user: remove it, or give this user a home directory.",
        )
    return directory


def _not_writable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        "RATE_STATE_NOT_WRITABLE",
        f"{path}, where runs record the calls they made, cannot be written: {error.strerror}. "
        "Free some space, or make it writable.",
    )
