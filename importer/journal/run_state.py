"""The state of a run as a whole: its account, and when its processes begin and end."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from importer.errors import ConfirmationError, ImporterError, JournalError
from importer.journal import integrity
from importer.journal.activity import begin_process, end_process
from importer.journal.goals import LabelKey
from importer.journal.journal_file import FINAL_COUNTS, LAST_ERROR, OPEN, JournalFile
from importer.journal.records import Account, MergedRecord, RunError
from importer.journal.schema import OUTCOME_COUNTS
from importer.journal.serialization import account, status_of
from importer.journal.sqlite_errors import as_journal_error
from importer.journal.writer import delete_summary, set_value
from importer.model import Status

_TOUCHED = f"""
SELECT 1 WHERE EXISTS (SELECT 1 FROM in_flight) OR EXISTS (SELECT 1 FROM outcomes WHERE status <> '{Status.NOT_SENT}')
"""


class RunState(JournalFile):
    """The values of the table `run` that change: account, begin, end, error, summary and undo."""

    @property
    def summary(self) -> dict[str, Any] | None:
        """The summary of the last process on this run; None while it runs or if it was killed."""
        found: dict[str, Any] | None = self._value("summary")
        return found

    @property
    def is_finished(self) -> bool:
        """True if nothing is left to send: the last process ended with the status `finished`."""
        return self.summary is not None and self.summary["status"] == "finished"

    @property
    def undone_by(self) -> str | None:
        """The run id of the latest undo of this run, None if there is none."""
        found: str | None = self._value("undone_by")
        return found

    def set_undone_by(self, run_id: str) -> None:
        """Record the undo of this run, which closes it."""
        with self._transaction() as db:
            set_value(db, "undone_by", run_id)

    @property
    def follows(self) -> str | None:
        """The run over an earlier version of the source that is to be finished before this one, if any."""
        found: str | None = self._value("follows")
        return found

    def set_follows(self, run_id: str) -> None:
        """Record the run to be finished before this one."""
        with self._transaction() as db:
            set_value(db, "follows", run_id)

    @property
    def is_resumable(self) -> bool:
        """True if something may be left to send. A run that was undone is closed: its outcomes no longer hold."""
        return not self.is_finished and self.undone_by is None

    @property
    def account(self) -> Account | None:
        """The account that the run belongs to; None before anything was sent."""
        found = self._value("account")
        with as_journal_error(self.path):
            return None if found is None else account(found)

    @property
    def url_portals(self) -> tuple[str, ...]:
        """The account ids in the record URLs of the source."""
        return tuple(self._value("url_portals") or ())

    @property
    def merged(self) -> list[MergedRecord]:
        """The records found by a value that may come from a record merged into them."""
        found = self._value("merged") or ()
        return [MergedRecord(**{**values, "merged": tuple(values["merged"])}) for values in found]

    def set_merged(self, found: Sequence[MergedRecord]) -> None:
        """Record what `merged` returns."""
        with self._transaction() as db:
            set_value(db, "merged", [asdict(one) for one in found])

    @property
    def removal(self) -> str | None:
        """The run whose removed links this one restores from its results; "" if not known, None if there is none."""
        found = self._value("removal")
        return None if found is None else str(found)

    def set_removal(self, run_id: str) -> None:
        """Record what `removal` returns."""
        with self._transaction() as db:
            set_value(db, "removal", run_id)

    def set_account(self, found: Account) -> None:
        """Record the account that the run belongs to."""
        with self._transaction() as db:
            set_value(db, "account", asdict(found))

    @property
    def label_names(self) -> dict[LabelKey, str]:
        """The names of labels by from type, to type and association type, as far as they were recorded."""
        found = self._value("label_names") or ()
        return {(from_type, to_type, kind): name for from_type, to_type, kind, name in found}

    def set_label_names(self, names: Mapping[LabelKey, str]) -> None:
        """Record what `label_names` returns."""
        with self._transaction() as db:
            set_value(db, "label_names", [[*key, name] for key, name in names.items()])

    @property
    def clock_difference(self) -> int:
        """How many seconds HubSpot's clock was ahead of ours when the last process received its first outcome."""
        return int(self._value("clock_difference") or 0)

    def set_clock_difference(self, seconds: int) -> None:
        """Record what `clock_difference` returns."""
        with self._transaction() as db:
            set_value(db, "clock_difference", seconds)

    @property
    def confirmed(self) -> int:
        """The number of links that the user has agreed to remove, 0 if not asked yet."""
        return int(self._value("confirmed") or 0)

    def set_confirmed(self, number: int) -> None:
        """Record the number of links that the user has agreed to remove."""
        with self._transaction() as db:
            set_value(db, "confirmed", number)

    def begin(self) -> bool:
        """Record that a process begins; return True if one has before. The run is unfinished until `end` is called."""
        is_resumed = self._value("started") is not None
        with self._transaction() as db:
            delete_summary(db)
            set_value(db, "started", True)
            set_value(db, OPEN, True)
            begin_process(db)
        with suppress(sqlite3.Error):
            # Write this to the file itself, so that the next process notices if the log with all outcomes is deleted.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return is_resumed

    @property
    def final_counts(self) -> dict[Status, int] | None:
        """How many distinct pairs had each status when the last process ended; None while it runs or if it was killed.

        They are stored because counting a million pairs takes too long for someone waiting for a page.
        """
        found = self._value(FINAL_COUNTS)
        with as_journal_error(self.path):
            return None if found is None else {status_of(status): number for status, number in found.items()}

    def end(self, summary: dict[str, Any]) -> None:
        """Record how the process ended."""
        with self._transaction() as db:
            set_value(db, FINAL_COUNTS, dict(db.execute(OUTCOME_COUNTS).fetchall()))
            set_value(db, "summary", summary)
            end_process(db, str(summary.get("stopped_by") or summary["status"]))
            db.execute("DELETE FROM run WHERE key = ?", (OPEN,))

    @property
    def last_error(self) -> RunError | None:
        """The error that ended the last process; None while one works, or if it ended with a summary or was killed."""
        found = self._value(LAST_ERROR)
        return None if found is None else RunError(**found)

    @contextmanager
    def recording_error(self) -> Iterator[None]:
        """Record an error that ends the process within the block. A removal that nobody confirmed is not an error."""
        try:
            yield
        except ConfirmationError:
            raise
        except ImporterError as error:
            with suppress(JournalError):  # the error itself may be that this file cannot be written
                self._record_error(RunError(error.code, str(error)))
            raise

    def _record_error(self, error: RunError) -> None:
        with self._transaction() as db:
            set_value(db, LAST_ERROR, asdict(error))
            end_process(db, error.code)

    @property
    def has_sent_nothing(self) -> bool:
        """True if no pair is in flight and none has an outcome, so that HubSpot cannot have changed anything."""
        with as_journal_error(self.path):
            return self._db.execute(_TOUCHED).fetchone() is None

    @property
    def notifications(self) -> list[dict[str, str]]:
        """The notifications about the run, in order: target, time, and error (empty: delivered)."""
        return list(self._value("notifications") or ())

    def add_notifications(self, deliveries: list[dict[str, str]]) -> None:
        """Record notifications about the run."""
        found = [*self.notifications, *deliveries]
        with self._transaction() as db:
            set_value(db, "notifications", found)

    def _value(self, key: str) -> Any:
        """Return the value of a key of the table `run`, None if it is missing."""
        with as_journal_error(self.path):
            text = integrity.read_run(self._db).get(key)
            return None if text is None else json.loads(text)
