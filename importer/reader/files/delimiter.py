"""Choice of the delimiter of a text file: requested, declared in the file, or detected."""

import io
import re
from itertools import islice

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader.files.quoting import RecordSplitter
from importer.reader.files.table import Recognizers
from importer.reader.messages import quoted

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""The delimiters that are detected, and their names; `--delimiter` accepts these names and any other character."""

_DELIMITER_NAMES = {name: delimiter for delimiter, name in DELIMITERS.items()} | {"\\t": "\t"}
_DECLARATION = re.compile(r'sep=([^"\r\n])(?:[\r\n]|\Z)', re.IGNORECASE)
"""A first line such as `sep=;`: spreadsheet programs use the delimiter it declares and do not show it as a row."""

_SAMPLE_RECORDS = 50
_SAMPLE_COLUMNS = 200
_MAX_TITLE_RECORDS = 25


def choose_delimiter(
    sample: str, name: str, reading: Reading, recognizers: Recognizers, *, is_complete: bool
) -> tuple[str, bool]:
    """Return the delimiter of a text, and whether its first line declares one.

    `sample` is the beginning of the text, or all of it if `is_complete`. Raises `SettingsError` when the requested
    delimiter is invalid, and `SourceError` when several delimiters fit.
    """
    declaration = _DECLARATION.match(sample)
    declared = declaration[1] if declaration else ""
    delimiter = _requested_delimiter(reading.delimiter) or declared
    return delimiter or _Detection(sample, reading, recognizers, is_complete=is_complete).best(name), bool(declared)


def _requested_delimiter(requested: str | None) -> str:
    if not requested:
        return ""
    delimiter = _DELIMITER_NAMES.get(requested.lower(), requested)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SettingsError(
            "INVALID_DELIMITER",
            f"--delimiter {quoted(requested)} is not a delimiter. Use one character, or comma, semicolon, tab or pipe.",
        )
    return delimiter


class _Detection:
    """Comparison of the delimiters by the records into which they split a sample."""

    def __init__(self, sample: str, reading: Reading, recognizers: Recognizers, *, is_complete: bool) -> None:
        self._sample = sample
        self._is_complete = is_complete
        self._reading = reading
        self._recognizers = recognizers

    def best(self, name: str) -> str:
        """Return the delimiter with the most known columns in the header, then the most records that fit the header.

        Raises `SourceError` if no header is known and every record fits with several delimiters.
        """
        found = {delimiter: self._first_records(delimiter) for delimiter in DELIMITERS}
        scores = {delimiter: self._score(records) for delimiter, records in found.items()}
        fitting = [delimiter for delimiter, (known, share, _) in scores.items() if not known and share == 1]
        best = max(scores, key=lambda delimiter: scores[delimiter])
        if best not in fitting or len(fitting) == 1:
            return best
        with_ids = [delimiter for delimiter in fitting if self._has_ids(found[delimiter])]
        if len(with_ids) == 1:
            return with_ids[0]
        shown = " and ".join(DELIMITERS[delimiter] for delimiter in fitting)
        raise SourceError(
            "DELIMITER_AMBIGUOUS",
            f"{name}: the first rows have the same number of cells with several delimiters ({shown}), and no column "
            f"name shows which one is right. Choose one with --delimiter, for example "
            f"--delimiter {DELIMITERS[fitting[0]]}.",
        )

    def _first_records(self, delimiter: str) -> list[list[str]]:
        """Return the first records, starting with the header."""
        lines = io.StringIO(self._sample, newline="")
        numbered = enumerate(RecordSplitter(delimiter).split(lines, iter(())), 1)
        below = (cells for number, cells in numbered if cells and number >= (self._reading.header_row or 1))
        records = list(islice(below, _SAMPLE_RECORDS + 1))
        if not self._is_complete and 1 < len(records) <= _SAMPLE_RECORDS:
            records.pop()  # truncated by the end of the sample
        # Title lines may precede the header.
        titles = enumerate(records[:_MAX_TITLE_RECORDS])
        return records[next((i for i, cells in titles if self._count_known(cells) > 1), 0) :]

    def _score(self, records: list[list[str]]) -> tuple[int, float, int]:
        """Return the number of known columns (at most 2), the share of records that fit the header, and its length."""
        if not records or len(records[0]) < 2:
            return 0, 0.0, 0
        width = len(records[0])
        fitting = sum(len(cells) == width for cells in records)
        return min(self._count_known(records[0]), 2), fitting / len(records), width

    def _count_known(self, cells: list[str]) -> int:
        return sum(map(self._recognizers.is_known_header, cells[:_SAMPLE_COLUMNS]))

    def _has_ids(self, records: list[list[str]]) -> bool:
        """Return whether the columns mapped by position (`#1`) hold one plain id in every row below the header."""
        names = [self._reading.columns.get(role, "") for role in (Role.FROM_OBJECT_ID, Role.TO_OBJECT_ID)]
        if not all(name[:1] == "#" and name[1:].isascii() and name[1:].isdecimal() for name in names):
            return False
        columns = [int(name[1:]) - 1 for name in names]
        rows = records if self._reading.no_header else records[1:]
        return all(
            0 <= column < len(cells)
            and bool(cells[column].strip())
            and self._recognizers.are_ids([cells[column].strip()])
            for cells in rows
            for column in columns
        )
