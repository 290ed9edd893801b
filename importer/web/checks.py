"""Checks of uploaded files, and corrections of their cells."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from importer.web.protocol import EventKind, JobKind, error_values
from importer.web.responses import RequestError
from importer.web.session import Session
from importer.web.store import Import, ImportStore
from importer.web.workers import Event, JobError, Workers

_DELAY = 0.4
"""Seconds between a correction and the check of the whole file; another correction restarts the wait."""


@dataclass(frozen=True, slots=True)
class CheckState:
    """The state of a file's check. `report` is that of the last completed check; it may be stale.

    `key` identifies what was checked: it changes with the corrections, the settings and the account.
    """

    state: str
    is_stale: bool
    is_online: bool
    report: Mapping[str, Any] | None
    error: Mapping[str, str] | None
    key: str | None

    @property
    def pairs(self) -> int | None:
        """The number of pairs that a run would send, None while it is not known."""
        if self.state != "done" or self.is_stale or self.report is None:
            return None
        return int(self.report["pairs"])


class Checks:
    """The checks of a server: at most one at a time for each file."""

    def __init__(self, workers: Workers, session: Session, store: ImportStore) -> None:
        """Start without any check."""
        self._workers = workers
        self._session = session
        self._store = store
        self._running: dict[str, asyncio.Task[None]] = {}
        self._rows_read: dict[str, int] = {}

    async def state(self, found: Import) -> CheckState:
        """Return the state of the check of a file."""
        stored = self._store.read(found.id, "check") or {}
        is_running = found.id in self._running
        report, error = stored.get("report"), stored.get("error")
        state = "running" if is_running else "failed" if error else "done" if report else "none"
        is_online = bool(stored.get("online"))
        is_stale = bool(stored) and stored.get("key") != await self._key(found, online=is_online)
        return CheckState(state, is_stale, is_online, report, error if not is_running else None, stored.get("key"))

    async def start(self, found: Import, *, online: bool, delay: float = 0.0) -> None:
        """Check a file in the background, replacing a check that is running."""
        running = self._running.pop(found.id, None)
        if running is not None:
            running.cancel()
        self._rows_read.pop(found.id, None)
        task = asyncio.create_task(self._check(found, online=online, delay=delay))
        self._running[found.id] = task
        task.add_done_callback(lambda done: self._forget(found.id, done))

    async def start_again(self, found: Import) -> None:
        """Check a corrected file after a short delay."""
        stored = self._store.read(found.id, "check") or {}
        await self.start(found, online=bool(stored.get("online")), delay=_DELAY)

    def rows_read(self, import_id: str) -> int | None:
        """Return how many rows the running check has read, None if that is not known."""
        return self._rows_read.get(import_id)

    async def flags(self, found: Import) -> dict[str, Any]:
        """Return the settings of an import, as flags of the command line."""
        account, _ = await self._session.account()
        portal_id = account["id"] if account is not None else None
        mode = {"label_mode": found.label_mode} if found.label_mode != "add" else {}
        return {**found.reading, **mode, **({"portal_id": portal_id} if portal_id is not None else {})}

    async def _check(self, found: Import, *, online: bool, delay: float) -> None:
        await asyncio.sleep(delay)
        key = await self._key(found, online=online)
        values = {
            "file": str(self._store.source(found)),
            "edits": found.edits,
            "journal": str(self._store.journal_of_check(found.id)),
            "online": online,
        }
        job = await self._session.job(JobKind.CHECK, values, await self.flags(found))
        try:
            result = {"report": await self._workers.run(job, partial(self._note_rows, found.id))}
        except JobError as error:
            result = {"error": error_values(error.code, str(error))}
        if self._running.get(found.id) is asyncio.current_task():
            with suppress(RequestError):  # the file was deleted meanwhile
                self._store.write(found.id, "check", {"key": key, "online": online, **result})

    async def _key(self, found: Import, *, online: bool) -> str:
        """Return a hash of everything that the result of a check depends on.

        An online check also depends on the latest run of the file, because that changes what is linked.
        """
        account, _ = await self._session.account()
        run_id = found.run_id if online else None
        values = [found.reading, found.edits, found.operation, self._session.mode, account and account["id"], run_id]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def _note_rows(self, import_id: str, kind: EventKind, event: Event) -> None:
        if kind is EventKind.ROWS_READ:
            self._rows_read[import_id] = int(event["rows"])

    def _forget(self, import_id: str, task: "asyncio.Task[None]") -> None:
        if self._running.get(import_id) is task:
            del self._running[import_id]
            self._rows_read.pop(import_id, None)
        if not task.cancelled():
            task.result()
