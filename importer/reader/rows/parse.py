"""Parse the cells of a record into a row: its pairs, or all problems that prevent them."""

from collections.abc import Container, Iterator, Sequence

from importer.model import ObjectType, Pair, Problem, RecordId, RowNames, SourceBlock, SourceRow
from importer.reader.columns.headers import ColumnKind, meaning
from importer.reader.columns.object_types import STANDARD_OBJECT_TYPES, parse_object_type
from importer.reader.columns.roles import Columns, Header, Side
from importer.reader.files.table import Records, SuspectRow
from importer.reader.files.workbook.lossy import LossyNumber
from importer.reader.rows import problems as row_problems
from importer.reader.rows.fast_path import usual_pairs
from importer.reader.rows.ids import RecordUrl, missing_id, parse_id, split_ids, without_formula
from importer.reader.rows.labels import RowLabels
from importer.reader.rows.problems import MAX_PAIRS
from importer.reader.rows.rounding import RoundedIds
from importer.reader.rows.truncation import LongestLists, truncated_list
from importer.reader.rows.values import missing_value, parse_value, split_values

MANY_PAIRS = 50_000
"""Number of pairs after which a block is yielded, even if it could hold more rows."""

_MAX_KEPT = 1_000
_MAX_PROBLEMS = 20
"""Maximum number of problems reported for one cell."""

_FEW_RECORDS = 8
_NAMED_CELLS = 200
"""Number of leading cells of a row that are searched for column names."""


