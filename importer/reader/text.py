"""CSV and its kin: a text file as numbered records of cells, streamed."""

import csv
import io
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.reader.encodings import MARK, MARK_ERRORS, Encoding, chosen_encoding, detect_encoding, may_hide
from importer.reader.headers import meaning
from importer.reader.messages import quoted
from importer.reader.tables import BLOCK_CHARACTERS, BLOCK_RECORDS, Records, Table

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""The delimiters that are looked for, with their names; `--delimiter` takes these names and any other character."""

MAX_LINE = 16 << 20
"""Bytes in one line, characters in one cell; a longer one is a quotation mark never closed, or no table at all."""

_DELIMITER_NAMES = {name: delimiter for delimiter, name in DELIMITERS.items()} | {"\\t": "\t"}
_declaration = re.compile(r'sep=([^"\r\n])(?:[\r\n]|\Z)', re.IGNORECASE).match
_TOO_LONG = "line too long"
_BUFFER = 1 << 16
_SAMPLE = 1 << 18
_SAMPLE_RECORDS = 50
_SAMPLE_COLUMNS = 200
_TITLE_RECORDS = 25


class _BoundedFile(io.FileIO):
    """A file that is read no further than `MAX_LINE` bytes into one line; `bytes_read` counts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.bytes_read = 0
        self._line = 0

    def readinto(self, buffer: "memoryview[int]", /) -> int | None:  # type: ignore[override]
        size = super().readinto(buffer) or 0
        self.bytes_read += size
        block = bytes(buffer[:size])
        self._line = 0 if b"\n" in block or b"\r" in block else self._line + size
        if self._line > MAX_LINE:
            raise csv.Error(_TOO_LONG)
        return size


@dataclass(frozen=True, slots=True)
class _Text:
    """A text file and how to read it; the first `skip` lines are no records."""

    path: Path
    name: str
    encoding: Encoding
    delimiter: str = ","
    skip: int = 0

    def open(self, errors: str = "strict") -> io.TextIOWrapper:
        buffer = io.BufferedReader(_BoundedFile(self.path), _BUFFER)
        return io.TextIOWrapper(buffer, self.encoding.codec, errors, newline="")

    def reader(self, file: io.TextIOWrapper) -> Iterator[list[str]]:
        csv.field_size_limit(MAX_LINE)
        for _ in range(self.skip):
            file.readline()
        # Strict: a cell that goes on after its closing quotation mark would move what follows to another column.
        return csv.reader(file, delimiter=self.delimiter, strict=True)


