"""The cells of an ODS file as text, from their attributes and paragraphs. Source: OASIS, ODF 1.2, part 1."""

import re

from importer.reader.files.workbook.cells import iso_duration_text, iso_text, number_text, uncertain_text
from importer.reader.files.workbook.lossy import DifferingText
from importer.reader.files.workbook.package import Attributes

SEPARATOR = " "
"""What stands between the namespace of a name and the name itself."""


def named(namespace: str, *names: str) -> tuple[str, ...]:
    """Return names of a namespace of OpenDocument as the parser gives them."""
    return tuple(f"urn:oasis:names:tc:opendocument:xmlns:{namespace}:1.0{SEPARATOR}{name}" for name in names)


_TYPE, _VALUE, _DATE, _TIME, _BOOLEAN, _STRING = named(
    "office", "value-type", "value", "date-value", "time-value", "boolean-value", "string-value"
)
(_FORMULA,) = named("table", "formula")

_wrapping = re.compile(r"(^)?(?<! ) *[\t\r\n][ \t\r\n]*($)?")
KEPT_SPACE, KEPT_TAB, KEPT_BREAK = "\x01", "\x02", "\x03"
_KEPT = {1: " ", 2: "\t", 3: "\n"}
"""Stand-ins, which XML cannot hold, for white space that is an element: it does not collapse with its neighbours."""

_digits = re.compile(r"\d+").findall
_formula_language = re.compile(r"[A-Za-z_][\w.-]*:(?==)")
_booleans = re.compile(r"of:=(TRUE|FALSE)\(\)").fullmatch


def collapsed(text: str) -> str:
    """Return a paragraph's text without the white space that is no part of it. Source: ODF 1.2, part 1, 6.1.2.

    Bare spaces stay, which should collapse as well: LibreOffice writes and reads those of formatted texts as they are.
    """
    if text.isprintable():  # neither line breaks nor stand-ins
        return text
    text = _wrapping.sub(lambda found: " " if found[1] is None and found[2] is None else "", text)
    return text.translate(_KEPT)


def cell_text(cell: Attributes, shown: str) -> str:
    """Return the text of a cell from its attributes and the text it shows.

    A number counts as it is stored, unless it shows something else than a number: an error, or a TRUE that LibreOffice
    stores as 1, or only that its column is too narrow. A formula whose result was not saved is its own text. A text
    that is stored with other digits than it shows is a `DifferingText`.
    """
    boolean = _booleans(cell[_FORMULA]) if _FORMULA in cell else None
    if boolean:  # of a workbook of Excel once; LibreOffice may show it as 1, in the format of its column
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
    if kind == "string" and shown and stored and _digits(shown) != _digits(stored):
        return DifferingText(f"{shown} ≠ {stored}")
    text = text or shown or stored
    if not text and _FORMULA in cell and _STRING not in cell:
        return "=" + _formula_language.sub("", cell[_FORMULA], count=1).removeprefix("=")
    return text


def _time_text(cell: Attributes) -> str:
    raw = cell.get(_DATE) or cell.get(_TIME, "")
    text = iso_duration_text(raw) if raw.startswith(("P", "-P")) else iso_text(raw)
    return text if not raw or "-" in text or ":" in text else uncertain_text(raw)


def _shows_number(shown: str) -> bool:
    if not shown.strip("#"):
        return True  # in a column too narrow for it
    return not shown.startswith(("#DIV/0", "Err")) and any(map(str.isnumeric, shown))
