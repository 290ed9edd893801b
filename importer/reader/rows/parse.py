"""From the cells of a record to a row of the run: its pairs, or every reason why it makes none."""

from collections.abc import Container, Iterator, Sequence

from importer.model import ObjectType, Pair, Problem, RecordId, RowNames, SourceBlock, SourceRow
from importer.reader.columns.headers import Place, meaning
from importer.reader.columns.object_types import STANDARD_OBJECT_TYPES, parse_object_type
from importer.reader.columns.resolve import Columns, Header, Side
from importer.reader.files.table import Records, SuspectRow
from importer.reader.files.workbook.lossy import LossyNumber
from importer.reader.messages import quoted
from importer.reader.rows.fast_path import usual_pairs
from importer.reader.rows.ids import RecordUrl, missing_id, parse_id, split_ids, without_formula
from importer.reader.rows.rounding import RoundedIds
from importer.reader.rows.truncation import LongestLists, truncated_list

MAX_PAIRS = 10_000
"""Pairs that one row may make."""

MANY_PAIRS = 50_000
"""Pairs after which a block of rows is handed on, although it could hold more rows."""

_MAX_KEPT = 1_000
_MAX_PROBLEMS = 20
"""Ids of one cell whose problems are translate_errors."""

_SPREAD = "Spread the ids over several rows."
_FEW_RECORDS = 8
_NAMED_CELLS = 200
"""Cells of a row in which the names of columns are looked for."""

_TYPE_ADVICE = "Write the name of a HubSpot object, such as contacts or companies, or an object type id such as 2-123."