def open_text(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of a text file; `name` is what messages call it.

    Raises `SourceError` when its bytes do not decode or a quotation mark is not closed, naming the row (while it is
    read, if that is far from the top), and `SettingsError` for an unknown encoding or delimiter.
    """
    encoding = chosen_encoding(reading.encoding, path, name) if reading.encoding else detect_encoding(path)
    sample = _sample(_Text(path, name, encoding))
    declared = _declared_delimiter(sample)
    delimiter = _chosen_delimiter(reading.delimiter) or declared or _likely_delimiter(sample, reading.header_row)
    if may_hide(path, encoding, delimiter):
        raise SourceError(
            f"{name} may be Shift_JIS or Windows-1252, and which columns its cells stand in depends on it. "
            f"Say which with --encoding cp932 or --encoding cp1252."
        )
    records = _records(_Text(path, name, encoding, delimiter, skip=int(bool(declared))))
    return Table(
        format="TSV" if delimiter == "\t" else "CSV",
        records=records,
        close=records.close,
        encoding=encoding.name,
        delimiter=delimiter,
        notes=_notes(encoding),
    )


def _notes(encoding: Encoding) -> tuple[str, ...]:
    if encoding.note:
        return (encoding.note,)
    if not encoding.guessed:
        return ()
    return (f"The text is taken to be {encoding.name}; if names look wrong, say which it is with --encoding NAME.",)


def _records(text: _Text) -> Generator[Records]:
    """Yield the records in blocks; those before an error come before it."""
    number = 1
    with text.open() as file:
        reader = text.reader(file)
        while True:
            rows: list[list[str]] = []
            failure: SourceError | None = None
            try:
                _read_block(reader, rows, file.buffer.raw)  # type: ignore[attr-defined]
            except UnicodeError:
                failure = _undecodable(text)
            except csv.Error as error:
                failure = _malformed(text, number + len(rows), str(error))
            if rows:
                yield range(number, number + len(rows)), rows
            if failure is not None:
                raise failure
            if not rows:
                return
            number += len(rows)


def _read_block(reader: Iterator[list[str]], rows: list[list[str]], file: _BoundedFile) -> None:
    bound = file.bytes_read + BLOCK_CHARACTERS
    for cells in islice(reader, BLOCK_RECORDS):
        rows.append(cells)
        if file.bytes_read > bound:
            return


def _undecodable(text: _Text) -> SourceError:
    """Return the error that names the first row with bytes that do not decode: the file is read again to find it."""
    number = 1
    with text.open(MARK_ERRORS) as file:
        try:
            for number, cells in enumerate(text.reader(file), 1):  # noqa: B007 - told below
                if any(MARK in cell for cell in cells):
                    break
        except csv.Error as error:
            return _malformed(text, number + 1, str(error))
        except UnicodeError:  # not even a first character: UTF-32 without its mark
            pass
    return SourceError(
        f"{text.name}, row {number}: the text is not {text.encoding.name}. Say which encoding the file has with "
        f"--encoding NAME (for example cp932 or cp1252), or save it as UTF-8."
    )


def _malformed(text: _Text, number: int, reason: str) -> SourceError:
    if reason == _TOO_LONG:
        seen, repair = f"the line is longer than {MAX_LINE >> 20} MiB", "Check that the file is a table"
    elif "expected after" in reason:
        seen = "a cell goes on after its closing quotation mark, so its columns are not sure"
        repair = 'Quotation marks inside a quoted cell are doubled (""); correct the row, or name the right --delimiter'
    else:  # "unexpected end of data", or a cell that swallows more than the limit
        seen, repair = "a quotation mark is opened and not closed", "Close or remove it"
    return SourceError(f"{text.name}, row {number}: {seen}. {repair}, or save the table as XLSX.")


def _sample(text: _Text) -> str:
    """Return the first characters, as far as they decode; what does not is told when its row is read."""
    with text.open(MARK_ERRORS) as file:
        return file.read(_SAMPLE)


def _declared_delimiter(sample: str) -> str:
    """Return what a first line `sep=;` declares; spreadsheet programs obey it and do not show it as a row."""
    found = _declaration(sample)
    return found[1] if found else ""


def _chosen_delimiter(wish: str | None) -> str:
    if not wish:
        return ""
    delimiter = _DELIMITER_NAMES.get(wish.lower(), wish)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SettingsError(
            f"--delimiter {quoted(wish)} is not a delimiter. Write one character, or comma, semicolon, tab, pipe."
        )
    return delimiter


def _likely_delimiter(sample: str, header_row: int | None) -> str:
    """Return the delimiter under which the header names most records, then most of the first records fit the header."""
    scores = {delimiter: _score(sample, delimiter, header_row or 1) for delimiter in DELIMITERS}
    return max(scores, key=lambda delimiter: scores[delimiter])


def _score(sample: str, delimiter: str, header_row: int) -> tuple[int, float, int]:
    records: list[list[str]] = []
    try:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
        for number, cells in enumerate(reader, 1):
            if cells and number >= header_row:
                records.append(cells)
            if len(records) > _SAMPLE_RECORDS:
                break
    except csv.Error:
        pass
    if len(sample) == _SAMPLE and 1 < len(records) <= _SAMPLE_RECORDS:
        records.pop()  # cut off by the end of the sample
    # Lines with a title may come before the header.
    start = next((i for i, cells in enumerate(records[:_TITLE_RECORDS]) if _understood(cells) > 1), 0)
    records = records[start:]
    if not records or len(records[0]) < 2:
        return 0, 0.0, 0
    width = len(records[0])
    fitting = sum(len(cells) == width for cells in records)
    return min(_understood(records[0]), 2), fitting / len(records), width


def _understood(cells: list[str]) -> int:
    return sum(meaning(text) is not None for text in cells[:_SAMPLE_COLUMNS])
