"""The parts of an XLSX package that openpyxl would lose: a workbook that has any of them is not copied.

`workbook_losses` finds anything else that was lost, once the copy exists.
"""

import re
from collections.abc import Iterator
from zipfile import ZipFile, ZipInfo

MAX_CELLS = 200_000
"""Maximum number of cells in all sheets; openpyxl takes about ten seconds and 100 MB to read and write that many."""

MAX_UNPACKED = 128 << 20
"""Maximum size of all parts in bytes, unpacked."""

_CHUNK = 1 << 20

_KEPT = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core|custom)\.xml|docProps/thumbnail\.\w+"
    r"|xl/(?:workbook|sharedStrings|styles|calcChain)\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/theme\d*\.xml"
    r"|xl/worksheets/[^/]+\.xml|xl/worksheets/_rels/[^/]+\.rels|xl/(?:comments/?)?comments?\d*\.xml"
    r"|xl/tables/[^/]+\.xml|xl/printerSettings/[^/]+",
    re.IGNORECASE,
)
"""The parts that openpyxl keeps, or that spreadsheet programs recreate."""

_DROPPED = (
    (re.compile(r"vbaProject|macrosheets|xl/activeX|vbaData", re.IGNORECASE), "macros"),
    (re.compile(r"xl/(?:charts|chartsheets|chartEx)", re.IGNORECASE), "charts"),
    (re.compile(r"xl/pivot", re.IGNORECASE), "pivot tables"),
    (re.compile(r"xl/(?:slicers|slicerCaches|timelines|timelineCaches)", re.IGNORECASE), "slicers"),
    (re.compile(r"xl/(?:externalLinks|connections|queryTables|model)", re.IGNORECASE), "links to other data"),
    (re.compile(r"xl/(?:threadedComments|persons)", re.IGNORECASE), "threaded comments"),
    (re.compile(r"xl/(?:ctrlProps|controls)", re.IGNORECASE), "form controls"),
    (re.compile(r"xl/embeddings", re.IGNORECASE), "embedded objects"),
    (re.compile(r"customXml", re.IGNORECASE), "custom XML"),
    (re.compile(r"xl/(?:media|drawings|diagrams|richData)", re.IGNORECASE), "pictures or drawings"),
)

_VML = re.compile(r"xl/drawings/[^/]*\.vml|xl/drawings/_rels/vmlDrawing[^/]*\.rels", re.IGNORECASE)
_DRAWING = re.compile(r"xl/drawings/drawing\d*\.xml|xl/drawings/_rels/drawing\d*\.xml\.rels", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_OBJECT_TYPE = re.compile(rb"ObjectType\s*=\s*[\"'](?!Note[\"'])")
_PLAIN_WORKBOOK = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_IN_SHEET = (
    (re.compile(rb"<(?:\w+:)?extLst[\s>]"), "sparklines or other extensions of newer versions of Excel"),
    (re.compile(rb"<(?:\w+:)?legacyDrawingHF[\s>]"), "pictures in headers or footers"),
    (re.compile(rb"<(?:\w+:)?picture[\s>]"), "background pictures"),
    (re.compile(rb"<(?:\w+:)?(?:controls|oleObjects)[\s>]"), "form controls or embedded objects"),
    (re.compile(rb"<(?:\w+:)?customSheetViews[\s>]"), "custom views"),
    (re.compile(rb"<(?:\w+:)?AlternateContent[\s>]"), "content for newer versions of Excel"),
)


def obstacle(package: ZipFile) -> str:
    """Return why a workbook is not copied, as in "it has charts", or "" if openpyxl keeps everything in it.

    Raises the errors of zipfile for a damaged package.
    """
    parts = [part for part in package.infolist() if not part.is_dir()]
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        return f"it is larger than {MAX_UNPACKED >> 20} MiB unpacked"
    if _PLAIN_WORKBOOK not in package.read("[Content_Types].xml"):
        return "it is a workbook with macros, a template or an add-in"
    lost = {_dropped_part(package, part) for part in parts} - {""}
    if lost:  # a chart is in a drawing: name the most specific kind
        kinds = [kind for _, kind in _DROPPED if kind in lost] or sorted(lost)
        return f"it has {kinds[0]}, which would be lost"
    cells = 0
    for part in parts:
        if _SHEET.fullmatch(part.filename):
            count, found = _scan_sheet(package, part)
            if found:
                return f"it has {found}, which would be lost"
            cells += count
    return f"it has more than {MAX_CELLS:,} cells" if cells > MAX_CELLS else ""


def _dropped_part(package: ZipFile, part: ZipInfo) -> str:
    """Return the kind of content in a part that would be lost, "" if it is kept."""
    name = part.filename
    if _KEPT.fullmatch(name):
        return ""
    if _VML.fullmatch(name):  # notes are drawn with VML, and so are controls
        content = package.read(part)
        if name.lower().endswith(".rels"):
            return "" if b"<Relationship " not in content else "pictures or drawings"
        return "form controls" if _OBJECT_TYPE.search(content) or b"imagedata" in content else ""
    if _DRAWING.fullmatch(name):  # Google Sheets writes an empty drawing for every sheet
        content = package.read(part)
        return "" if b"Anchor" not in content and b"<Relationship " not in content else "pictures or drawings"
    return next((kind for pattern, kind in _DROPPED if pattern.search(name)), f"a part named {name[:60]}")


def _scan_sheet(package: ZipFile, part: ZipInfo) -> tuple[int, str]:
    """Return the number of cells of a sheet, and the kind of content in it that would be lost ("" for none)."""
    cells = 0
    for elements in _whole_elements(package, part):
        cells += sum(1 for _ in _CELL.finditer(elements))
        for pattern, kind in _IN_SHEET:
            if pattern.search(elements):
                return cells, kind
        if cells > MAX_CELLS:
            break
    return cells, ""


def _whole_elements(package: ZipFile, part: ZipInfo) -> Iterator[bytes]:
    """Yield the XML in pieces, none of which ends within a tag."""
    with package.open(part) as file:
        rest = b""
        while data := file.read(_CHUNK):
            content, _, tag = (rest + data).rpartition(b"<")
            yield content
            rest = b"<" + tag
        yield rest
