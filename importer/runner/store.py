"""The source of a run, where journals are kept, and which unfinished run a command goes on with."""

import hashlib
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.config import Reading, Settings
from importer.errors import JournalError, SourceError
from importer.journal import SANDBOX, SUFFIX, Journal, RunInfo, list_journals
from importer.model import SourceBlock
from importer.reader import Source, check_frame, open_frame, open_source
from importer.runner.file_version import FileVersion, check_unchanged, read_version
from importer.runner.temporary_directories import remove_abandoned, temporary_directory
from importer.timestamps import utc_now_text, utc_text

if TYPE_CHECKING:
    import pandas

logger = logging.getLogger(__name__)

STANDARD_INPUT = "<stdin>"
FRAME = "<frame>"
NO_FILES = {STANDARD_INPUT, FRAME}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to import as it is now.

    `path` is absolute, or a name in angle brackets for what is no file; `content` is where it can be read; `sha256` is
    the hash of its bytes; `version` is None for what is not a file.
    """

    path: str
    content: "Path | pandas.DataFrame"
    sha256: str
    modified_at: str
    version: FileVersion | None = None

    @property
    def is_nameless(self) -> bool:
        """Whether it has no path of its own: standard input or a data frame."""
        return self.path in NO_FILES

    def check_unchanged(self) -> None:
        """Raise SourceError when the file is no longer the one that was described."""
        if isinstance(self.content, Path) and self.version is not None:
            check_unchanged(self.content, self.version)


def describe(
    run_id: str, source: SourceFile, table: Source, settings: Settings, reading: Reading, results: Path
) -> RunInfo:
    """What a new run over a source is asked to do."""
    return RunInfo(
        run_id=run_id,
        created_at=utc_now_text(),
        parent=None,
        source=source.path,
        source_sha256=source.sha256,
        source_modified_at=source.modified_at,
        header=table.header,
        delimiter=table.understood.delimiter or ",",
        reading=reading_values(reading),
        target=target(settings),
        api_version=settings.api_version,
        results=str(results),
        settings=settings.model_dump(mode="json"),
        places={str(role): place for role, place in table.places.items()},
        parts=table.understood.parts,
    )


def runs_directory(settings: Settings) -> Path:
    """The directory of the journals."""
    return settings.state_path / "runs"


def journal_path(settings: Settings, run_id: str) -> Path:
    """The journal of a run. Raises JournalError, naming the newest runs, when there is none."""
    path = runs_directory(settings) / f"{run_id}{SUFFIX}"
    if "/" in run_id or os.sep in run_id or not path.is_file():
        newest = ", ".join(map(_named, list_journals(path.parent)[-3:])) or "none"
        raise JournalError(f"There is no run {run_id!r} in {path.parent}. The newest runs are: {newest}.")
    return path


def _named(path: Path) -> str:
    """The id of a run, with a remark when its journal cannot be read."""
    try:
        with Journal(path):
            return path.stem
    except JournalError:
        return f"{path.stem} (unreadable)"


def open_journal(settings: Settings, run_id: str) -> Journal:
    """The journal of a run, to look at. Raises JournalError when there is none."""
    return Journal(journal_path(settings, run_id))


def new_run_id() -> str:
    """A name for a run that sorts by time, to the microsecond, in hexadecimal: `20261123-194533-3f9a0`."""
    begun = datetime.now(UTC)
    return f"{begun:%Y%m%d-%H%M%S}-{begun.microsecond:05x}"


@contextmanager
def source_file(file: "Path | str | pandas.DataFrame", settings: Settings) -> Iterator[SourceFile]:
    """The file or data frame as it is now; standard input ("-") is copied first, and the copy removed at the end.

    Raises SourceError when it cannot be read.
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
        yield _described(Path(file))
        return
    if sys.stdin is None:
        raise SourceError("Standard input is closed. Give a file, or pass one as standard input.")
    with temporary_directory(settings.state_path) as directory:
        copy = directory / "stdin.csv"
        with copy.open("xb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield replace(_described(copy), path=STANDARD_INPUT)


def described_again(source: SourceFile) -> SourceFile:
    """The source as it is now; what has no name of its own does not change. Raises SourceError."""
    return _described(Path(source.path)) if source.path not in NO_FILES else source


def open_table(source: SourceFile, reading: Reading) -> Source:
    """The table of pairs in a source. Raises SourceError or SettingsError as the reader does."""
    if not isinstance(source.content, Path):
        return open_frame(source.content, reading)
    try:
        return open_source(source.content, reading, "standard input" if source.path == STANDARD_INPUT else "")
    except SourceError:
        source.check_unchanged()  # the better reason why half a file is not a table
        raise


def read_blocks(source: SourceFile, table: Source) -> Iterator[SourceBlock]:
    """Yield the rows of a source's table; raise SourceError at the end unless the file is still the one described.

    Whoever acts on the rows must first reach the end.
    """
    try:
        yield from table.blocks()
    except SourceError:
        source.check_unchanged()
        raise
    source.check_unchanged()


def _described(path: Path) -> SourceFile:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise SourceError(f"{path} is not an ordinary file. To read a pipe give - and pass it as standard input.")
        version = read_version(path)
    except IsADirectoryError:
        raise SourceError(f"{path} is a directory. Give the file to import.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError:  # a NUL in it
        raise SourceError(f"{str(path)!r} cannot be the path of a file.") from None
    modified_at = utc_text(version.modified_ns / 1e9)
    return SourceFile(str(path.resolve()), path, version.sha256, modified_at, version)


def reading_values(reading: Reading) -> dict[str, Any]:
    """The reading settings as JSON values: with the source's content they decide which pairs a run has."""
    values = asdict(reading)
    values["columns"] = {str(role): column for role, column in reading.columns.items()}
    values["statuses"] = sorted(reading.statuses) if reading.statuses is not None else None
    return values


def target(settings: Settings) -> str:
    """Where the calls of a run go: the base URL, or `sandbox`."""
    return SANDBOX if settings.sandbox else settings.base_url
