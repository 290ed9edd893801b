"""Workbooks as tables: the one place where errors of the workbook package become `SourceError`."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from importer.errors import SourceError
from importer.reader.files.table import Observations, Record, Table, in_blocks
from importer.reader.files.workbook import OpenSheet, WorkbookFormat, identify, open_workbook
from importer.reader.files.workbook.errors import (
    CorruptFileError,
    LimitExceededError,
    PasswordError,
    SheetNotFoundError,
    UnsupportedFormatError,
)
from importer.reader.messages import quoted

SAVE_AS = "Open it in a spreadsheet program and save the table as XLSX or CSV."
_MAX_SHOWN_SHEETS = 20


def open_as_workbook(path: Path, name: str, head: bytes, sheet: str | None) -> Table | None:
    """Return the table of a sheet if the file is a workbook, else None; `head` holds the first bytes of the file.

    Raises `SourceError` if the workbook is damaged, encrypted or of an unsupported format, exceeds a limit, or has no
    such sheet.
    """
    with _as_source_error(name):
        workbook_format = identify(path, head)
        if workbook_format is None:
            return None
        opened = open_workbook(path, workbook_format, sheet)
    return _table(name, workbook_format, opened)


def _table(name: str, workbook_format: WorkbookFormat, sheet: OpenSheet) -> Table:
    observed = Observations(sheet.hidden, warnings=_merged_warnings(sheet))

    def records() -> Generator[Record]:
        with _as_source_error(name):
            yield from sheet.records
        observed.warnings = _merged_warnings(sheet)

    return Table(
        format=workbook_format.value,
        records=in_blocks(records()),
        close=sheet.close,
        sheet=sheet.name,
        sheet_names=sheet.names,
        notes=_sheet_notes(sheet),
        observed=observed,
    )


def _sheet_notes(sheet: OpenSheet) -> tuple[str, ...]:
    if len(sheet.names) < 2:
        return ()
    place = f"number {sheet.position} of {len(sheet.names)}"
    return (f"Sheet {quoted(sheet.name)} is read, {place}. Choose another with --sheet NAME.",)


def _merged_warnings(sheet: OpenSheet) -> list[str]:
    if not sheet.merged_ranges:
        return []
    effect = "only the first cell of each has a value, the others are read as empty"
    return [f"Merged ranges in the sheet: {sheet.merged_ranges:,}; {effect}."]


@contextmanager
def _as_source_error(name: str) -> Generator[None]:
    try:
        yield
    except CorruptFileError as error:
        raise SourceError(
            "FILE_DAMAGED",
            f"{name} is damaged: {error}. Open it in a spreadsheet program and save it again as XLSX.",
        ) from None
    except LimitExceededError as error:
        raise SourceError(
            "LIMIT_EXCEEDED",
            f"{name} exceeds a safety limit: {error}. Save only the table to import as CSV or XLSX.",
        ) from None
    except PasswordError:
        raise SourceError(
            "PASSWORD_PROTECTED", f"{name} is protected with a password. Save it without one and try again."
        ) from None
    except UnsupportedFormatError as error:
        raise SourceError("UNSUPPORTED_FORMAT", f"{name} is {error}. {SAVE_AS}") from None
    except SheetNotFoundError as error:
        raise _sheet_not_found(name, error) from None


def _sheet_not_found(name: str, error: SheetNotFoundError) -> SourceError:
    if error.requested is None:
        return SourceError("NO_SHEET", f"{name} has no worksheet. {SAVE_AS}")
    shown = ", ".join(map(quoted, error.names[:_MAX_SHOWN_SHEETS]))
    return SourceError(
        "SHEET_NOT_FOUND",
        f"{name} has no sheet {quoted(error.requested)}. Its sheets are: {shown}. Choose one with --sheet NAME.",
    )
