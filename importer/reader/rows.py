"""From the cells of a record to a row of the run: its pairs, or every reason why it makes none."""

from collections.abc import Iterable, Iterator, Sequence

from importer.model import ObjectType, Pair, Problem, RecordId, SourceRow
from importer.reader.columns import Columns, Side, column_name
from importer.reader.ids import LossyNumber, RecordUrl, is_short_id, missing_id, parse_id, split_ids
from importer.reader.making import make_pair, make_row
from importer.reader.messages import quoted
from importer.reader.object_types import STANDARD_OBJECT_TYPES, parse_object_type
from importer.reader.tables import Record

MAX_PAIRS = 10_000
"""Pairs that one row may make."""

_MAX_KEPT = 1_000
_TYPE_ADVICE = "Write the name of a HubSpot object, such as contacts or companies, or an object type id such as 2-123."


class RowReader:
    """Reads records under one understanding of the columns.

    `blank` counts the blank records passed over, `portals` are the portal numbers seen in record addresses,
    `unlisted_types` the types that are not HubSpot's own.
    """

    def __init__(self, columns: Columns, header: Sequence[str]) -> None:
        self.blank = 0
        self.portals: set[str] = set()
        self.unlisted_types: set[str] = set()
        self._header = header
        self._from, self._to = columns.from_side, columns.to_side
        # The types that cells of a type column were found to mean, so that each is parsed once.
        self._from_types: dict[str, ObjectType] = {}
        self._to_types: dict[str, ObjectType] = {}
        for side in (self._from, self._to):
            if side.object_type:
                self._note_type(side.object_type)

    def rows(self, records: Iterable[Record]) -> Iterator[SourceRow]:
        """Yield the row that each record makes, except blank ones."""
        width = len(self._header)
        from_column, to_column = self._from.id_column, self._to.id_column
        from_type_column, from_fixed = _type_source(self._from)
        to_type_column, to_fixed = _type_source(self._to)
        from_types, to_types = self._from_types, self._to_types
        for number, cells in records:
            # The usual row, in as few steps as possible; the longer way below would make the same of it.
            if len(cells) == width:
                from_id, to_id = cells[from_column], cells[to_column]
                if is_short_id(from_id) and is_short_id(to_id):
                    from_type = from_fixed or from_types.get(cells[from_type_column])
                    to_type = to_fixed or to_types.get(cells[to_type_column])
                    if from_type and to_type and (from_id != to_id or from_type != to_type):
                        pair = make_pair(from_type, from_id, to_type, to_id)  # type: ignore[arg-type]
                        yield make_row(number, tuple(cells), (pair,))
                        continue
            if any(map(str.strip, cells)):
                yield self._read(number, cells)
            else:
                self.blank += 1

    def _read(self, number: int, cells: Sequence[str]) -> SourceRow:
        kept = (*map(str, cells), *[""] * (len(self._header) - len(cells)))
        if len(cells) > len(self._header):
            return SourceRow(number, kept, (), (self._extra_cell(len(cells)),))
        padded = (*cells, *kept[len(cells) :])
        problems: list[Problem] = []
        from_type, from_ids = self._read_side(self._from, self._from_types, padded, problems)
        to_type, to_ids = self._read_side(self._to, self._to_types, padded, problems)
        if problems or from_type is None or to_type is None:
            return SourceRow(number, kept, (), tuple(problems))
        problem = self._impossible(from_type, from_ids, to_type, to_ids)
        if problem:
            return SourceRow(number, kept, (), (problem,))
        pairs = tuple(Pair(from_type, from_id, to_type, to_id) for from_id in from_ids for to_id in to_ids)
        return SourceRow(number, kept, pairs, ())

    # --- one side of the pair

    def _read_side(
        self, side: Side, types: dict[str, ObjectType], cells: Sequence[str], problems: list[Problem]
    ) -> tuple[ObjectType | None, list[RecordId]]:
        object_type = self._read_type(side, types, cells, problems)
        ids: dict[RecordId, None] = {}  # a set that keeps the order
        column = column_name(self._header, side.id_column)
        cell = cells[side.id_column]
        texts = [cell] if isinstance(cell, LossyNumber) else split_ids(cell)
        if not texts:
            problems.append(missing_id(column))
        for text in texts:
            found = parse_id(text, column)
            if isinstance(found, RecordUrl):
                found = self._check_url(found, object_type, text, column)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                ids[found] = None
        return object_type, list(ids)

    def _read_type(
        self, side: Side, types: dict[str, ObjectType], cells: Sequence[str], problems: list[Problem]
    ) -> ObjectType | None:
        if side.type_column is None:
            return side.object_type
        text = cells[side.type_column]
        found = types.get(text) or _parse_type(text, side, column_name(self._header, side.type_column))
        if isinstance(found, Problem):
            problems.append(found)
            return None
        if len(types) < _MAX_KEPT:
            types[text] = found
        self._note_type(found)
        return found

    def _note_type(self, object_type: ObjectType) -> None:
        is_own = object_type in STANDARD_OBJECT_TYPES
        if not is_own and not object_type[0].isdigit() and len(self.unlisted_types) < _MAX_KEPT:
            self.unlisted_types.add(object_type)

    def _check_url(self, url: RecordUrl, object_type: ObjectType | None, text: str, column: str) -> RecordId | Problem:
        if len(self.portals) < _MAX_KEPT:
            self.portals.add(url.portal)
        if object_type in (None, url.object_type):
            return url.record_id
        message = f"{quoted(text)} is a page of '{url.object_type}', but '{object_type}' is expected here."
        advice = "Check the address, or give the type that it names."
        return Problem("URL_TYPE_MISMATCH", column, message, advice)

    # --- the row as a whole

    def _extra_cell(self, cells: int) -> Problem:
        expected = len(self._header)
        message = f"the row has {cells} cells, the header {expected}; which cell belongs to which column is not sure."
        advice = "Put a cell that contains the delimiter in quotation marks, or remove the cells beyond the header."
        return Problem("EXTRA_CELL", "", message, advice)

    def _impossible(
        self, from_type: ObjectType, from_ids: list[RecordId], to_type: ObjectType, to_ids: list[RecordId]
    ) -> Problem | None:
        if len(from_ids) * len(to_ids) > MAX_PAIRS:
            message = (
                f"the row makes {len(from_ids) * len(to_ids):,} pairs; at most {MAX_PAIRS:,} are taken from one row."
            )
            return Problem("TOO_MANY_PAIRS", "", message, "Spread the ids over several rows.")
        both = set(from_ids).intersection(to_ids) if from_type == to_type else ()
        if both:
            column = column_name(self._header, self._to.id_column)
            message = f"the record {min(both)} would be linked to itself, which HubSpot does not allow."
            return Problem("SELF_ASSOCIATION", column, message, "Correct one of the two ids.")
        return None


def _type_source(side: Side) -> tuple[int, ObjectType | None]:
    """Return the column of the type, and the type when there is no such column."""
    return (0, side.object_type) if side.type_column is None else (side.type_column, None)


def _parse_type(text: str, side: Side, column: str) -> ObjectType | Problem:
    if not text.strip():
        if side.object_type:
            return side.object_type
        message = "the cell is empty; the type of the record is needed."
        return Problem("MISSING_OBJECT_TYPE", column, message, _TYPE_ADVICE)
    object_type = parse_object_type(text)
    if object_type is None:
        return Problem("UNKNOWN_OBJECT_TYPE", column, f"{quoted(text)} is not an object type.", _TYPE_ADVICE)
    if side.object_type not in (None, object_type):
        message = f"{quoted(text)} does not agree with '{side.object_type}', the type given for the whole file."
        advice = "Correct the cell, or leave out the type that is given by the flag or the header."
        return Problem("OBJECT_TYPE_MISMATCH", column, message, advice)
    return object_type
