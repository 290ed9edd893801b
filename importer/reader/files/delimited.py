"""CSV and its kin: a text file as numbered records of cells, streamed."""

import csv
import io
import re
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader.columns.headers import meaning
from importer.reader.files.encodings import (
    MARK,
    MARK_ERRORS,
    Encoding,
    chosen_encoding,
    detect_encoding,
    half_of_a_character,
)
from importer.reader.files.lines import MAX_LINE, Lines, LineTooLongError, TextFile
from importer.reader.files.open_quotes import doubt_open_quotes
from importer.reader.files.quoting import RecordSplitter, check_row, may_have_other_quotes
from importer.reader.files.table import BLOCK_RECORDS, FORMULA_SIGNS, Records, Seen, Table
from importer.reader.messages import quoted
from importer.reader.rows.ids import are_short_ids

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""The delimiters that are looked for, with their names; `--delimiter` takes these names and any other character."""

_DELIMITER_NAMES = {name: delimiter for delimiter, name in DELIMITERS.items()} | {"\\t": "\t"}
_declaration = re.compile(r'sep=([^"\r\n])(?:[\r\n]|\Z)', re.IGNORECASE).match
_SAMPLE = 1 << 18
_SAMPLE_RECORDS = 50
_SAMPLE_COLUMNS = 200
_TITLE_RECORDS = 25
_FURTHER_LINES = 100
"""Lines that are added to a block to end a quoted cell in it."""


def open_text(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of a text file; `name` is what messages call it.

    Raises `SourceError` when its bytes do not decode or a line is too long, naming the row (while it is read, if that
    is far from the top), and `SettingsError` for an unknown encoding or delimiter.
    """
    encoding = chosen_encoding(reading.encoding, path, name) if reading.encoding else detect_encoding(path, name)
    sample = _sample(TextFile(path, name, encoding))
    declared = _declared_delimiter(sample)
    delimiter = _chosen_delimiter(reading.delimiter) or declared or _likely_delimiter(sample, name, reading)
    other = half_of_a_character(path, encoding, delimiter)
    if other:
        raise SourceError(
            f"{name} may be in the encoding {encoding.codec} or {other}, and which columns its cells are in depends on "
            f"it. Say which with --encoding {encoding.codec} or --encoding {other}."
        )
    seen = Seen(may_have_formulas=False)
    text = TextFile(path, name, encoding, delimiter, skip=int(bool(declared)))
    records = _records(text, seen)
    return Table(
        format="TSV" if delimiter == "\t" else "CSV",
        records=records,
        close=records.close,
        encoding=encoding.name,
        delimiter=delimiter,
        notes=_notes(encoding),
        seen=seen,
    )


def _notes(encoding: Encoding) -> tuple[str, ...]:
    if encoding.note:
        return (encoding.note,)
    if not encoding.guessed:
        return ()
    return (f"The text is taken to be {encoding.name}; if names look wrong, say which it is with --encoding NAME.",)


def _records(text: TextFile, seen: Seen) -> Generator[Records]:
    """Yield the records in blocks; records before an error are yielded before it is raised."""
    number = 1
    with text.open() as lines:
        try:
            for rows in doubt_open_quotes(_blocks(lines, text.delimiter, seen), text.delimiter):
                yield range(number, number + len(rows)), rows
                number += len(rows)
        except UnicodeError:
            raise _undecodable(text) from None
        except LineTooLongError:
            raise _too_long(text, number) from None
        if number > 2 and lines.last.strip() and not lines.last.endswith(("\n", "\r")):
            seen.unended = number - 1, lines.last[-20:]


def _blocks(lines: Lines, delimiter: str, seen: Seen) -> Iterator[tuple[list[list[str]], bool]]:
    """Yield rows in blocks, and whether any may have cells in marks other than `"`."""
    splitter = RecordSplitter(delimiter)
    csv.field_size_limit(MAX_LINE)
    failure: Exception | None = None
    while failure is None:
        block: list[str] = []
        try:
            lines.extend_block(block)
        except (UnicodeError, LineTooLongError) as error:
            failure = error
        if not block:
            break
        plain = _split_plainly(block, lines, delimiter, seen)
        if plain is not None:
            splitter.skip(block, plain[0][-1])
            yield plain
            continue
        seen.may_have_formulas = True
        records = (check_row(cells, delimiter) for cells in splitter.split(block, lines))
        while rows := list(islice(records, BLOCK_RECORDS)):
            yield rows, True
    if failure is not None:
        raise failure


def _split_plainly(block: list[str], lines: Lines, delimiter: str, seen: Seen) -> tuple[list[list[str]], bool] | None:
    """Return the records as the csv module reads them, None when a quotation mark may mislead it.

    The second value tells whether any may have cells in marks other than `"`.

    When the last record is cut off within a quoted cell, the lines that end it are added to the block.
    """
    try:
        rows = list(csv.reader(block, delimiter=delimiter, strict=True))
    except csv.Error:
        if not _end_quoted_cell(block, lines):
            return None
        try:
            rows = list(csv.reader(block, delimiter=delimiter, strict=True))
        except csv.Error:
            return None
    joined = "\n" + "\n".join(map("\n".join, rows))  # in which every cell follows a line end
    if '"' in joined:
        return None
    seen.may_have_formulas = seen.may_have_formulas or any(
        sign in joined and "\n" + sign in joined for sign in FORMULA_SIGNS
    )
    text = "".join(block)
    has_other_quotes = may_have_other_quotes(text, delimiter)
    if len(rows) < len(block) or has_other_quotes:
        rows = [check_row(cells, delimiter) for cells in rows]
    return rows, has_other_quotes