class RowReader:
    """Reads records under one understanding of the columns.

    `blank` counts the blank records passed over, `portals` are the portal numbers seen in record addresses,
    `unlisted_types` the types that are not HubSpot's own. `other_header` is the number of the first row that names
    other columns than the header does: what is below it would be read in the wrong columns.
    """

    def __init__(self, columns: Columns, header: Header) -> None:
        self.blank = 0
        self.other_header: int | None = None
        self.portals: set[str] = set()
        self.unlisted_types: set[str] = set()
        self._header = header
        self._width = len(header.texts)
        self._from, self._to = columns.from_side, columns.to_side
        self._from_rounded = RoundedIds(header.name(self._from.id_column))
        self._to_rounded = RoundedIds(header.name(self._to.id_column))
        self._from_lists = LongestLists(header.name(self._from.id_column))
        self._to_lists = LongestLists(header.name(self._to.id_column))
        # The types that cells of a type column were found to mean, so that each is parsed once.
        self._from_types: dict[str, ObjectType] = {}
        self._to_types: dict[str, ObjectType] = {}
        for side in (self._from, self._to):
            if side.object_type:
                self._note_type(side.object_type)

    def blocks(self, records: Records) -> Iterator[SourceBlock]:
        """Yield the rows that the records make, without the blank ones: in one block, unless they make many pairs."""
        numbers, rows = records
        if set(map(len, rows)) != {self._width}:
            _fill_up(rows, self._width)
        block = SourceBlock()
        todo = [(numbers, rows)]
        while todo:
            numbers, rows = todo.pop()
            if not self._add_usual(block, numbers, rows):
                if len(rows) > _FEW_RECORDS:  # the unusual ones are found by halving
                    half = len(rows) // 2
                    todo += [(numbers[half:], rows[half:]), (numbers[:half], rows[:half])]
                    continue
                self._add_singly(block, numbers, rows)
            if len(block.pairs.rows) > MANY_PAIRS:
                yield block
                block = SourceBlock()
        if block.numbers:
            yield block

    def id_warnings(self, names: RowNames) -> tuple[str, ...]:
        """Return the sentences about ids that look rounded and lists that look cut off, "" for what looks right."""
        collected = (self._from_rounded, self._to_rounded, self._from_lists, self._to_lists)
        return tuple(found.warning(names) for found in collected)

    def _add_usual(self, block: SourceBlock, numbers: Sequence[int], rows: Sequence[list[str]]) -> bool:
        """Add the rows to the block if all are of the usual kind; what `_add_singly` adds is the same, but slower."""
        if set(map(len, rows)) != {self._width} or set(map(type, rows)) != {list}:
            return False
        known_types = (self._from_types, self._to_types)
        pairs = usual_pairs((self._from, self._to), known_types, numbers, rows, self._to_lists)
        if pairs is None:
            return False
        block.numbers.extend(numbers)
        block.cells.extend(rows)
        block.pairs.rows.extend(pairs.rows)
        block.pairs.from_types.extend(pairs.from_types)
        block.pairs.from_ids.extend(pairs.from_ids)
        block.pairs.to_types.extend(pairs.to_types)
        block.pairs.to_ids.extend(pairs.to_ids)
        return True

    def _add_singly(self, block: SourceBlock, numbers: Sequence[int], rows: Sequence[list[str]]) -> None:
        for number, cells in zip(numbers, rows, strict=True):
            if not any(map(str.strip, cells)):
                self.blank += 1
                continue
            row = self._read(number, cells)
            block.add(row)
            if row.problems and self.other_header is None and self._is_other_header(cells):
                self.other_header = number

    def _is_other_header(self, cells: Sequence[str]) -> bool:
        """Return whether a row names columns, but not those of the header in their places."""
        sides = ((self._from, Place.TO), (self._to, Place.FROM))
        found = [(meaning(cells[side.id_column]), side, opposite) for side, opposite in sides]
        if not any(meant for meant, *_ in found) or sum(meaning(cell) is not None for cell in cells[:_NAMED_CELLS]) < 2:
            return False
        return any(
            meant is None
            or meant.place is opposite
            or (meant.object_type is not None and side.object_type not in (None, meant.object_type))
            for meant, side, opposite in found
        )

    def _read(self, number: int, cells: Sequence[str]) -> SourceRow:
        kept = tuple(map(str, cells))
        if isinstance(cells, SuspectRow) and self._is_doubtful(cells):
            return SourceRow(number, self._with_text(kept, cells.text), (), (cells.problem,))
        if len(cells) > self._width:
            return SourceRow(number, kept, (), (self._extra_cell(len(cells)),))
        problems: list[Problem] = []
        from_type, from_ids = self._read_side(self._from, self._from_types, cells, problems)
        to_type, to_ids = self._read_side(self._to, self._to_types, cells, problems)
        if problems or from_type is None or to_type is None:  # without problems either, an id may be blank
            return SourceRow(number, kept, (), tuple(problems))
        problem = self._impossible(from_type, from_ids, to_type, to_ids)
        if problem:
            return SourceRow(number, kept, (), (problem,))
        self._from_rounded.add(number, from_ids)
        self._to_rounded.add(number, to_ids)
        self._from_lists.add(number, cells[self._from.id_column])
        self._to_lists.add(number, cells[self._to.id_column])
        pairs = tuple(Pair(from_type, from_id, to_type, to_id) for from_id in from_ids for to_id in to_ids)
        return SourceRow(number, kept, pairs, ())

    def parse_row(self, cells: Sequence[str]) -> SourceRow:
        """Return what the cells of a record would make as a row of their own, cells that they lack being empty."""
        return self._read(0, [*cells, *[""] * (self._width - len(cells))])

    def _with_text(self, kept: tuple[str, ...], text: str) -> tuple[str, ...]:
        """Return the cells with the text of the row as a surplus cell: read back, in columns, it must stay invalid."""
        return kept if len(kept) > self._width else (*kept, *[""] * (self._width - len(kept)), text)

    def _is_doubtful(self, cells: SuspectRow) -> bool:
        suspects = cells.suspects
        return not suspects or any(len(row) == self._width and self._read(0, row).pairs for row in suspects)

    # --- one side of the pair

    def _read_side(
        self, side: Side, types: dict[str, ObjectType], cells: Sequence[str], problems: list[Problem]
    ) -> tuple[ObjectType | None, list[RecordId]]:
        column = self._header.name(side.id_column)
        cell = cells[side.id_column]
        if side.may_be_blank and not cell.strip():
            self._read_blank(side, types, cells, problems)
            return None, []
        object_type = self._read_type(side, types, cells, problems)
        ids: dict[RecordId, None] = {}  # a set that keeps the order
        unreadable = truncated_list(cell, column) or _too_many_ids(cell, column)
        if unreadable:
            problems.append(unreadable)
            return object_type, []
        texts = [cell] if isinstance(cell, LossyNumber) else split_ids(cell)
        if not texts:
            problems.append(missing_id(column))
        most = len(problems) + _MAX_PROBLEMS
        for place, text in enumerate(texts):
            if len(problems) == most:
                problems.append(_further_ids(column, len(texts) - place))
                break
            found = parse_id(text, column)
            if isinstance(found, RecordUrl):
                found = self._check_url(found, object_type, text, column)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                ids[found] = None
        if not problems:
            self._check_sublists(side, ids, cells, problems)
        return object_type, list(ids)

    def _read_blank(
        self, side: Side, types: dict[str, ObjectType], cells: Sequence[str], problems: list[Problem]
    ) -> None:
        """Judge what a row says about the records that it does not have."""
        if side.type_column is not None and cells[side.type_column].strip():
            self._read_type(side, types, cells, problems)
        self._check_sublists(side, {}, cells, problems)

    def _check_sublists(self, side: Side, ids: Container[str], cells: Sequence[str], problems: list[Problem]) -> None:
        """Add a problem for the first id of each sublist that its list does not have."""
        for index in side.sublists:
            column, whole = self._header.name(index), self._header.name(side.id_column)
            for text in split_ids(cells[index]):
                found = parse_id(text, column)
                if isinstance(found, RecordUrl):
                    found = found.record_id
                if isinstance(found, Problem) or found not in ids:
                    problems.append(found if isinstance(found, Problem) else _unlisted_id(text, column, whole))
                    break

    def _read_type(
        self, side: Side, types: dict[str, ObjectType], cells: Sequence[str], problems: list[Problem]
    ) -> ObjectType | None:
        if side.type_column is None:
            return side.object_type
        text = cells[side.type_column]
        found = types.get(text) or _parse_type(text, side, self._header.name(side.type_column))
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
        message = (
            f"the row has {cells} cells, the header {self._width}; which cell belongs to which column is not sure."
        )
        advice = "Put a cell that contains the delimiter in quotation marks, or remove the cells beyond the header."
        return Problem("EXTRA_CELL", "", message, advice)

    def _impossible(
        self, from_type: ObjectType, from_ids: list[RecordId], to_type: ObjectType, to_ids: list[RecordId]
    ) -> Problem | None:
        if len(from_ids) * len(to_ids) > MAX_PAIRS:
            message = (
                f"the row makes {len(from_ids) * len(to_ids):,} pairs; at most {MAX_PAIRS:,} are taken from one row."
            )
            return Problem("TOO_MANY_PAIRS", "", message, _SPREAD)
        both = set(from_ids).intersection(to_ids) if from_type == to_type else ()
        if both:
            column = self._header.name(self._to.id_column)
            message = f"the record {min(both)} would be linked to itself, which HubSpot does not allow."
            return Problem("SELF_ASSOCIATION", column, message, "Correct one of the two ids.")
        return None


