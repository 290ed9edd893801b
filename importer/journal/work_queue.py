"""The work queue of a run: pairs to send are claimed, and their outcomes are recorded."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import chain, islice
from sys import maxsize

from importer.journal.integrity import checksum
from importer.journal.journal_file import JournalFile
from importer.journal.records import Outcomes, PendingPair, Primaries, StateToRestore, Types
from importer.journal.schema import OUTCOME_COLUMNS, OUTCOME_COUNTS, unpack
from importer.journal.serialization import (
    PairRecord,
    current_outcome,
    outcome_of,
    outcome_values,
    pair_records,
    pending_pair,
    status_of,
)
from importer.journal.sqlite_errors import as_journal_error
from importer.journal.writer import delete_summary
from importer.model import ObjectType, Operation, Outcome, Pair, Status

_DUPLICATE_OR_FINAL = f"""
SELECT pair FROM duplicates WHERE pair BETWEEN :first AND :last
UNION ALL SELECT outcomes.pair FROM outcomes LEFT JOIN in_flight ON in_flight.pair = outcomes.pair
WHERE outcomes.pair BETWEEN :first AND :last AND status <> '{Status.NOT_SENT}' AND in_flight.pair IS NULL
"""

_STATES_OF_PENDING = f"""
SELECT in_flight.pair, in_flight.pair, {OUTCOME_COLUMNS}
FROM in_flight LEFT JOIN outcomes ON outcomes.pair = in_flight.pair
WHERE in_flight.pair BETWEEN :first AND :last
UNION ALL SELECT outcomes.pair, in_flight.pair, {OUTCOME_COLUMNS}
FROM outcomes LEFT JOIN in_flight ON in_flight.pair = outcomes.pair
WHERE outcomes.pair BETWEEN :first AND :last AND status = '{Status.NOT_SENT}' AND in_flight.pair IS NULL
"""

_WITH_STATUS = f"SELECT pair, {OUTCOME_COLUMNS} FROM outcomes WHERE pair > ? AND status = ? ORDER BY pair LIMIT ?"
_GOALS = "SELECT pair, types FROM goals WHERE pair BETWEEN ? AND ?"
_WITHOUT_TYPES_AFTER = f"""
SELECT pair, {OUTCOME_COLUMNS} FROM outcomes
WHERE pair > ? AND status IN ('{Status.LINKED}', '{Status.UNLINKED}')
    AND pair IN (SELECT pair FROM before) AND pair NOT IN (SELECT pair FROM after)
    AND (pair NOT IN (SELECT pair FROM sent) OR pair IN (SELECT pair FROM goals))
