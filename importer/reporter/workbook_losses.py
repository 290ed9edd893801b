"""Comparison of the XML of a workbook with that of its copy, to find every kind of element that openpyxl has dropped.

An element counts if it has an attribute or a text, because programs write many that mean nothing. Cells are not
compared (`workbook_comparison` does that), nor are styles (openpyxl writes only those that are used) and
`docProps/app.xml` (the program that saved the file, and the user's company).
"""

import re
from io import BytesIO
from xml.parsers import expat
from zipfile import ZipFile

_SHEETS, _WORKBOOK, _TABLES, _NOTES = "sheets", "workbook", "tables", "notes"
_KINDS = (
    (re.compile(r"xl/(?:worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE), _SHEETS),
    (re.compile(r"xl/workbook\.xml", re.IGNORECASE), _WORKBOOK),
    (re.compile(r"xl/tables/[^/]+\.xml", re.IGNORECASE), _TABLES),
    (re.compile(r"xl/(?:comments/?)?comments?\d*\.xml", re.IGNORECASE), _NOTES),
)

_HARMLESS = frozenset(
    {
        *((_SHEETS, name) for name in ("worksheet", "sst", "tableParts")),  # counts of their children, versions
        *((_SHEETS, name) for name in ("c", "v", "f", "is", "si", "r", "t")),  # cells and their texts
        (_SHEETS, "phoneticPr"),  # the font of phonetic guides, which are `rPh`
        (_SHEETS, "headerFooter"),  # its texts are separate elements
        (_SHEETS, "drawing"),  # an empty drawing; any other prevents the copy
        (_SHEETS, "legacyDrawing"),  # the shapes of notes, which openpyxl draws again
        (_SHEETS, "sheetProtection"),  # of a sheet that is not protected
        (_SHEETS, "sheetCalcPr"),  # calculates the sheet when it is opened; openpyxl sets that for all sheets
        # The version of the program; where, and by which machine and user, the file was saved.
        *((_WORKBOOK, name) for name in ("workbook", "workbookPr", "fileVersion", "revisionPtr", "ArchID", "absPath")),
        *((_WORKBOOK, name) for name in ("Choice", "fileRecoveryPr", "webPublishing", "oleSize", "smartTagPr")),
        *((_WORKBOOK, name) for name in ("ext", "extCalcPr", "feature")),  # each other extension has its own name
    }
)
"""Elements whose loss changes neither the content nor the appearance of a workbook."""

_DETAILS = {
    (_SHEETS, "rPh"): "phonetic guides (furigana)",
    (_SHEETS, "ignoredError"): "the marks that hide Excel's warnings about cells",
    (_SHEETS, "protectedRange"): "ranges that certain users may edit",
    (_SHEETS, "dataConsolidate"): "the settings of Data > Consolidate",
    (_SHEETS, "dataRef"): "the settings of Data > Consolidate",
    (_SHEETS, "cellWatch"): "watched cells",
    (_TABLES, "ext"): "the alternative texts of its tables",
    (_WORKBOOK, "customWorkbookView"): "custom views",
    (_WORKBOOK, "fileSharing"): "its read-only recommendation or write password",
}
"""Details that a copy can lack, by the elements that hold them."""


class LossError(Exception):
    """A copy lacks more than details; the text is the reason, as in "it has charts, which would be lost"."""


def missing_details(original: bytes, copy: bytes) -> str:
    """Return the details of a workbook that its copy lacks, as in "watched cells and custom views", or "".

    Raises LossError if the copy lacks anything else, and the errors of zipfile and expat for a damaged file.
    """
    found, kept = _elements(original), _elements(copy)
    lost = {element for element in found - kept if element not in _HARMLESS and element[0] != _NOTES}
    unknown = sorted(lost - _DETAILS.keys())
    if unknown:
        raise LossError(f"it has an element {unknown[0][1]} ({unknown[0][0]}), which would be lost")
    details = list(dict.fromkeys(detail for element, detail in _DETAILS.items() if element in lost))
    if (_NOTES, "comment") in found:
        details.append("the sizes and text formats of its notes")  # openpyxl writes its own
    *first, last = details or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _elements(content: bytes) -> set[tuple[str, str]]:
    """Return the kind of part and the name of every element that has an attribute or a text."""
    found: set[tuple[str, str]] = set()
    with ZipFile(BytesIO(content)) as package:
        for name in package.namelist():
            kind = next((kind for pattern, kind in _KINDS if pattern.fullmatch(name)), None)
            if kind is not None:
                found.update((kind, element) for element in _elements_of_part(package.read(name)))
    return found


def _elements_of_part(xml: bytes) -> set[str]:
    found: set[str] = set()
    current = ""

    def start(name: str, attributes: list[str]) -> None:
        nonlocal current
        current = name
        if name not in found and any(not key.startswith("xmlns") for key in attributes[::2]):
            found.add(name)

    def end(name: str) -> None:
        nonlocal current
        current = ""

    def text(data: str) -> None:
        if current and current not in found and data.strip():
            found.add(current)

    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.Parse(xml, True)
    return {name.rpartition(":")[2] for name in found}
