"""The labels of pairs: their texts, as read from the source, and the association types that they are resolved to."""

from collections.abc import Callable, Sequence

from importer.journal.integrity import GOALS, checksum
from importer.journal.journal_file import JournalFile
from importer.journal.records import LabelUse
from importer.journal.serialization import labelled_records
from importer.journal.sqlite_errors import as_journal_error
from importer.journal.writer import set_value
from importer.model import Labels, ObjectType

_FIRST_ROWS = 5
_FIRSTS = "SELECT pair, first FROM duplicates WHERE pair BETWEEN ? AND ?"

LabelKey = tuple[ObjectType, ObjectType, str]
"""From type, to type and text of a label."""

Resolve = Callable[[ObjectType, ObjectType, Labels], Sequence[str]]
"""Returns the association types, as `CATEGORY:ID`, of label texts between two object types."""


class Goals(JournalFile):
    """The goals of labelled pairs. They are set once, before anything is sent."""

    @property
    def has_unresolved_labels(self) -> bool:
        """True until `set_goals` has been called for a run with labels."""
        return self.has_labels and self._db.execute("SELECT 1 FROM run WHERE key = ?", (GOALS,)).fetchone() is None

    def label_uses(self) -> dict[LabelKey, LabelUse]:
        """Return each distinct label text per pair of object types, with its use."""
        uses: dict[LabelKey, LabelUse] = {}
        of_all = self._labels_of_all_pairs()
        with as_journal_error(self.path):
            for _, _, data in self._blocks_of_pairs(0) if self.has_labels else ():
                for record, labels in labelled_records(data):
                    for text in (*of_all, *labels):
                        use = uses.setdefault((record[1], record[3], text), LabelUse())
                        use.pairs += 1
                        if len(use.rows) < _FIRST_ROWS:
                            use.rows.append(record[0])
        return uses

    def rows_without_labels(self, limit: int) -> list[int]:
        """Return the first rows, at most `limit`, with a pair that has no labels in that row nor for all rows."""
        rows: dict[int, None] = {}
        with as_journal_error(self.path):
            for _, _, data in self._blocks_of_pairs(0) if not self._labels_of_all_pairs() else ():
                rows.update((record[0], None) for record, labels in labelled_records(data) if not labels)
                if len(rows) >= limit:
                    break
        return list(rows)[:limit]

    def set_goals(self, resolve: Resolve) -> None:
        """Write the goal of every labelled pair: the types of the labels of all rows with that pair."""
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
