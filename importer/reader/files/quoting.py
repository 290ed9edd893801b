"""Records of delimited text with quotation marks that do not follow RFC 4180.

The csv module treats a quotation mark after a space as text, and then every delimiter inside the quotation shifts the
cells after it to other columns. Here a quotation mark opens a cell if only spaces precede it, and a stray mark, which
neither opens nor closes a cell, makes its row suspect unless it cannot have enclosed a delimiter: an inch mark
(`5" pipe`) or marks that are paired within their cell (`Acme "West" Ltd`).
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from importer.model import Problem
from importer.reader.files.table import SuspectRow
from importer.reader.messages import quoted

MAX_CELL = 16 << 20
"""Maximum characters of one quoted cell; a longer one is a quotation mark that is never closed."""

STRAY_QUOTE = "STRAY_QUOTE"
_ADVICE = (
    "Put the whole cell in quotation marks and double each one inside it, or remove the marks. The cause may be in the "
    "row above."
)

_NOT_INCHES = re.compile(r'(?<!\d)"(?!(?<=[א-ת]")[א-ת])')
"""A mark that can open a quotation: not after a digit, and not a Hebrew abbreviation mark within a word."""

_BODY = re.compile(r'(?:[^"]++|"")*+')


class _MalformedQuotationError(Exception):
    """A quoted cell is not closed, or text follows its closing mark."""


class RecordSplitter:
    """A splitter of lines into records, each a list of cells; a record with a stray mark is a `SuspectRow`.

    A record with a malformed quotation ends with its first line, and reading resumes at the next line, so one bad row
    does not affect others. The rows that it would have swallowed are suspect if they also have stray marks.
    """

    def __init__(self, delimiter: str) -> None:
        delimiter_ = re.escape(delimiter)
        self._delimiter = delimiter
        self._opening = re.compile(rf'[^\S\r\n{delimiter_}]*"')
        self._after = re.compile(rf"[^\S\r\n{delimiter_}]*(?:({delimiter_})|[\r\n]|\Z)")
        self._plain = re.compile(rf"[^\r\n{delimiter_}]*+")
        self._unread: list[Iterator[str]] = []  # a stack: lines returned by a malformed record come first
        self._suspect_lines = 0
        self._quoted_width = 0  # number of cells of the previous record if its last cell is quoted

    def split(self, lines: Iterable[str], more: Iterator[str]) -> Iterator[list[str]]:
        """Yield the records that begin in `lines`; the last one may take further lines from `more`."""
        self._unread = [iter(lines)]
        while (line := self._next_unread()) is not None:
            if '"' in line:
                yield self._quoted_record(line, chain(iter(self._next_unread, None), more))
                continue
            self._suspect_lines = max(0, self._suspect_lines - 1)
            self._quoted_width = 0
            text = line.rstrip("\r\n")
            yield text.split(self._delimiter) if text else []

    def skip(self, lines: Sequence[str], last: Sequence[str]) -> None:
        """Account for lines that were split by other means; `last` is their last record."""
        self._suspect_lines = max(0, self._suspect_lines - len(lines))
        self._quoted_width = len(last) if lines[-1].rstrip("\r\n").endswith('"') else 0

    def _next_unread(self) -> str | None:
        while self._unread:
            line = next(self._unread[-1], None)
            if line is not None:
                return line
            self._unread.pop()
        return None

    def _quoted_record(self, first: str, rest: Iterator[str]) -> list[str]:
        taken = _TakenLines(first, rest)
        is_suspect = self._suspect_lines > 0
        previous_width, self._quoted_width = self._quoted_width, 0
        try:
            cells, strays, is_escaped, is_last_quoted = self._cells(taken)
        except _MalformedQuotationError:
            self._suspect_lines = max(self._suspect_lines - 1, taken.further)
            self._unread.append(taken.further_lines())
            text = first.rstrip("\r\n")
            return SuspectRow(text.split(self._delimiter), stray_quote(text), text)
        self._suspect_lines = max(0, self._suspect_lines - 1 - taken.further)
        # The quoted cell at the end of the previous record may really end at a mark in this one.
        is_continued = 0 < previous_width < len(cells)
        self._quoted_width = len(cells) if is_last_quoted else 0
        unpaired = next(
            (
                text
                for text in strays
                if is_suspect or is_escaped or _ends_open(text) or (is_continued and text.rstrip().endswith('"'))
            ),
            None,
        )
        if unpaired is not None:
            return SuspectRow(cells, stray_quote(unpaired), first.rstrip("\r\n"))
        return cells

    def _cells(self, taken: "_TakenLines") -> tuple[list[str], list[str], bool, bool]:
        """Return the cells of one record and those with stray marks.

        Also return whether a quoted cell ends in a backslash, and whether the last cell is quoted.
        """
        cells: list[str] = []
        strays: list[str] = []
        is_escaped = False  # by a backslash, as MySQL does: then the closing mark may really be text
        place = 0
        while True:
            opening = self._opening.match(taken.line, place)
            if opening is None:
                plain = self._plain.match(taken.line, place)
                text, place = (plain[0], plain.end()) if plain else ("", place)
                if '"' in text:
                    strays.append(text)
            else:
                text, place = _quoted_cell(taken, opening.end())
                is_escaped |= text.endswith("\\")
            after = self._after.match(taken.line, place)
            if after is None:
                raise _MalformedQuotationError
            cells.append(text)
            place = after.end()
            if not after[1]:
                return cells, strays, is_escaped, opening is not None


class _TakenLines:
    """The lines that a record has consumed: the current one, and all after the first so that they can be returned."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self.line = first
        self.further = 0
        self._rest = rest
        self._size = 0
        self._texts = io.StringIO(newline="")

    def next_line(self) -> None:
        """Advance; raises `_MalformedQuotationError` at the end of the file or beyond `MAX_CELL`."""
        line = next(self._rest, None)
        if line is None:
            raise _MalformedQuotationError
        self.line = line
        self.further += 1
        self._size += len(line)
        self._texts.write(line)
        if self._size > MAX_CELL:
            raise _MalformedQuotationError

    def further_lines(self) -> Iterator[str]:
        """Return the lines after the first."""
        return iter(io.StringIO(self._texts.getvalue(), newline=""))


def _quoted_cell(taken: _TakenLines, start: int) -> tuple[str, int]:
    """Return the text of a quoted cell, and the index after its closing mark in the line that contains it."""
    parts: list[str] = []
    while True:
        body = _BODY.match(taken.line, start)
        end = body.end() if body else start
        parts.append(taken.line[start:end])
        if end < len(taken.line):
            return "".join(parts).replace('""', '"'), end + 1
        taken.next_line()
        start = 0


def _ends_open(text: str) -> bool:
    """Return whether the last mark in an unquoted cell is unpaired."""
    is_open, place = False, 0
    while True:
        place = text.find('"', place) if is_open else _next_opening(text, place)
        if place < 0:
            return is_open
        is_open, place = not is_open, place + 1


def _next_opening(text: str, place: int) -> int:
    found = _NOT_INCHES.search(text, place)
    return found.start() if found else -1


def stray_quote(text: str) -> Problem:
    """Return the problem of a row with a stray mark in the cell `text`."""
    message = (
        f"a quotation mark in {quoted(text.strip())} does not open or close a whole cell, so it is unclear which "
        f"cell belongs to which column."
    )
    return Problem(STRAY_QUOTE, "", message, _ADVICE)