def _unlisted_id(text: str, column: str, whole: str) -> Problem:
    message = f"{quoted(text.strip())} is not among the ids of '{whole}'."
    return Problem("NOT_IN_LIST", column, message, f"Add it to '{whole}', or clear it here.")


def _too_many_ids(cell: str, column: str) -> Problem | None:
    if cell.count(";") + cell.count("；") < MAX_PAIRS:
        return None
    message = f"the cell holds more than {MAX_PAIRS:,} ids; at most {MAX_PAIRS:,} pairs are taken from one row."
    return Problem("TOO_MANY_PAIRS", column, message, _SPREAD)


def _further_ids(column: str, ids: int) -> Problem:
    message = f"{ids:,} more ids in this cell were not looked at."
    return Problem("FURTHER_IDS", column, message, "Correct the ids before them and check again.")


def _fill_up(rows: Sequence[list[str]], width: int) -> None:
    """Give rows that are shorter than the header the empty cells that they lack."""
    for cells in rows:
        cells.extend([""] * (width - len(cells)))


def _parse_type(text: str, side: Side, column: str) -> ObjectType | Problem:
    if not text.strip():
        if side.object_type:
            return side.object_type
        message = "the cell is empty; the type of the record is needed."
        return Problem("MISSING_OBJECT_TYPE", column, message, _TYPE_ADVICE)
    object_type = parse_object_type(without_formula(text))
    if object_type is None:
        return Problem("UNKNOWN_OBJECT_TYPE", column, f"{quoted(text)} is not an object type.", _TYPE_ADVICE)
    if side.object_type not in (None, object_type):
        message = f"{quoted(text)} does not agree with '{side.object_type}', the type given for the whole file."
        advice = "Correct the cell, or leave out the type that is given by the flag or the header."
        return Problem("OBJECT_TYPE_MISMATCH", column, message, advice)
    return object_type
