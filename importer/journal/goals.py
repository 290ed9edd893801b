"""The labels of pairs: their texts, as read from the source, and the association types that they resolve to."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from importer.journal.claims import ClaimOfPair, ClaimTable
from importer.journal.integrity import GOALS, checksum
from importer.journal.journal_file import JournalFile
from importer.journal.records import Claim, LabelledSide, LabelUse
from importer.journal.serialization import PairRecord, labelled_records
from importer.journal.sqlite_errors import as_journal_error
from importer.journal.writer import set_value
from importer.model import Labels, ObjectType, Pair

_FIRST_ROWS = 5
_FIRSTS = "SELECT pair, first FROM duplicates WHERE pair BETWEEN ? AND ?"

LabelKey = tuple[ObjectType, ObjectType, str]
"""From type, to type and text of a label."""

Resolve = Callable[[ObjectType, ObjectType, Labels], Sequence[str]]
"""Returns the association types, as `CATEGORY:ID`, of label texts between two object types."""

FindClaim = Callable[[Pair, Labels], Claim | None]
"""Returns the claim of a pair with these label texts to a label such as Primary; None if it claims none."""

FindSide = Callable[[Pair, Labels], LabelledSide | None]
"""Returns the link of a pair with these label texts and the labels that the pair sets on it; None without labels."""

_CREATE_SIDES = "CREATE TEMP TABLE sides (number INTEGER, row INTEGER, link TEXT, is_reverse INTEGER, label TEXT)"
_DIFFERING_SIDES = """
WITH both AS (
    SELECT link FROM sides GROUP BY link HAVING count(DISTINCT is_reverse) > 1 AND count(label) = count(*)
),
differing AS (
    SELECT DISTINCT link FROM sides WHERE link IN both GROUP BY link, label HAVING count(DISTINCT is_reverse) = 1
)
SELECT json_group_array(DISTINCT sides.row), json_group_array(DISTINCT coalesce(first, number))
FROM sides LEFT JOIN duplicates ON duplicates.pair = number
WHERE link IN differing GROUP BY link ORDER BY min(sides.row)
"""


class Goals(JournalFile):
    """The goals of labelled pairs. They are set once, before anything is sent."""

    @property
    def has_unresolved_labels(self) -> bool:
        """True until `set_goals` has been called for a run with labels."""
        return self.has_labels and self._db.execute("SELECT 1 FROM run WHERE key = ?", (GOALS,)).fetchone() is None

    def label_uses(self) -> dict[LabelKey, LabelUse]:
        """Return the use of each distinct label text between two object types."""
        uses: dict[LabelKey, LabelUse] = {}
        with as_journal_error(self.path):
            for _, record, labels in self._labelled_pairs():
                for text in labels:
                    use = uses.setdefault((record[1], record[3], text), LabelUse())
                    use.pairs += 1
                    if len(use.rows) < _FIRST_ROWS:
                        use.rows.append(record[0])
        return uses

    def _labelled_pairs(self) -> Iterator[tuple[int, PairRecord, Labels]]:
        """Yield number, record and label texts of every labelled pair; labels come from its row and for all rows."""
        of_all = self._labels_of_all_pairs()
        for first, _, data in self._blocks_of_pairs(0) if self.has_labels else ():
            for number, (record, labels) in enumerate(labelled_records(data), first):
                if of_all or labels:
                    yield number, record, (*of_all, *labels)

    @contextmanager
    def claims(self, find: FindClaim) -> Iterator[ClaimTable]:
        """Yield a table of the claims that pairs make; it is empty for a run without labels."""
        with self._transaction() as db:
            table = ClaimTable(db, self.path)
            table.add(self.claims_of_pairs(find))
        yield table
        table.drop()

    def claims_of_pairs(self, find: FindClaim) -> Iterator[ClaimOfPair]:
        """Yield the claim of each labelled pair that makes one."""
        for number, record, labels in self._labelled_pairs():
            claim = find(Pair(*record[1:]), labels)
            if claim is not None:
                yield ClaimOfPair(number, record[0], claim)

    def differing_sides(self, find: FindSide) -> Iterator[tuple[list[int], list[int]]]:
        """Yield the rows and the pair numbers of each link whose labels from A to B differ from those from B to A.

        Links with a label whose name is not known are left out. SQLite compares them, so memory use does not grow with
        the number of links.
        """
        with self._transaction() as db:
            db.execute(_CREATE_SIDES)
            db.executemany("INSERT INTO sides VALUES (?, ?, ?, ?, ?)", self._sides(find))
        with as_journal_error(self.path):
            for rows, pairs in self._db.execute(_DIFFERING_SIDES):
                yield sorted(json.loads(rows)), sorted(json.loads(pairs))
            self._db.execute("DROP TABLE sides")

    def _sides(self, find: FindSide) -> Iterator[tuple[int, int, str, bool, str | None]]:
        for number, record, labels in self._labelled_pairs():
            side = find(Pair(*record[1:]), labels)
            if side is not None:
                link = json.dumps(side.link)
                yield from ((number, record[0], link, side.is_reverse, label) for label in side.labels)

    def rows_without_labels(self, limit: int) -> list[int]:
        """Return the first rows (at most `limit`) with a pair that has labels neither in its row nor for all rows."""
        rows: dict[int, None] = {}
        with as_journal_error(self.path):
            for _, _, data in self._blocks_of_pairs(0) if not self._labels_of_all_pairs() else ():
                rows.update((record[0], None) for record, labels in labelled_records(data) if not labels)
                if len(rows) >= limit:
                    break
        return list(rows)[:limit]

    def set_goals(self, resolve: Resolve) -> None:
        """Write the goal of every labelled pair: the types of its labels in all rows that contain it."""
        of_all = self._labels_of_all_pairs()
        with self._transaction() as db:
            for first, last, data in self._blocks_of_pairs(0):
                firsts = dict(db.execute(_FIRSTS, (first, last)).fetchall())
                for number, (record, labels) in enumerate(labelled_records(data), first):
                    types = resolve(record[1], record[3], (*of_all, *labels)) if of_all or labels else ()
                    if types:
                        self._add_goal(firsts.get(number, number), types, is_repeated=number in firsts)
            (goals,) = db.execute("SELECT count(*) FROM goals").fetchone()
            set_value(db, GOALS, goals)

    def _add_goal(self, pair: int, types: Sequence[str], *, is_repeated: bool) -> None:
        earlier = (
            self._db.execute("SELECT types FROM goals WHERE pair = ?", (pair,)).fetchone() if is_repeated else None
        )
        text = ";".join(sorted({*types, *(earlier[0].split(";") if earlier else ())}))
        self._db.execute("INSERT OR REPLACE INTO goals VALUES (?, ?, ?)", (pair, text, checksum(pair, text)))

    def _labels_of_all_pairs(self) -> Labels:
        return tuple(self.info.reading.get("labels", ()))
