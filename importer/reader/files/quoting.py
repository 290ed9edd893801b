"""Records of delimited text whose quotation marks are not those of RFC 4180.

The csv module takes a quotation mark after a space for text, and then every delimiter inside it moves the cells after
it to other columns. Here a quotation mark opens a cell when only spaces precede it, and a mark that opens or closes no
cell makes its row doubtful, unless it cannot have enclosed a delimiter: an inch mark (`5" pipe`) or marks that pair up
within their cell (`Acme "West" Ltd`).
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from importer.model import Problem
from importer.reader.files.table import SuspectRow
from importer.reader.messages import quoted

MAX_CELL = 16 << 20
"""Characters of one quoted cell; a longer one is a quotation mark that is never closed."""

STRAY_QUOTE = "STRAY_QUOTE"
_ADVICE = (
    "Put the whole cell in quotation marks and double each one inside it, or remove the marks; the row before may be "
    "the cause."
)

_NOT_INCHES = re.compile(r'(?<!\d)"(?!(?<=[א-ת]")[א-ת])')
"""A mark that can open a quotation: it follows no digit, and is no Hebrew abbreviation sign within a word."""

_BODY = re.compile(r'(?:[^"]++|"")*+')

_OTHER_MARKS: dict[str, tuple[str, ...]] = {
    **{mark: (mark,) for mark in ("'", "’", "”", "″", "＂", "&quot;", "&#34;", "&#39;", "&apos;")},
    "`": ("`", "'", "´"),
    "‘": ("’",),
    "‚": ("‘", "’"),
    "“": ("”",),
    "„": ("“", "”"),
    "〝": ("〞", "〟"),
    "«": ("»",),
    "»": ("«", "»"),
    "‹": ("›",),
    "›": ("‹", "›"),
    "「": ("」",),
    "『": ("』",),
}
"""Marks that some writers quote with, and those that close them: always text here, and so are delimiters in them."""

_FIRST_SIGNS = frozenset(mark[0] for mark in _OTHER_MARKS)


class _BrokenError(Exception):
    """A quoted cell is not closed, or text follows its closing mark."""


class RecordSplitter:
    """Splits lines into records, each a list of cells; a record with a stray mark is a `SuspectRow`.

    A record whose quotation is not closed, or is followed by text, ends with its first line, and reading resumes with
    the next: one bad row costs no other. Rows that it would have swallowed are doubtful if they have stray marks too.
    """

    def __init__(self, delimiter: str) -> None:
        delimiter_ = re.escape(delimiter)
        self._delimiter = delimiter
        self._opening = re.compile(rf'[^\S\r\n{delimiter_}]*"')
        self._after = re.compile(rf"[^\S\r\n{delimiter_}]*(?:({delimiter_})|[\r\n]|\Z)")
        self._plain = re.compile(rf"[^\r\n{delimiter_}]*+")
        self._unread: list[Iterator[str]] = []  # a stack: the lines given back by a broken record come first
        self._doubtful_lines = 0
        self._ends_quoted = 0  # the cells of the record before, if it ends with a quoted one

    def split(self, lines: Iterable[str], more: Iterator[str]) -> Iterator[list[str]]:
        """Yield the records that begin in `lines`; the last one may take further lines from `more`."""
        self._unread = [iter(lines)]
        while (line := self._next_unread()) is not None:
            if '"' in line:
                yield self._quoted_record(line, chain(iter(self._next_unread, None), more))
                continue
            self._doubtful_lines = max(0, self._doubtful_lines - 1)
            self._ends_quoted = 0
            text = line.rstrip("\r\n")
            yield text.split(self._delimiter) if text else []

    def skip(self, lines: Sequence[str], last: Sequence[str]) -> None:
        """Count lines that were split in another way; `last` is their last record."""
        self._doubtful_lines = max(0, self._doubtful_lines - len(lines))
        self._ends_quoted = len(last) if lines[-1].rstrip("\r\n").endswith('"') else 0

    def _next_unread(self) -> str | None:
        while self._unread:
            line = next(self._unread[-1], None)
            if line is not None:
                return line
            self._unread.pop()
        return None

    def _quoted_record(self, first: str, rest: Iterator[str]) -> list[str]:
        taken = _Taken(first, rest)
        may_be_linked = self._doubtful_lines > 0
        quoted_before, self._ends_quoted = self._ends_quoted, 0
        try:
            cells, strays, is_escaped, is_last_quoted = self._cells(taken)
        except _BrokenError:
            self._doubtful_lines = max(self._doubtful_lines - 1, taken.further)
            self._unread.append(taken.again())
            text = first.rstrip("\r\n")
            return SuspectRow(text.split(self._delimiter), _stray(text), text)
        self._doubtful_lines = max(0, self._doubtful_lines - 1 - taken.further)
        # A cell that seems to end the record before may go on, up to a mark that closes it here.
        is_continued = 0 < quoted_before < len(cells)
        self._ends_quoted = len(cells) if is_last_quoted else 0
        unpaired = next(
            (
                text
                for text in strays
                if may_be_linked or is_escaped or _ends_open(text) or (is_continued and text.rstrip().endswith('"'))
            ),
            None,
        )
        if unpaired is not None:
            return SuspectRow(cells, _stray(unpaired), first.rstrip("\r\n"))
        return cells

    def _cells(self, taken: "_Taken") -> tuple[list[str], list[str], bool, bool]:
        """Return the cells of one record, and those that hold stray marks.

        And whether a quoted cell ends in a backslash, and whether the last one is quoted.
        """
        cells: list[str] = []
        strays: list[str] = []
        is_escaped = False  # by a backslash, as MySQL does it: then what seems to close a cell may not
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
                raise _BrokenError
            cells.append(text)
            place = after.end()
            if not after[1]:
                return cells, strays, is_escaped, opening is not None


class _Taken:
    """The lines that a record has taken so far: the current one, and all after the first, to be given back."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self.line = first
        self.further = 0
        self._rest = rest
        self._size = 0
        self._texts = io.StringIO(newline="")

    def next_line(self) -> None:
        """Go to the next line; raises `_BrokenError` at the end of the file or of what a cell can hold."""
        line = next(self._rest, None)
        if line is None:
            raise _BrokenError
        self.line = line
        self.further += 1
        self._size += len(line)
        self._texts.write(line)
        if self._size > MAX_CELL:
            raise _BrokenError

    def again(self) -> Iterator[str]:
        """Return the lines after the first once more."""
        return iter(io.StringIO(self._texts.getvalue(), newline=""))


