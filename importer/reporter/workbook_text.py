"""Texts that a workbook's cells can hold: the limits of the format and the escapes of its XML."""

import re

# Source: Microsoft, Excel specifications and limits. The limit of a cell counts UTF-16 code units.
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_CELL = 32_767

_SHORTENED = " … [shortened from {:,} characters; a .csv results file has the full text]"
_MARKER_SPACE = 100

# Characters that XML 1.0 cannot hold even escaped. Workbooks have a separate escape for control characters.
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_ESCAPE_FORM = re.compile("_(?=x[0-9a-fA-F]{4}_)")

# Texts that xlsxwriter escapes as `_xHHHH_`, and escapes twice in a text that begins with `<r>`.
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f]|_x[0-9a-fA-F]{4}_")

OVERLAPPING_ESCAPES = re.compile("_x[0-9a-fA-F]{4}(?=_x[0-9a-fA-F]{4}_)")
"""Two texts that look like escapes and share an underscore; xlsxwriter escapes only the first of them."""


def unwritable_text_reason(text: str) -> str:
    """Return why a cell written by xlsxwriter cannot hold the text, or "" if it can."""
    if len(text) > MAX_CELL // 2 and _utf16_length(text) > MAX_CELL:
        return f"a text of more than {MAX_CELL:,} characters"
    if not text.isascii() and _NOT_XML.search(text):
        return "a text with lone surrogates or noncharacters"
    if text.startswith("<r>") and _ESCAPED.search(text):
        return "a text that begins with <r> and has control characters"
    if OVERLAPPING_ESCAPES.search(text) and _CONTROL.search(text):
        return "a text that has both control characters and escapes of control characters"
    return ""


def fit_text(text: str) -> str:
    """Return a result text in a form that a cell can hold; every change is visible in the text."""
    if not unwritable_text_reason(text):
        return text
    text = _NOT_XML.sub("\ufffd", text)
    if text.startswith("<r>"):
        text = " " + text
    if OVERLAPPING_ESCAPES.search(text):
        text = _CONTROL.sub("\ufffd", text)
    if _utf16_length(text) <= MAX_CELL:
        return text
    head = text.encode("utf-16-le")[: 2 * (MAX_CELL - _MARKER_SPACE)]
    return head.decode("utf-16-le", "ignore") + _SHORTENED.format(len(text))


def escape_text(text: str) -> str:
    """Return the text as openpyxl must write it. Source: ECMA-376, part 1, 22.9.2.19 ST_Xstring."""
    text = _ESCAPE_FORM.sub("_x005F_", text)
    return _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
