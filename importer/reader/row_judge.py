"""Judge single rows without reading their source again."""

from collections.abc import Sequence
from dataclasses import replace

from importer.config import Reading
from importer.model import SourceRow
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Header
from importer.reader.rows.parse import RowReader


class RowJudge:
    """A judge of rows of a source whose header is known; `used_columns` are the columns on which pairs depend."""

    def __init__(self, header: Sequence[str], reading: Reading) -> None:
        """Resolve the columns of `header`; `#N` is its Nth column. Raises SourceError and SettingsError."""
        names = Header(tuple(header), tuple(range(1, len(header) + 1)))
        columns = find_columns("the file", names, reading)
        self.used_columns = columns.used()
        self._reader = RowReader(columns, names, reading.portal_id)

    def judge(self, number: int, cells: Sequence[str]) -> SourceRow:
        """Return the pairs of a row, or its problems; a blank row has neither."""
        if not any(map(str.strip, cells)):
            return SourceRow(number, tuple(cells), (), ())
        return replace(self._reader.parse_row(cells), number=number)

    @property
    def portals(self) -> frozenset[str]:
        """The account ids in the record URLs of the judged rows."""
        return frozenset(self._reader.portals)
