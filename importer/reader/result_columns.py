"""Remove the columns that an earlier run added to a file, select rows by their status, and restore their types."""

import json
import re
from collections.abc import Collection, Sequence

from importer.errors import SourceError
from importer.model import (
    EXTRA_CELLS_COLUMN,
    ORIGINAL_CELLS_COLUMN,
    PREVIOUS_RESULT_COLUMNS,
    RUN_ID_COLUMN,
    TYPES_BEFORE_COLUMN,
    UNDONE_RUN_COLUMN,
    SourceBlock,
    Status,
)
from importer.reader.files.table import Records, SuspectRow
from importer.reader.rows.ids import without_formula
from importer.reader.rows.restored_types import restore_types

STATUS_COLUMN = "import_status"
_STATUSES = frozenset(map(str, Status))
_LINKING_STATUSES = frozenset({Status.LINKED, Status.ALREADY_LINKED})
_REMOVAL_STATUSES = frozenset({Status.UNLINKED, Status.NOT_LINKED})
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{5}")


class ResultColumns:
    """The result columns of a file, which are removed from its rows.

    `kept` are the indices of all other columns. The counts cover the rows read so far: `excluded_rows` were excluded by
    their status; of these, `unknown_statuses` have a status that no run writes; `restored_rows` are rows that an
    earlier run was to unlink and whose pairs get their previous association types back. `originals` has the original
    texts of the corrected cells read so far, by row number and column key.
    """

    def __init__(
        self, name: str, header: Sequence[str], statuses: Collection[str] | None, *, restores_types: bool = False
    ) -> None:
        """Find the columns. Raises `SourceError` if rows are selected by status but there is no status column."""
        self.kept = [i for i, text in enumerate(header) if text.strip() not in PREVIOUS_RESULT_COLUMNS]
        self.excluded_rows = 0
        self.unknown_statuses = 0
        self.originals: dict[int, dict[str, str]] = {}
        self.restored_rows = 0
        self._removals: set[str] = set()
        self._run_column = _first_index(header, RUN_ID_COLUMN)
        self._width = len(header)
        self._statuses = statuses
        self._extra_cells_column = _first_index(header, EXTRA_CELLS_COLUMN)
        self._original_cells_column = _first_index(header, ORIGINAL_CELLS_COLUMN)
        self._status_column = _first_index(header, STATUS_COLUMN)
        self._has_linked, self._has_removed = False, _first_index(header, UNDONE_RUN_COLUMN) is not None
        self._types_column = _first_index(header, TYPES_BEFORE_COLUMN) if restores_types else None
        self._types: dict[int, str] = {}
        if statuses is not None and self._status_column is None:
            raise SourceError(
                "NOT_A_RESULTS_FILE",
                f"{name} has no column '{STATUS_COLUMN}', so it is not a results file. Give a results file or "
                f"the id of a run. To import this file for the first time, use: importer run",
            )

    @property
    def exist(self) -> bool:
        """True if the file has result columns."""
        return len(self.kept) < self._width

    @property
    def removal(self) -> str:
        """The run that wrote the restored rows read so far, "" if it is not known or if there were several."""
        run_id = next(iter(self._removals), "")
        return run_id if len(self._removals) == 1 and _RUN_ID.fullmatch(run_id) else ""

    @property
    def show_linking(self) -> bool:
        """True if the rows read so far result from linking: some are linked, none results from a removal or an undo."""
        return self._has_linked and not self._has_removed

    def remove(self, records: Records) -> Records:
        """Return the selected records without the result columns."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, cells in zip(*records, strict=True):
            cells.extend([""] * (self._width - len(cells)))
            if self._is_selected(cells):
                numbers.append(number)
                self._keep_originals(number, cells)
                self._keep_types(number, cells)
                kept = [cells[i] for i in self.kept] + self._extra_cells(cells) + cells[self._width :]
                rows.append(cells.replace(kept, self.kept) if isinstance(cells, SuspectRow) else kept)
            else:
                self.excluded_rows += 1
        return numbers, rows

    def restore_types(self, block: SourceBlock) -> None:
        """Restore the previous association types of pairs in the block's rows that an earlier run was to unlink."""
        if self._types:
            types = {number: self._types.pop(number) for number in block.numbers if number in self._types}
            self.restored_rows += len(types)
            restore_types(block, types)

    def _keep_types(self, number: int, cells: Sequence[str]) -> None:
        if self._types_column is None or self._status_column is None:
            return
        # Earlier results have `'` before a text that begins with `-`, and some spreadsheet programs add it.
        types = without_formula(cells[self._types_column].strip()).removeprefix("'")
        if types and cells[self._status_column].strip().lower() in _REMOVAL_STATUSES:
            self._types[number] = types
            if len(self._removals) < 2:
                self._removals.add(cells[self._run_column].strip() if self._run_column is not None else "")

    def _is_selected(self, cells: Sequence[str]) -> bool:
        if self._status_column is None or self._statuses is None:
            return True
        status = cells[self._status_column].strip().lower()
        self._has_linked |= status in _LINKING_STATUSES
        self._has_removed |= status in _REMOVAL_STATUSES
        if status and status not in _STATUSES:
            self.unknown_statuses += 1
        # A row without a status is new, or its status was cleared so that it is sent again.
        return not status or status in self._statuses

    def _extra_cells(self, cells: Sequence[str]) -> list[str]:
        """Return the cells beyond the header that an earlier run moved into a column: the row is still too long."""
        text = "" if self._extra_cells_column is None else cells[self._extra_cells_column]
        if not text.strip():
            return []
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return [text]
        return [str(cell) for cell in found] if isinstance(found, list) and found else [text]

    def _keep_originals(self, number: int, cells: Sequence[str]) -> None:
        """Keep the original texts that an earlier run recorded for a row; ignore anything else in that column."""
        text = "" if self._original_cells_column is None else cells[self._original_cells_column]
        if not text.strip():
            return
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(found, dict):
            self.originals[number] = {key: str(original) for key, original in found.items()}


def _first_index(header: Sequence[str], name: str) -> int | None:
    return next((i for i, text in enumerate(header) if text.strip() == name), None)