class RowReader:
    """A parser of the records of a file with known columns.

    `blank` counts the skipped blank records, `portals` are the account ids of accepted record URLs, `custom_types` the
    object types that are not standard. `other_header` is the number of the first row with column names that differ from
    the header: the rows below it would be read in the wrong columns.
    """

    def __init__(self, columns: Columns, header: Header, portal_id: int | None = None) -> None:
        """Parse by these columns. If `portal_id` is given, record URLs of other accounts are problems."""
        self._portal_id = portal_id
        self.blank = 0
        self.other_header: int | None = None
        self.portals: set[str] = set()
        self.custom_types: set[str] = set()
        self._header = header
        self._width = len(header.texts)
        self._from, self._to = columns.from_side, columns.to_side
        self._looks_up = bool(self._from.lookup_by or self._to.lookup_by)
        labels = RowLabels(columns)
        self._labels = labels if labels.exist else None
        self._from_rounded = RoundedIds(header.name(self._from.id_column))
        self._to_rounded = RoundedIds(header.name(self._to.id_column))
        self._from_lists = LongestLists(header.name(self._from.id_column))
        self._to_lists = LongestLists(header.name(self._to.id_column))
        # Parsed cells of the type columns, so that each distinct text is parsed once.
        self._from_types: dict[str, ObjectType] = {}
        self._to_types: dict[str, ObjectType] = {}
        for side in (self._from, self._to):
            if side.object_type:
                self._note_type(side.object_type)

    def blocks(self, records: Records) -> Iterator[SourceBlock]:
        """Yield the rows of the records that are not blank, in one block unless they yield many pairs."""
        numbers, rows = records
        if set(map(len, rows)) != {self._width}:
            _fill_up(rows, self._width)
        block = SourceBlock()
        todo = [(numbers, rows)]
        while todo:
            numbers, rows = todo.pop()
            if not self._add_usual(block, numbers, rows):
                if len(rows) > _FEW_RECORDS:  # find the rows that are not simple by bisection
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
        """Return the sentences about ids that look rounded and lists that look truncated, "" where there are none."""
        collected = (self._from_rounded, self._to_rounded, self._from_lists, self._to_lists)
        return tuple(found.warning(names) for found in collected)

    def _add_usual(self, block: SourceBlock, numbers: Sequence[int], rows: Sequence[list[str]]) -> bool:
        """Add the rows to the block if all are simple; return whether they are. `_add_singly` does the same slower."""
        if set(map(len, rows)) != {self._width} or set(map(type, rows)) != {list} or self._looks_up:
            return False
        known_types = (self._from_types, self._to_types)
        pairs = usual_pairs((self._from, self._to), known_types, numbers, rows, self._to_lists)
        if pairs is None:
            return False
        if self._labels is not None:
            self._labels.add_to(pairs, numbers, rows)
        block.numbers.extend(numbers)
        block.cells.extend(rows)
        block.pairs.extend(pairs)
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
        """Return whether a row contains column names, but not those of the header in the same positions."""
        sides = ((self._from, ColumnKind.TO), (self._to, ColumnKind.FROM))
        found = [(meaning(cells[side.id_column]), side, opposite) for side, opposite in sides]
        if not any(meant for meant, *_ in found) or sum(meaning(cell) is not None for cell in cells[:_NAMED_CELLS]) < 2:
            return False
        return any(
            meant is None
            or meant.kind is opposite
            or (meant.object_type is not None and side.object_type not in (None, meant.object_type))
            for meant, side, opposite in found
        )

    def _read(self, number: int, cells: Sequence[str]) -> SourceRow:
        kept = tuple(map(str, cells))
        if isinstance(cells, SuspectRow) and self._is_invalid_suspect(cells):
            return SourceRow(number, self._with_text(kept, cells.text), (), (cells.problem,))
        if len(cells) > self._width:
            return SourceRow(number, kept, (), (row_problems.extra_cell(len(cells), self._width),))
        problems: list[Problem] = []
        from_type, from_ids = self._read_side(self._from, self._from_types, cells, problems)
        to_type, to_ids = self._read_side(self._to, self._to_types, cells, problems)
        if problems or from_type is None or to_type is None:  # a blank id is not a problem where it is allowed
            return SourceRow(number, kept, (), tuple(problems))
        problem = self._pairs_problem(from_type, from_ids, to_type, to_ids)
        if problem:
            return SourceRow(number, kept, (), (problem,))
        if not self._from.lookup_by:
            self._from_rounded.add(number, from_ids)
            self._from_lists.add(number, cells[self._from.id_column])
        if not self._to.lookup_by:
            self._to_rounded.add(number, to_ids)
            self._to_lists.add(number, cells[self._to.id_column])
        pairs = tuple(Pair(from_type, from_id, to_type, to_id) for from_id in from_ids for to_id in to_ids)
        by_id = self._labels.of_row(cells, to_ids) if self._labels is not None else {}
        labels = tuple(by_id.get(pair.to_id, ()) for pair in pairs) if by_id else ()
        return SourceRow(number, kept, pairs, (), labels)

    def parse_row(self, cells: Sequence[str]) -> SourceRow:
        """Parse one record as a row; missing trailing cells are empty."""
        return self._read(0, [*cells, *[""] * (self._width - len(cells))])

    def _with_text(self, kept: tuple[str, ...], text: str) -> tuple[str, ...]:
        """Return the cells with the text of the record as an extra cell: the row must be invalid when read back."""
        return kept if len(kept) > self._width else (*kept, *[""] * (self._width - len(kept)), text)

    def _is_invalid_suspect(self, cells: SuspectRow) -> bool:
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
        ids: dict[RecordId, None] = {}  # an ordered set
        unreadable = truncated_list(cell, column) or row_problems.too_many_ids(cell, column)
        if unreadable:
            problems.append(unreadable)
            return object_type, []
        texts = [cell] if isinstance(cell, LossyNumber) else _split(cell, side)
        if not texts:
            problems.append(missing_value(column, side.lookup_by) if side.lookup_by else missing_id(column))
        limit = len(problems) + _MAX_PROBLEMS
        for index, text in enumerate(texts):
            if len(problems) == limit:
                problems.append(row_problems.further_ids(column, len(texts) - index))
                break
            found = _parse(text, column, side)
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
        """Check the type and the sublists of a record whose id is blank."""
        if side.type_column is not None and cells[side.type_column].strip():
            self._read_type(side, types, cells, problems)
        self._check_sublists(side, {}, cells, problems)

    def _check_sublists(self, side: Side, ids: Container[str], cells: Sequence[str], problems: list[Problem]) -> None:
        """Add a problem for the first id of each sublist that is missing from the list."""
        for index in side.sublists:
            column, list_column = self._header.name(index), self._header.name(side.id_column)
            for text in split_ids(cells[index]):
                found = parse_id(text, column)
                if isinstance(found, RecordUrl):
                    found = found.record_id
                if not isinstance(found, Problem) and found not in ids:
                    found = row_problems.unlisted_id(text, column, list_column)
                if isinstance(found, Problem):
                    problems.append(found)
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
        is_standard = object_type in STANDARD_OBJECT_TYPES
        if not is_standard and not object_type[0].isdigit() and len(self.custom_types) < _MAX_KEPT:
            self.custom_types.add(object_type)

    def _check_url(self, url: RecordUrl, object_type: ObjectType | None, text: str, column: str) -> RecordId | Problem:
        if self._portal_id is not None and int(url.portal) != self._portal_id:
            return row_problems.other_portal(text, column, url.portal, self._portal_id)
        if len(self.portals) < _MAX_KEPT:
            self.portals.add(url.portal)
        if object_type in (None, url.object_type):
            return url.record_id
        return row_problems.url_type_mismatch(text, column, url.object_type, str(object_type))

    # --- the row as a whole

    def _pairs_problem(
        self, from_type: ObjectType, from_ids: list[RecordId], to_type: ObjectType, to_ids: list[RecordId]
    ) -> Problem | None:
        if len(from_ids) * len(to_ids) > MAX_PAIRS:
            return row_problems.too_many_pairs(len(from_ids) * len(to_ids))
        # An id and a value that look the same are not the same record.
        is_same_kind = from_type == to_type and self._from.lookup_by == self._to.lookup_by
        both = set(from_ids).intersection(to_ids) if is_same_kind else ()
        return row_problems.self_association(min(both), self._header.name(self._to.id_column)) if both else None


def _split(cell: str, side: Side) -> list[str]:
    return split_values(cell, side.lookup_by) if side.lookup_by else split_ids(cell)


def _parse(text: str, column: str, side: Side) -> RecordId | RecordUrl | Problem:
    """Return the id in a text; on a side that is looked up, the value that the lookup will replace with an id."""
    if not side.lookup_by:
        return parse_id(text, column)
    found = parse_value(text, column, side.lookup_by)
    return found if isinstance(found, Problem) else RecordId(found)


def _fill_up(rows: Sequence[list[str]], width: int) -> None:
    """Append the missing empty cells to rows that are shorter than the header."""
    for cells in rows:
        cells.extend([""] * (width - len(cells)))


def _parse_type(text: str, side: Side, column: str) -> ObjectType | Problem:
    if not text.strip():
        return side.object_type or row_problems.missing_type(column)
    object_type = parse_object_type(without_formula(text))
    if object_type is None:
        return row_problems.unknown_type(text, column)
    if side.object_type is not None and side.object_type != object_type:
        return row_problems.type_mismatch(text, column, side.object_type)
    return object_type
