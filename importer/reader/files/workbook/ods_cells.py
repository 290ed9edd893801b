"""Text of the cells of an ODS file, from their attributes and paragraphs. Source: OASIS, ODF 1.2, part 1."""

import re

from importer.reader.files.workbook.cells import iso_duration_text, iso_text, number_text, uncertain_text
from importer.reader.files.workbook.lossy import DifferingText
from importer.reader.files.workbook.package import Attributes

SEPARATOR = " "
"""Separator between the namespace and the local name of an element."""


def named(namespace: str, *names: str) -> tuple[str, ...]:
    """Return names in an OpenDocument namespace in the form in which the parser passes them."""
    return tuple(f"urn:oasis:names:tc:opendocument:xmlns:{namespace}:1.0{SEPARATOR}{name}" for name in names)


_TYPE, _VALUE, _DATE, _TIME, _BOOLEAN, _STRING = named(
    "office", "value-type", "value", "date-value", "time-value", "boolean-value", "string-value"
)
(_FORMULA,) = named("table", "formula")

_LINE_BREAKS = re.compile(r"(^)?(?<! ) *[\t\r\n][ \t\r\n]*($)?")
KEPT_SPACE, KEPT_TAB, KEPT_BREAK = "\x01", "\x02", "\x03"
_KEPT = {1: " ", 2: "\t", 3: "\n"}
"""Placeholders, invalid in XML, for white space that is an element and does not collapse with its neighbours."""

_DIGITS = re.compile(r"\d+")
_FORMULA_LANGUAGE = re.compile(r"[A-Za-z_][\w.-]*:(?==)")
_BOOLEAN_FORMULA = re.compile(r"of:=(TRUE|FALSE)\(\)")


def collapsed(text: str) -> str:
    """Return the text of a paragraph with white space collapsed. Source: ODF 1.2, part 1, 6.1.2.

    Plain spaces are kept, although they should collapse as well: LibreOffice writes and reads them verbatim in
    formatted text.
    """
    if text.isprintable():  # neither line breaks nor placeholders
        return text
    text = _LINE_BREAKS.sub(lambda found: " " if found[1] is None and found[2] is None else "", text)
    return text.translate(_KEPT)


def cell_text(cell: Attributes, shown: str) -> str:
    """Return the text of a cell from its attributes and its displayed text.

    A number has its stored value, unless the displayed text is not a number: an error, or a TRUE that LibreOffice
    stores as 1 (but `###`, in a narrow column, is ignored). The text of a formula without a saved result is the
    formula. A text whose stored and displayed digits differ is a `DifferingText`.
    """
    boolean = _BOOLEAN_FORMULA.fullmatch(cell[_FORMULA]) if _FORMULA in cell else None
    if boolean:  # from an Excel workbook; LibreOffice may display it as 1, in its column's format
        return boolean[1]
    kind = cell.get(_TYPE)
    text = ""
    if kind in ("float", "percentage", "currency"):
        text = "" if shown and not _shows_number(shown) else number_text(cell.get(_VALUE, ""))
    elif kind in ("date", "time"):
        text = _time_text(cell)
    elif kind == "boolean" and _BOOLEAN in cell:
        text = "TRUE" if cell[_BOOLEAN] in ("true", "1") else "FALSE"
    stored = cell.get(_STRING, "")
    if kind == "string" and shown and stored and _DIGITS.findall(shown) != _DIGITS.findall(stored):
        return DifferingText(f"{shown} ≠ {stored}")
    text = text or shown or stored
    if not text and _FORMULA in cell and _STRING not in cell:
        return "=" + _FORMULA_LANGUAGE.sub("", cell[_FORMULA], count=1).removeprefix("=")
    return text


def _time_text(cell: Attributes) -> str:
    raw = cell.get(_DATE) or cell.get(_TIME, "")
    text = iso_duration_text(raw) if raw.startswith(("P", "-P")) else iso_text(raw)
    return text if not raw or "-" in text or ":" in text else uncertain_text(raw)


def _shows_number(shown: str) -> bool:
    if not shown.strip("#"):
        return True  # the column is too narrow
    return not shown.startswith(("#DIV/0", "Err")) and any(map(str.isnumeric, shown))
