"""The result columns and the Summary sheet in a workbook that openpyxl has loaded."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.reporter.summary_sheet import ALTERNATIVE_TITLE, HEADINGS, TITLE, SummaryLine
from importer.reporter.workbook_style import STATUS_COLOURS, STATUS_COLUMN, WRAPPED_COLUMNS, result_width
from importer.reporter.workbook_text import MAX_COLUMNS, escape_text

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


class LayoutError(Exception):
    """The result columns do not fit beside the table; the text is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultArea:
    """The place of the result columns: the sheet, its header row (from 1), and the table's number of columns.

    `old_width` includes the result columns of an earlier run, which are right of the table and are replaced.
    """

    sheet: str
    header_row: int
    width: int
    old_width: int


def add_results(book: "Workbook", area: ResultArea, rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Write the result columns right of the table; the first of `rows` is the header.

    Raises LayoutError when the columns do not fit there.
    """
    sheet = book[area.sheet]
    columns = rows[0][1]
    first, last = area.width + 1, max(area.width + len(columns), area.old_width)
    _check_free(sheet, area, first, last)
    if area.old_width > area.width:
        _clear(sheet, area.header_row, first, area.old_width)
    _set_widths(sheet, first, last, columns)
    _write_rows(book, sheet, area, rows)
    _set_filter(sheet, area.header_row, area.width + len(columns), max(int(row[1][0]) for row in rows[1:] or [_NONE]))
    _extend_print_area(sheet, area, area.width + len(columns))
    _freeze_header(sheet, area.header_row)
    _show_first(book, sheet)


_NONE = ((), ("0",))


def _check_free(sheet: "Worksheet", area: ResultArea, first: int, last: int) -> None:
    if last > MAX_COLUMNS:
        raise LayoutError("it has too many columns")
    if sheet.sheet_state != "visible":
        raise LayoutError("its table is on a hidden sheet")
    for merged in sheet.merged_cells.ranges:
        left, _, right, bottom = _bounds(merged.coord)
        if bottom >= area.header_row and right >= first and left <= last:
            raise LayoutError("it has merged cells to the right of its table")
    for table in sheet.tables.values():
        _, _, right, bottom = _bounds(table.ref)
        if bottom >= area.header_row and right >= first:
            raise LayoutError("it has an Excel table where the result columns go")


def _bounds(reference: str) -> tuple[int, int, int, int]:
    from openpyxl.utils import range_boundaries  # noqa: PLC0415 - loaded only when a workbook is copied

    left, top, right, bottom = range_boundaries(reference)
    return left or 1, top or 1, right or MAX_COLUMNS, bottom or 1 << 20


def _clear(sheet: "Worksheet", header_row: int, first: int, last: int) -> None:
    """Empty the cells of an earlier run's results."""
    for row in sheet.iter_rows(min_row=header_row, min_col=first, max_col=last):
        for cell in row:
            cell.value = None
            cell.hyperlink = None
            cell.style = "Normal"


def _set_widths(sheet: "Worksheet", first: int, last: int, columns: Sequence[str]) -> None:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - loaded only when a workbook is copied

    for key, dimension in list(sheet.column_dimensions.items()):
        dimension.reindex()
        left, right = dimension.min or 0, dimension.max or 0
        if right < first or left > last:
            continue
        # A group of columns may extend into the results, and must not overlap the widths that are set below.
        if left < first:
            dimension.max = first - 1
        else:
            del sheet.column_dimensions[key]
    for place, column in enumerate(columns):
        sheet.column_dimensions[get_column_letter(first + place)].width = result_width(column)


def _write_rows(
    book: "Workbook", sheet: "Worksheet", area: ResultArea, rows: Sequence[tuple[Sequence[str], Sequence[str]]]
) -> None:
    text_style, wrapped_style, status_styles = _styles(book)
    styles = [wrapped_style if name in WRAPPED_COLUMNS else text_style for name in rows[0][1]]
    header_cell: Any = sheet.cell(area.header_row, area.width)
    for place, name in enumerate(rows[0][1], area.width + 1):
        _put(sheet, area.header_row, place, name, header_cell._style)
    for _, result in rows[1:]:
        row = int(result[0])
        for place, text in enumerate(result):
            if text:
                style = status_styles[text] if place == STATUS_COLUMN else styles[place]
                _put(sheet, row, area.width + 1 + place, text, style)


def _put(sheet: "Worksheet", row: int, column: int, text: str, style: Any) -> None:
    cell: Any = sheet.cell(row, column)
    cell.value = escape_text(text)
    cell.data_type = "s"  # never a formula, whatever the text begins with
    cell._style = style  # shared: openpyxl replaces the styles of a cell, and nothing below changes one in place


def _styles(book: "Workbook") -> tuple[Any, Any, dict[str, Any]]:
    """Return the styles of texts, of wrapped texts and of each status, created with a temporary sheet."""
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - loaded only when a workbook is copied

    scratch = book.create_sheet()
    cell: Any = scratch["A1"]
    cell.number_format = "@"
    text_style = copy(cell._style)
    cell.alignment = Alignment(wrap_text=True)
    wrapped_style = copy(cell._style)
    cell.alignment = Alignment()
    base = cell.font
    statuses = {}
    for status, colour in STATUS_COLOURS.items():
        cell.fill = PatternFill("solid", fgColor=colour.fill)
        cell.font = Font(name=base.name, size=base.size, color=colour.text)
        statuses[str(status)] = copy(cell._style)
    book.remove(scratch)
    return text_style, wrapped_style, statuses


def _set_filter(sheet: "Worksheet", header_row: int, last_column: int, last_row: int) -> None:
    """Add an autofilter over the table, or extend the user's own; an Excel table has one already."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - loaded only when a workbook is copied

    if any(_bounds(table.ref)[1] <= header_row <= _bounds(table.ref)[3] for table in sheet.tables.values()):
        return
    left = 1
    if sheet.auto_filter.ref:
        left, top, _, bottom = _bounds(sheet.auto_filter.ref)
        if top != header_row:
            return
        last_row = max(last_row, bottom)
    start, end = get_column_letter(left), get_column_letter(last_column)
    sheet.auto_filter.ref = f"{start}{header_row}:{end}{max(last_row, header_row)}"


def _extend_print_area(sheet: "Worksheet", area: ResultArea, last_column: int) -> None:
    """Extend the print area to the result columns if it ends at the table's last column."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - loaded only when a workbook is copied

    if not sheet.print_area:
        return
    ranges = []
    for reference in sheet.print_area.replace("$", "").split(","):
        left, top, right, bottom = _bounds(reference.rpartition("!")[2])
        if top <= area.header_row <= bottom and right in (area.width, area.old_width):
            right = last_column
        ranges.append(f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}")
    sheet.print_area = ",".join(ranges)


def _freeze_header(sheet: "Worksheet", header_row: int) -> None:
    """Freeze the rows down to the header, unless the user has frozen at least these."""
    pane = sheet.sheet_view.pane
    if pane is not None and pane.state == "frozen" and (pane.ySplit or 0) >= header_row:
        return
    columns = int(pane.xSplit or 0) if pane is not None and pane.state == "frozen" else 0
    sheet.sheet_view.topLeftCell = None
    sheet.freeze_panes = sheet.cell(header_row + 1, columns + 1).coordinate


def _show_first(book: "Workbook", sheet: "Worksheet") -> None:
    """Make the table's sheet the first visible one, which the importer reads by default, and the one that is shown."""
    visible = [other for other in book.worksheets if other.sheet_state == "visible"]
    if visible[0] is not sheet:
        book.move_sheet(sheet, _index(book, visible[0]) - _index(book, sheet))
    book.active = _index(book, sheet)
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet  # with two selected, what is typed goes into both


def _index(book: "Workbook", sheet: Any) -> int:
    """Return the index of a sheet in the workbook, from 0."""
    return book.worksheets.index(sheet)


def remove_own_summary(book: "Workbook") -> None:
    """Remove the Summary sheet that an earlier run added; keep a sheet of the user's with the same name."""
    for title in (TITLE, ALTERNATIVE_TITLE):
        if title in book.sheetnames and len(book.worksheets) > 1:
            texts = [row[0] for row in book[title].iter_rows(max_col=1, max_row=40, values_only=True)]
            if texts[:1] == [HEADINGS[0]] and set(HEADINGS) <= set(texts):
                book.remove(book[title])


def add_summary_sheet(book: "Workbook", lines: Sequence[SummaryLine]) -> None:
    """Add the Summary sheet after all others."""
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - loaded only when a workbook is copied
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415 - loaded with openpyxl

    titles = {name.casefold() for name in book.sheetnames}
    sheet = book.create_sheet(ALTERNATIVE_TITLE if TITLE.casefold() in titles else TITLE)
    for column, width in (("A", 18), ("B", 14), ("C", 80)):
        sheet.column_dimensions[column].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for row, line in enumerate(lines, 1):
        label: Any = _text_cell(sheet, row, 1, line.label)
        if line.is_heading:
            label.font = Font(name=label.font.name, bold=True, size=13)
        if line.status:
            colour = STATUS_COLOURS[line.status]
            label.fill, label.font = (
                PatternFill("solid", fgColor=colour.fill),
                Font(name=label.font.name, size=label.font.size, color=colour.text),
            )
        if isinstance(line.value, int):
            number: Any = sheet.cell(row, 2, line.value)
            number.number_format = "#,##0"
            number.alignment = Alignment(horizontal="right")
        else:
            _text_cell(sheet, row, 2, line.value)
        _text_cell(sheet, row, 3, line.text).alignment = Alignment(indent=1)


def _text_cell(sheet: "Worksheet", row: int, column: int, text: str) -> Any:
    cell: Any = sheet.cell(row, column)
    if text:
        cell.value = escape_text(text)
        cell.data_type = "s"
    return cell
