"""Delimited text files (CSV, TSV) as numbered records of cells, streamed."""

import csv
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.files.delimiter import choose_delimiter
from importer.reader.files.encodings import (
    MARK,
    MARK_ERRORS,
    Encoding,
    codec_in_which_delimiter_is_ambiguous,
    detect_encoding,
    requested_encoding,
)
from importer.reader.files.foreign_quotes import may_have_foreign_quotes
from importer.reader.files.lines import MAX_LINE, Lines, LineTooLongError, TextFile
from importer.reader.files.quoting import RecordSplitter
from importer.reader.files.suspect_rows import check_row, mark_split_cells
from importer.reader.files.table import BLOCK_RECORDS, FORMULA_SIGNS, Observations, Recognizers, Records, Table

_SAMPLE = 1 << 18
"""Characters from which the delimiter is detected."""

_MAX_EXTRA_LINES = 100
"""Lines that are added to a block to complete a quoted cell at its end."""


def open_text(path: Path, name: str, reading: Reading, recognizers: Recognizers) -> Table:
    """Open a text file as a table; messages call the file `name`.

    Raises `SourceError` when the encoding or the delimiter is ambiguous, and `SettingsError` for an unknown one. The
    records raise `SourceError`, naming the row, where bytes cannot be decoded or a line is too long.
    """
    encoding = requested_encoding(reading.encoding, path, name) if reading.encoding else detect_encoding(path, name)
    sample = _sample(TextFile(path, name, encoding))
    is_complete = len(sample) < _SAMPLE
    delimiter, is_declared = choose_delimiter(sample, name, reading, recognizers, is_complete=is_complete)
    other = codec_in_which_delimiter_is_ambiguous(path, encoding, delimiter)
    if other:
        raise SourceError(
            "ENCODING_AMBIGUOUS",
            f"{name} may be encoded in {encoding.codec} or {other}, and its cells are in different columns in each. "
            f"Choose one with --encoding {encoding.codec} or --encoding {other}.",
        )
    observed = Observations(may_have_formulas=False)
    text = TextFile(path, name, encoding, delimiter, skip=int(is_declared))
    records = _records(text, observed)
    return Table(
        format="TSV" if delimiter == "\t" else "CSV",
        records=records,
        close=records.close,
        encoding=encoding.name,
        delimiter=delimiter,
        notes=_notes(encoding),
        observed=observed,
    )


def _notes(encoding: Encoding) -> tuple[str, ...]:
    if encoding.note:
        return (encoding.note,)
    if not encoding.guessed:
        return ()
    return (f"The encoding was detected as {encoding.name}; if names look wrong, choose another with --encoding NAME.",)


def _records(text: TextFile, observed: Observations) -> Generator[Records]:
    """Yield the records in blocks; records read before an error are yielded before it is raised."""
    number = 1
    with text.open() as lines:
        try:
            for rows in mark_split_cells(_blocks(lines, text.delimiter, observed), text.delimiter):
                yield range(number, number + len(rows)), rows
                number += len(rows)
        except UnicodeError:
            raise _undecodable_row_error(text) from None
        except LineTooLongError:
            raise _line_too_long_error(text, number) from None
        if number > 2 and lines.last.strip() and not lines.last.endswith(("\n", "\r")):
            observed.unended = number - 1, lines.last[-20:]


def _blocks(lines: Lines, delimiter: str, observed: Observations) -> Iterator[tuple[list[list[str]], bool]]:
    """Yield rows in blocks, each with a flag: True if any row may have cells in quotation marks other than `"`."""
    splitter = RecordSplitter(delimiter)
    failure: Exception | None = None
    while failure is None:
        block: list[str] = []
        try:
            lines.extend_block(block)
        except (UnicodeError, LineTooLongError) as error:
            failure = error
        if not block:
            break
        plain = _split_plainly(block, lines, delimiter, observed)
        if plain is not None:
            splitter.skip(block, plain[0][-1])
            yield plain
            continue
        observed.may_have_formulas = True
        records = (check_row(cells, delimiter) for cells in splitter.split(block, lines))
        while rows := list(islice(records, BLOCK_RECORDS)):
            yield rows, True
    if failure is not None:
        raise failure


def _split_plainly(
    block: list[str], lines: Lines, delimiter: str, observed: Observations
) -> tuple[list[list[str]], bool] | None:
    """Return the records as the csv module reads them, or None if it may misread a quotation mark.

    The second value is True if any record may have cells in quotation marks other than `"`. If the last record ends
    within a quoted cell, the lines that complete it are added to the block. A cell longer than the csv module's field
    size limit also results in None: the limit is global to the process and is not changed, so `RecordSplitter` reads
    the cell.
    """
    try:
        rows = list(csv.reader(block, delimiter=delimiter, strict=True))
    except csv.Error:
        if not _complete_quoted_cell(block, lines):
            return None
        try:
            rows = list(csv.reader(block, delimiter=delimiter, strict=True))
        except csv.Error:
            return None
    joined = "\n" + "\n".join(map("\n".join, rows))  # a line break precedes every cell
    if '"' in joined:
        return None
    observed.may_have_formulas = observed.may_have_formulas or any(
        sign in joined and "\n" + sign in joined for sign in FORMULA_SIGNS
    )
    text = "".join(block)
    has_foreign_quotes = may_have_foreign_quotes(text, delimiter)
    if len(rows) < len(block) or has_foreign_quotes:
        rows = [check_row(cells, delimiter) for cells in rows]
    return rows, has_foreign_quotes


def _complete_quoted_cell(block: list[str], lines: Lines) -> bool:
    """Add a few lines to a block whose last quoted cell is not closed; return whether they close it.

    In well-formed text the number of quotation marks up to the end of any record is even.
    """
    if "".join(block).count('"') % 2 == 0:
        return False
    for line in islice(lines, _MAX_EXTRA_LINES):
        block.append(line)
        if line.count('"') % 2:
            return True
    return False


def _undecodable_row_error(text: TextFile) -> SourceError:
    """Find the first row that cannot be decoded by reading the file again, and return the error for it."""
    number = 1
    with text.open(MARK_ERRORS) as lines:
        try:
            for rows, _ in _blocks(lines, text.delimiter, Observations()):
                found = next((i for i, cells in enumerate(rows) if any(MARK in cell for cell in cells)), None)
                number += len(rows) if found is None else found
                if found is not None:
                    break
        except LineTooLongError:
            return _line_too_long_error(text, number)
        except UnicodeError:  # not even one character: UTF-32 without a BOM
            pass
    return SourceError(
        "UNDECODABLE_TEXT",
        f"{text.name}, row {number}: the text is not valid {text.encoding.name}. Name the file's encoding with "
        f"--encoding NAME (for example cp932 or cp1252), or save it as UTF-8.",
    )


def _line_too_long_error(text: TextFile, number: int) -> SourceError:
    return SourceError(
        "LINE_TOO_LONG",
        f"{text.name}, row {number}: the line is longer than {MAX_LINE >> 20} MiB. Check that the file is a table, or "
        f"save the table as XLSX.",
    )


def _sample(text: TextFile) -> str:
    """Return the first characters; bytes that cannot be decoded are reported when their row is read."""
    with text.open(MARK_ERRORS) as lines:
        return lines.read(_SAMPLE)