def _end_quoted_cell(block: list[str], lines: Lines) -> bool:
    """Add a few lines to a block in which the last quoted cell is not closed; return whether that closed one.

    In a well-formed text the number of quotation marks up to the end of any record is even.
    """
    if "".join(block).count('"') % 2 == 0:
        return False
    for line in islice(lines, _FURTHER_LINES):
        block.append(line)
        if line.count('"') % 2:
            return True
    return False


def _undecodable(text: TextFile) -> SourceError:
    """Return the error that names the first row with bytes that do not decode: the file is read again to find it."""
    number = 1
    with text.open(MARK_ERRORS) as lines:
        try:
            for rows, _ in _blocks(lines, text.delimiter, Seen()):
                found = next((i for i, cells in enumerate(rows) if any(MARK in cell for cell in cells)), None)
                number += len(rows) if found is None else found
                if found is not None:
                    break
        except LineTooLongError:
            return _too_long(text, number)
        except UnicodeError:  # not even a first character: UTF-32 without its mark
            pass
    return SourceError(
        f"{text.name}, row {number}: the text is not {text.encoding.name}. Say which encoding the file has with "
        f"--encoding NAME (for example cp932 or cp1252), or save it as UTF-8."
    )


def _too_long(text: TextFile, number: int) -> SourceError:
    return SourceError(
        f"{text.name}, row {number}: the line is longer than {MAX_LINE >> 20} MiB. Check that the file is a table, or "
        f"save the table as XLSX."
    )


def _sample(text: TextFile) -> str:
    """Return the first characters, as far as they decode; an error is reported when its row is read."""
    with text.open(MARK_ERRORS) as lines:
        return lines.read(_SAMPLE)


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


def _likely_delimiter(sample: str, name: str, reading: Reading) -> str:
    """Return the delimiter under which the header names most records, then most of the first records fit the header.

    Raises `SourceError` when no header tells and all records fit under several delimiters.
    """
    found = {delimiter: _first_records(sample, delimiter, reading.header_row or 1) for delimiter in DELIMITERS}
    scores = {delimiter: _score(records) for delimiter, records in found.items()}
    fitting = [delimiter for delimiter, (understood, share, _) in scores.items() if not understood and share == 1]
    best = max(scores, key=lambda delimiter: scores[delimiter])
    if best not in fitting or len(fitting) == 1:
        return best
    with_ids = [delimiter for delimiter in fitting if _has_ids(found[delimiter], reading)]
    if len(with_ids) == 1:
        return with_ids[0]
    shown = " and ".join(DELIMITERS[delimiter] for delimiter in fitting)
    raise SourceError(
        f"{name}: the first rows have the same number of cells under several delimiters ({shown}), and no column "
        f"name tells which is meant. Say which with --delimiter, for example --delimiter {DELIMITERS[fitting[0]]}."
    )


def _has_ids(records: list[list[str]], reading: Reading) -> bool:
    """Return whether the columns that are named by position hold one bare id each, whatever the first row is."""
    names = [reading.columns.get(role, "") for role in (Role.FROM_OBJECT_ID, Role.TO_OBJECT_ID)]
    if not all(name[:1] == "#" and name[1:].isascii() and name[1:].isdecimal() for name in names):
        return False
    places = [int(name[1:]) - 1 for name in names]
    rows = records if reading.no_header else records[1:]
    return all(
        0 <= place < len(cells) and are_short_ids([cells[place].strip()]) and bool(cells[place].strip())
        for cells in rows
        for place in places
    )


def _first_records(sample: str, delimiter: str, header_row: int) -> list[list[str]]:
    """Return the first records of a sample from its header on."""
    found = enumerate(RecordSplitter(delimiter).split(io.StringIO(sample, newline=""), iter(())), 1)
    below = (cells for number, cells in found if cells and number >= header_row)
    records = list(islice(below, _SAMPLE_RECORDS + 1))
    if len(sample) == _SAMPLE and 1 < len(records) <= _SAMPLE_RECORDS:
        records.pop()  # cut off by the end of the sample
    # Lines with a title may come before the header.
    start = next((i for i, cells in enumerate(records[:_TITLE_RECORDS]) if _understood(cells) > 1), 0)
    return records[start:]


def _score(records: list[list[str]]) -> tuple[int, float, int]:
    if not records or len(records[0]) < 2:
        return 0, 0.0, 0
    width = len(records[0])
    fitting = sum(len(cells) == width for cells in records)
    return min(_understood(records[0]), 2), fitting / len(records), width


def _understood(cells: list[str]) -> int:
    return sum(meaning(text) is not None for text in cells[:_SAMPLE_COLUMNS])
