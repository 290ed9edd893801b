"""From the cells of a record to a row of the run: its pairs, or every reason why it makes none."""

from collections.abc import Sequence

from importer.model import ObjectType, Pair, Problem, RecordId, SourceRow
from importer.reader.columns import Columns, Side, column_name
from importer.reader.ids import LossyNumber, RecordUrl, is_plain_id, missing_id, parse_id, quoted, split_ids
from importer.reader.object_types import STANDARD_OBJECT_TYPES, parse_object_type

MAX_PAIRS = 10_000
"""Pairs that one row may make."""

_MAX_KEPT = 1_000
_TYPE_ADVICE = "Write the name of a HubSpot object, such as contacts or companies, or an object type id such as 2-123."


class RowReader:
    """Reads records under one understanding of the columns.

    `portals` are the portal numbers seen in record addresses; `unlisted_types` the types that are not HubSpot's own.
    """

    def __init__(self, columns: Columns, header: Sequence[str]) -> None:
        self.portals: set[str] = set()
        self.unlisted_types: set[str] = set()
        self._header = header
        self._width = len(header)
        self._from, self._to = columns.from_side, columns.to_side
        self._types_are_fixed = self._from.type_column is None and self._to.type_column is None
        self._same_type = self._types_are_fixed and self._from.object_type == self._to.object_type
        self._types: dict[str, ObjectType | None] = {}
        for side in (self._from, self._to):
            if side.object_type:
                self._note_type(side.object_type)

    def read(self, number: int, cells: Sequence[str]) -> SourceRow:
        """Return the row that a record makes; `cells` are at least as many as the header's."""
        from_cell, to_cell = cells[self._from.id_column], cells[self._to.id_column]
        if (
            self._types_are_fixed
            and is_plain_id(from_cell)
            and is_plain_id(to_cell)
            and len(cells) == self._width
            and type(from_cell) is type(to_cell) is str
            and not (self._same_type and from_cell == to_cell)
        ):
            # The usual row, in as few steps as possible; what the longer way below would make of it is the same.
            pair = Pair(self._from.object_type, from_cell, self._to.object_type, to_cell)  # type: ignore[arg-type]
            return SourceRow(number, tuple(cells), (pair,), ())
        return self._read_unusual(number, cells)

    def _read_unusual(self, number: int, cells: Sequence[str]) -> SourceRow:
        kept = tuple(str(cell) for cell in cells)
        if len(cells) > self._width:
            return SourceRow(number, kept, (), (self._extra_cell(len(cells)),))
        problems: list[Problem] = []
        from_type, from_ids = self._read_side(self._from, cells, problems)
        to_type, to_ids = self._read_side(self._to, cells, problems)
        if problems or from_type is None or to_type is None:
            return SourceRow(number, kept, (), tuple(problems))
        problem = self._impossible(from_type, from_ids, to_type, to_ids)
        if problem:
            return SourceRow(number, kept, (), (problem,))
        pairs = tuple(Pair(from_type, from_id, to_type, to_id) for from_id in from_ids for to_id in to_ids)
        return SourceRow(number, kept, pairs, ())

    # --- one side of the pair

    def _read_side(
        self, side: Side, cells: Sequence[str], problems: list[Problem]
    ) -> tuple[ObjectType | None, list[RecordId]]:
        object_type = self._object_type(side, cells, problems)
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

    def _object_type(self, side: Side, cells: Sequence[str], problems: list[Problem]) -> ObjectType | None:
        if side.type_column is None:
            return side.object_type
        text, column = cells[side.type_column], column_name(self._header, side.type_column)
        if not text.strip():
            if side.object_type is None:
                message = "The cell is empty; the type of the record is needed."
                problems.append(Problem("MISSING_OBJECT_TYPE", column, message, _TYPE_ADVICE))
            return side.object_type
        object_type = self._parsed_type(text)
        if object_type is None:
            message = f"{quoted(text)} is not an object type."
            problems.append(Problem("UNKNOWN_OBJECT_TYPE", column, message, _TYPE_ADVICE))
        elif side.object_type not in (None, object_type):
            message = f"{quoted(text)} does not agree with '{side.object_type}', the type given for the whole file."
            advice = "Correct the cell, or leave out the type that is given by the flag or the header."
            problems.append(Problem("OBJECT_TYPE_MISMATCH", column, message, advice))
        return object_type

    def _parsed_type(self, text: str) -> ObjectType | None:
        if text in self._types:
            return self._types[text]
        object_type = parse_object_type(text)
        if object_type:
            self._note_type(object_type)
        if len(self._types) < _MAX_KEPT:
            self._types[text] = object_type
        return object_type

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
        message = (
            f"The row has {cells} cells, the header {self._width}; which cell belongs to which column is not sure."
        )
        advice = "Put a cell that contains the delimiter in quotation marks, or remove the cells beyond the header."
        return Problem("EXTRA_CELL", "", message, advice)

    def _impossible(
        self, from_type: ObjectType, from_ids: list[RecordId], to_type: ObjectType, to_ids: list[RecordId]
    ) -> Problem | None:
        if len(from_ids) * len(to_ids) > MAX_PAIRS:
            message = (
                f"The row makes {len(from_ids) * len(to_ids):,} pairs; at most {MAX_PAIRS:,} are taken from one row."
            )
            return Problem("TOO_MANY_PAIRS", "", message, "Spread the ids over several rows.")
        both = set(from_ids).intersection(to_ids) if from_type == to_type else ()
        if both:
            column = column_name(self._header, self._to.id_column)
            message = f"The record {min(both)} would be linked to itself, which HubSpot does not allow."
            return Problem("SELF_ASSOCIATION", column, message, "Correct one of the two ids.")
        return None
