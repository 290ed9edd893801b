"""Errors of the workbook package.

    WorkbookError
    ├── CorruptFileError        the file contradicts its own format
    ├── LimitExceededError      the file exceeds a safety limit
    ├── PasswordError           the file is encrypted
    ├── UnsupportedFormatError  the file is a document that is not read as a workbook
    └── SheetNotFoundError      the workbook has no such sheet, or no sheets at all

They do not name the file; the caller of `open_workbook` does.
"""

import struct
import zipfile
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from xml.parsers import expat


class WorkbookError(Exception):
    """Base class of the errors of this package."""


class CorruptFileError(WorkbookError):
    """The file contradicts its own format; the message describes where."""


class LimitExceededError(WorkbookError):
    """The file exceeds a safety limit; the message names it."""


class PasswordError(WorkbookError):
    """The file is encrypted."""


class UnsupportedFormatError(WorkbookError):
    """The file is a document that is not read as a workbook; the message describes it, as in `a Numbers document`."""


class SheetNotFoundError(WorkbookError):
    """The workbook has no sheet of the requested name or position; `names` lists its sheets."""

    def __init__(self, requested: str | None, names: Sequence[str]) -> None:
        super().__init__(requested)
        self.requested = requested
        self.names = tuple(names)


@contextmanager
def corrupt_if_unparsable() -> Generator[None]:
    """Raise `CorruptFileError` for the errors with which the underlying libraries report a damaged file."""
    try:
        yield
    except struct.error:
        raise CorruptFileError("one of its records is too short") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,  # the name of a part
    ) as error:
        raise CorruptFileError(str(error)) from None
