"""The source of a run: a file, standard input or a data frame, as it is when the command starts."""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.config import Reading, Settings
from importer.errors import SourceError
from importer.model import SourceBlock
from importer.reader import Source, check_frame, open_frame, open_source
from importer.runner.file_version import FileVersion, check_unchanged, read_version
from importer.runner.state_directory import runs_directory
from importer.temporary_directories import remove_abandoned, temporary_directory
from importer.timestamps import utc_now_text, utc_text

if TYPE_CHECKING:
    import pandas

STANDARD_INPUT = "<stdin>"
FRAME = "<frame>"
UNNAMED_SOURCES = frozenset({STANDARD_INPUT, FRAME})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source and its content at one moment.

    `path` is absolute, or one of `UNNAMED_SOURCES`; `content` is the file to read or the data frame; `sha256` is the
    hash of the content; `version` is None for a data frame.
    """

    path: str
    content: "Path | pandas.DataFrame"
    sha256: str
    modified_at: str
    version: FileVersion | None = None

    @property
    def is_unnamed(self) -> bool:
        """True for standard input and data frames, which have no path."""
        return self.path in UNNAMED_SOURCES

    def check_unchanged(self) -> None:
        """Raise SourceError if the file is no longer this version."""
        if isinstance(self.content, Path) and self.version is not None:
            check_unchanged(self.content, self.version)

    def reread(self) -> "SourceFile":
        """Return the source as it is now; an unnamed one does not change. Raises SourceError."""
        return self if self.is_unnamed else _describe(Path(self.path))


@contextmanager
def source_file(file: "Path | str | pandas.DataFrame", settings: Settings) -> Iterator[SourceFile]:
    """Describe a file or data frame; standard input ("-") is copied to a temporary file first.

    Raises SourceError if it cannot be read.
    """
    for parent in (settings.state_path, runs_directory(settings)):
        remove_abandoned(parent)
    if isinstance(file, os.PathLike):
        file = Path(file)
    if not isinstance(file, Path | str):
        check_frame(file)
        content = (file.to_csv(index=False) + str(list(file.dtypes))).encode("utf-8", "surrogatepass")
        yield SourceFile(FRAME, file, hashlib.sha256(content).hexdigest(), utc_now_text())
        return
    if str(file) != "-":
        yield _describe(Path(file))
        return
    if sys.stdin is None:
        raise SourceError("STDIN_CLOSED", "Standard input is closed. Give a file, or pipe one into standard input.")
    with temporary_directory(settings.state_path) as directory:
        copy = directory / "stdin.csv"
        with copy.open("xb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield replace(_describe(copy), path=STANDARD_INPUT)


def open_table(source: SourceFile, reading: Reading) -> Source:
    """Open the table in a source. Raises the reader's errors, SourceError or SettingsError."""
    if not isinstance(source.content, Path):
        return open_frame(source.content, reading)
    try:
        return open_source(source.content, reading, "standard input" if source.path == STANDARD_INPUT else "")
    except SourceError:
        source.check_unchanged()  # if it has changed, that is the better explanation
        raise


def read_blocks(source: SourceFile, table: Source) -> Iterator[SourceBlock]:
    """Yield the rows of a table; at the end, raise SourceError if the file has changed in the meantime.

    Callers must not act on the rows before the end.
    """
    try:
        yield from table.blocks()
    except SourceError:
        source.check_unchanged()
        raise
    source.check_unchanged()


def _describe(path: Path) -> SourceFile:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            message = f"{path} is not a regular file. To read a pipe, use - as FILE and pass it as standard input."
            raise SourceError("NOT_A_FILE", message)
        version = read_version(path)
    except IsADirectoryError:
        raise SourceError("NOT_A_FILE", f"{path} is a directory. Give the file to import.") from None
    except FileNotFoundError as error:
        raise SourceError("FILE_NOT_FOUND", f"{path} cannot be read: {error.strerror}.") from error
    except OSError as error:
        raise SourceError("FILE_UNREADABLE", f"{path} cannot be read: {error.strerror}.") from error
    except ValueError:  # it contains a NUL
        raise SourceError("PATH_INVALID", f"{str(path)!r} is not a valid path.") from None
    return SourceFile(str(path.resolve()), path, version.sha256, utc_text(version.modified_ns / 1e9), version)