def _quoted_cell(taken: _Taken, start: int) -> tuple[str, int]:
    """Return the text of a quoted cell, and the place after its closing mark in the line where that is."""
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
    """Tell whether a mark in an unquoted cell is left without its other half."""
    is_open, place = False, 0
    while True:
        place = text.find('"', place) if is_open else _next_opening(text, place)
        if place < 0:
            return is_open
        is_open, place = not is_open, place + 1


def _next_opening(text: str, place: int) -> int:
    found = _NOT_INCHES.search(text, place)
    return found.start() if found else -1


def _stray(text: str) -> Problem:
    message = (
        f"a quotation mark in {quoted(text.strip())} does not open or close a whole cell, so which cell belongs to "
        f"which column is not certain."
    )
    return Problem(STRAY_QUOTE, "", message, _ADVICE)


_LINE_END = re.compile(r"\r\n|\r|\n")
_SWALLOWED = Problem(
    STRAY_QUOTE,
    "",
    "a quotation mark opens a cell of several lines, and some of them look like rows of their own.",
    "If they are rows, remove the quotation marks or double them and put the whole cell in quotation marks.",
)


def may_have_other_quotes(text: str, delimiter: str) -> bool:
    """Tell whether any row of a text may have cells in marks other than `"`; fast, and sometimes wrongly True."""
    marks = [mark for mark in _OTHER_MARKS if mark[0] in text]  # one character is found much faster than several
    return any(_opens_cell(text, mark, delimiter) for mark in marks)