ORDER BY pair LIMIT ?
"""
_WITH_NEW_TYPE = f"""
FROM outcomes JOIN before ON before.pair = outcomes.pair LEFT JOIN goals ON goals.pair = outcomes.pair
LEFT JOIN after ON after.pair = outcomes.pair LEFT JOIN sent ON sent.pair = outcomes.pair
WHERE outcomes.pair > ? AND status = '{Status.LINKED}' AND EXISTS (
    SELECT 1 FROM json_each(?) WHERE instr(';' || coalesce(after.types, sent.types) || ';', ';' || value || ';')
        AND NOT instr(';' || before.types || ';' || coalesce(goals.types, '') || ';', ';' || value || ';')
)
"""
_COUNT_WITH_NEW_TYPE = f"SELECT count(*) {_WITH_NEW_TYPE}"
_PAIRS_WITH_NEW_TYPE = f"SELECT outcomes.pair, {OUTCOME_COLUMNS} {_WITH_NEW_TYPE} ORDER BY outcomes.pair LIMIT ?"
_UNDO = """
SELECT pair, left_types, target_types, added_types, removed_types, sent_types, reverse_types
FROM undo WHERE pair BETWEEN ? AND ?
"""
_TYPES_TO_REMOVE = """
SELECT before.pair, before.types, coalesce(goals.types, '') FROM before
LEFT JOIN goals ON goals.pair = before.pair LEFT JOIN outcomes ON outcomes.pair = before.pair
WHERE before.pair BETWEEN ? AND ? AND before.types <> '-' AND coalesce(status, '') """
_MARK_IN_FLIGHT = "INSERT OR IGNORE INTO in_flight VALUES (?, ?)"
_UNMARK_IN_FLIGHT = "DELETE FROM in_flight WHERE pair = ?"
_RECORD_BEFORE = "INSERT OR REPLACE INTO before VALUES (?, ?, ?)"
_RECORD_PRIMARY = "INSERT OR IGNORE INTO primaries VALUES (?, ?, ?, ?)"
_RECORD_SENT = "INSERT OR REPLACE INTO sent VALUES (?, ?, ?)"
_RECORD_AFTER = "INSERT OR REPLACE INTO after VALUES (?, ?, ?)"
_BEFORE = "SELECT pair, types FROM before WHERE pair BETWEEN ? AND ?"
_RECORD_OUTCOME = f"INSERT OR REPLACE INTO outcomes VALUES (?, {', '.join('?' for _ in fields(Outcome))}, ?)"


class WorkQueue(JournalFile):
    """The pairs of a run that are to be sent, and their outcomes.

    A pair is pending if it has no outcome, a provisional one, or the status `not_sent`. Pairs that repeat an earlier
    pair are never sent.
    """

    _last_pending = maxsize

    @contextmanager
    def only_first_rows(self, number: int | None) -> Iterator[None]:
        """Limit the pending pairs to those of the first `number` rows that have any (None: all rows)."""
        self._last_pending = maxsize if number is None else self._last_pair_of_rows(number)
        try:
            yield
        finally:
            self._last_pending = maxsize

    def pending(self, after: int, limit: int) -> list[PendingPair]:
        """Return the next pending pairs in the order of the source, at most `limit`, numbered above `after`."""
        with as_journal_error(self.path):
            return self._with_before(list(islice(self._pending(after), limit)))

    def pending_without_labels(self, after: int, limit: int) -> list[PendingPair]:
        """Return the next pending pairs without labels; see `pending`."""
        with as_journal_error(self.path):
            found = (pending for pending in self._pending(after) if not pending.goal)
            return self._with_before(list(islice(found, limit)))

    def claim(self, pairs: Sequence[PendingPair]) -> None:
        """Mark pairs as in flight: if the process dies, their outcome is `unconfirmed` instead of `not_sent`."""
        with self._transaction() as db:
            db.executemany(_MARK_IN_FLIGHT, ((pending.id, checksum(pending.id)) for pending in pairs))

    def release(self, pairs: Sequence[int]) -> None:
        """Undo `claim` for pairs that were not sent."""
        with self._transaction() as db:
            db.executemany(_UNMARK_IN_FLIGHT, ((pair,) for pair in pairs))

    def record(
        self,
        final: Outcomes,
        provisional: Outcomes = (),
        before: Types = (),
        after: Types = (),
        primaries: Primaries = (),
        sent: Types = (),
    ) -> None:
        """Write the outcomes of pairs, and what was read before and after sending or is sent, in one transaction.

        A pair with a provisional outcome stays in flight: reports show the outcome, and the next process sends the pair
        again. A pair that is `not_sent` does not: HubSpot has certainly not accepted it.
        """
        done = [pair for pair, _ in final]
        done += [pair for pair, outcome in provisional if outcome.status is Status.NOT_SENT]
        rows = ((pair, *outcome_values(outcome)) for pair, outcome in chain(final, provisional))
        with self._transaction() as db:
            db.executemany(_RECORD_BEFORE, ((*values, checksum(*values)) for values in before))
            db.executemany(_RECORD_SENT, ((*values, checksum(*values)) for values in sent))
            db.executemany(_RECORD_AFTER, ((*values, checksum(*values)) for values in after))
            db.executemany(_RECORD_PRIMARY, ((*values, checksum(*values)) for values in primaries))
            db.executemany(_RECORD_OUTCOME, ((*row, checksum(*row)) for row in rows))
            db.executemany(_UNMARK_IN_FLIGHT, ((pair,) for pair in done))

    def with_status(self, status: Status, after: int, limit: int) -> list[PendingPair]:
        """Return the next distinct pairs whose outcome is `status`, at most `limit`, numbered above `after`."""
        return self._found(_WITH_STATUS, (after, status, limit))

    def without_types_after(self, after: int, limit: int) -> list[PendingPair]:
        """Return the next distinct pairs that were sent, whose types are known before sending, but not after."""
        return self._found(_WITHOUT_TYPES_AFTER, (after, limit))

    def with_new_type(self, types: Sequence[str], after: int, limit: int) -> list[PendingPair]:
        """Return the next distinct pairs that have one of these types now, but had it neither before nor as a goal."""
        return self._found(_PAIRS_WITH_NEW_TYPE, (after, json.dumps(types), limit))

    def count_with_new_type(self, types: Sequence[str]) -> int:
        """Return the number of pairs that `with_new_type` finds."""
        with as_journal_error(self.path):
            (number,) = self._db.execute(_COUNT_WITH_NEW_TYPE, (0, json.dumps(types))).fetchone()
            return int(number)

    def _found(self, query: str, values: tuple[int | str, ...]) -> list[PendingPair]:
        """Return the pairs that a query finds, with their outcomes; `values[0]` is the pair number to start after."""
        pairs: list[PendingPair] = []
        with as_journal_error(self.path):
            found = self._db.execute(query, values).fetchall()
            blocks = self._blocks_of_pairs(int(values[0]))
            first, last, records = 0, 0, list[PairRecord]()
            for number, *values in found:
                while number > last:
                    first, last, data = next(blocks)
                    records = pair_records(data)
                goal = self._goals(number, number).get(number, "")
                pairs.append(pending_pair(number, records[number - first], outcome_of(values), goal))
            return self._with_before(pairs)

    def pending_by_types(self) -> list[int]:
        """Return the number of distinct pending pairs for each combination of object types that has any."""
        return list(self._count_pending().values())

    def types_of_pairs(self) -> set[tuple[ObjectType, ObjectType]]:
        """Return each combination of object types of all pairs, pending or not."""
        with as_journal_error(self.path):
            columns = (unpack(data) for _, _, data in self._blocks_of_pairs(0))
            return {types for one in columns for types in zip(one[1], one[3], strict=True)}

    def pending_object_types(self) -> set[ObjectType]:
        """Return the object types of the pending pairs."""
        return {name for types in self._count_pending() for name in types}

    def _count_pending(self) -> Counter[tuple[ObjectType, ObjectType]]:
        pending: Counter[tuple[ObjectType, ObjectType]] = Counter()
        with as_journal_error(self.path):
            for first, last, data in self._blocks_of_pairs(0):
                columns = unpack(data)
                types: Iterable[tuple[ObjectType, ObjectType]] = zip(columns[1], columns[3], strict=True)
                others = self._not_pending(first, last)
                if others or last > self._last_pending:
                    numbers = range(first, min(last, self._last_pending) + 1)
                    types = (found for number, found in zip(numbers, types, strict=False) if number not in others)
                pending.update(types)
        return pending

    def outcome_counts(self) -> dict[Status, int]:
        """Return the number of distinct pairs with each status, excluding pending pairs."""
        with as_journal_error(self.path):
            found = self._db.execute(OUTCOME_COUNTS).fetchall()
            return {status_of(status): count for status, count in found}

    def set_states_to_restore(self, states: Iterable[StateToRestore]) -> None:
        """Write the state to restore of each pair of an undo, in order."""
        rows = ((number, *state) for number, state in enumerate(states, 1))
        with self._transaction() as db:
            db.executemany("INSERT INTO undo VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ((*row, checksum(*row)) for row in rows))

    def pairs_to_restore(self) -> Iterator[PendingPair]:
        """Yield every pair of an undo with its state to restore, whether it is pending or not."""
        with as_journal_error(self.path):
            for first, last, data in self._blocks_of_pairs(0):
                found = enumerate(pair_records(data), first)
                if last >= first:
                    yield from self._with_states_to_restore([pending_pair(*one, None) for one in found])

    def types_to_remove(self, *, only_done: bool) -> Iterator[tuple[Pair, str, str]]:
        """Yield each pair of an `unlink` that was linked before and is not refused: its types before, and its goal.

        With `only_done` yield only those that the run has unlinked.
        """
        query = _TYPES_TO_REMOVE + (f"= '{Status.UNLINKED}'" if only_done else f"<> '{Status.FAILED}'")
        with as_journal_error(self.path):
            for first, last, data in self._blocks_of_pairs(0):
                records = pair_records(data)
                for number, before, goal in self._db.execute(query, (first, last)):
                    yield Pair(*records[number - first][1:]), before, goal

    def _mark_all_pending_in_flight(self) -> None:
        """Record that every pair without a final outcome may have been sent, because transactions were lost."""
        with self._transaction() as db:
            delete_summary(db)
            for found in self._pending_records(0):
                db.executemany(_MARK_IN_FLIGHT, ((number, checksum(number)) for number, _ in found))

    def _with_before(self, pairs: list[PendingPair]) -> list[PendingPair]:
        """Return the pairs with the types read before sending, where these were read, and the states to restore."""
        if not pairs:
            return pairs
        span = pairs[0].id, pairs[-1].id
        if before := dict(self._db.execute(_BEFORE, span)):
            pairs = [replace(pending, before=before.get(pending.id)) for pending in pairs]
        return self._with_states_to_restore(pairs) if self.info.operation is Operation.UNDO else pairs

    def _with_states_to_restore(self, pairs: list[PendingPair]) -> list[PendingPair]:
        span = pairs[0].id, pairs[-1].id
        states = {number: values for number, *values in self._db.execute(_UNDO, span)}
        return [replace(one, **StateToRestore(*states[one.id])._asdict()) for one in pairs]

    def _pending(self, after: int) -> Iterator[PendingPair]:
        for found in self._pending_records(after):
            span = {"first": found[0][0], "last": found[-1][0]}
            states = {number: values for number, *values in self._db.execute(_STATES_OF_PENDING, span)}
            goals = self._goals(**span)
            for number, record in found:
                earlier = current_outcome(*states[number]) if number in states else None
                yield pending_pair(number, record, earlier, goals.get(number, ""))

    def _last_pair_of_rows(self, number: int) -> int:
        """Return the last pending pair of the first `number` rows that have any; 0 if there is none."""
        last, rows = 0, set[int]()
        with as_journal_error(self.path):
            for pair, record in chain.from_iterable(self._pending_records(0)):
                rows.add(record[0])
                if len(rows) > number:
                    break
                last = pair
        return last

    def _goals(self, first: int, last: int) -> dict[int, str]:
        """Return the goals of the labelled pairs from `first` to `last`."""
        return dict(self._db.execute(_GOALS, (first, last))) if self.has_labels else {}

    def _not_pending(self, first: int, last: int) -> set[int]:
        """Return the pairs from `first` to `last` that are final or repeat an earlier one."""
        return {number for (number,) in self._db.execute(_DUPLICATE_OR_FINAL, {"first": first, "last": last})}

    def _pending_records(self, after: int) -> Iterator[list[tuple[int, PairRecord]]]:
        """Yield the pending pairs numbered above `after`, with their numbers, block by block."""
        for first, last, data in self._blocks_of_pairs(after):
            begin = max(first, after + 1)
            if begin > self._last_pending:
                return
            others = self._not_pending(begin, last)
            if len(others) <= last - begin:
                records = enumerate(pair_records(data)[begin - first : self._last_pending + 1 - first], begin)
                if found := [(number, record) for number, record in records if number not in others]:
                    yield found