def _opens_cell(text: str, mark: str, delimiter: str) -> bool:
    """Tell whether a mark is the first of a cell anywhere, but for spaces."""
    borders = delimiter + "\r\n"
    place = text.find(mark)
    while place >= 0:
        start = place
        while start and text[start - 1] not in borders and text[start - 1].isspace():
            start -= 1
        if not start or text[start - 1] in borders:
            return True
        place = text.find(mark, place + 1)
    return False


def check_row(cells: list[str], delimiter: str) -> list[str]:
    """Return the cells, as a `SuspectRow` when they may not be those of one row.

    One reason is a mark other than `"` that opens in one cell and is closed in a later one; `'s-Hertogenbosch` alone is
    text. The other is a quoted cell of several lines that are rows themselves, if they are: a mark that opens a cell by
    mistake swallows all up to the next that closes one.
    """
    if isinstance(cells, SuspectRow):
        return cells
    opened = _closed_later([cell.strip() for cell in cells])
    if opened:
        return SuspectRow(cells, _stray(opened), delimiter.join(cells))
    lines = list(_swallowed(cells, delimiter))
    return SuspectRow(cells, _SWALLOWED, delimiter.join(cells), lines) if lines else cells


def _closed_later(texts: list[str]) -> str:
    """Return the cell in which a quotation by other marks opens that ends in a later cell, "" when there is none."""
    for mark, place in opened_cells(texts):
        if closing_place(texts[place + 1 :], mark) is not None:
            return texts[place]
    return ""


def opened_cells(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return each other mark that opens a cell and does not close it, with the place of the first such cell."""
    found: dict[str, int] = {}
    for place, text in enumerate(texts):
        if text[:1] in _FIRST_SIGNS:
            for mark in _OTHER_MARKS:
                if mark not in found and text.startswith(mark) and not _is_closed(text, mark):
                    found[mark] = place
    return list(found.items())


def closing_place(texts: Sequence[str], mark: str) -> int | None:
    """Return the first cell that ends with what closes a mark, and is not a quotation of its own."""
    closing = _OTHER_MARKS[mark]
    ends = (i for i, text in enumerate(texts) if text.endswith(closing))
    return next((i for i in ends if not (texts[i].startswith(mark) and _is_closed(texts[i], mark))), None)


def _is_closed(text: str, mark: str) -> bool:
    """Tell whether a cell that begins with a mark ends the quotation; doubled or nested marks in it do not."""
    closing = _OTHER_MARKS[mark]
    if not text.endswith(closing) or len(text) == len(mark):
        return False
    if mark not in closing:
        return text.count(mark) <= sum(map(text.count, closing))
    if not text.endswith(mark):
        return True
    first, last = _leading(text, mark), _leading(text[::-1], mark[::-1])
    if first * len(mark) == len(text):
        return first % 2 == 0
    # Doubled marks are text, so an odd number opens or ends it; writers who double none have as many on either side.
    return (first % 2 == 1 and last % 2 == 1) or first == last


def _leading(text: str, mark: str) -> int:
    count = 0
    while text.startswith(mark, count * len(mark)):
        count += 1
    return count


def _swallowed(cells: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the records that the lines of a quoted cell would be, after its first, if the marks around it were text.

    Where the last line has the same cells behind the quoted one as the whole record, both make the same pair; then it
    counts only if the first line is as long a record too: a note of several lines before the ids is nothing unusual.
    """
    for i, cell in enumerate(cells):
        if "\n" in cell or "\r" in cell:
            first, *whole, last = _LINE_END.split(cell)
            for line in whole:
                yield line.split(delimiter)
            ending = [*(last + '"').split(delimiter), *cells[i + 1 :]]
            if i > 0 or delimiter in last or first.count(delimiter) + 1 == len(ending):
                yield ending
