"""Where journals are kept, how runs are named, and which unfinished run a command goes on with."""

import hashlib
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TYPE_CHECKING, Any

from importer.config import Reading, Settings
from importer.errors import JournalError, OutputError, SourceError
from importer.journal import SANDBOX, SUFFIX, Journal, RunInfo, list_journals
from importer.reader import Source, open_frame, open_source

if TYPE_CHECKING:
    import pandas

logger = logging.getLogger(__name__)

STANDARD_INPUT = "<stdin>"
FRAME = "<frame>"
_NO_FILES = {STANDARD_INPUT, FRAME}

_LEAVINGS = ("scratch-*", "stdin-*", "runs/*.reading")
_OLD_SECONDS = 24 * 60 * 60

_WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}
_WRAPPINGS = {".gz", ".zip"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to import as it is now.

    `path` is absolute, or a name in angle brackets for what is no file; `content` is where it can be read; `sha256` is
    the hash of its bytes.
    """

    path: str
    content: "Path | pandas.DataFrame"
    sha256: str
    modified_at: str

    @property
    def is_nameless(self) -> bool:
        """Whether it has no path of its own: standard input or a data frame."""
        return self.path in _NO_FILES


def _sweep(settings: Settings) -> None:
    """Remove what processes that were killed while reading have left: it may hold people's data."""
    for pattern in _LEAVINGS:
        for path in settings.state_path.glob(pattern):
            with suppress(OSError):  # another process may have removed it, or still use it
                if time.time() - path.stat().st_mtime > _OLD_SECONDS:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """A private directory for a journal that is not kept, removed at the end."""
    _make_state_directory(settings)
    with TemporaryDirectory(prefix="scratch-", dir=settings.state_path) as directory:
        yield Path(directory)


def _make_state_directory(settings: Settings) -> None:
    try:
        settings.state_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"The directory {settings.state_path} cannot be made: {error.strerror}. Name another with --state-dir."
        ) from error


def describe(
    run_id: str, source: SourceFile, table: Source, settings: Settings, reading: Reading, results: Path
) -> RunInfo:
    """What a new run over a source is asked to do."""
    return RunInfo(
        run_id=run_id,
        created_at=now(),
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


def now() -> str:
    """The time now as ISO 8601 in UTC, to the second."""
    return _iso(datetime.now(UTC))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def source_file(file: "Path | str | pandas.DataFrame", settings: Settings) -> Iterator[SourceFile]:
    """The file or data frame as it is now; standard input ("-") is copied first, and the copy removed at the end.

    Raises SourceError when it cannot be read.
    """
    _sweep(settings)
    if not isinstance(file, Path | str):
        content = file.to_csv(index=False).encode("utf-8", "surrogatepass")
        yield SourceFile(FRAME, file, hashlib.sha256(content).hexdigest(), now())
        return
    if str(file) != "-":
        yield _described(Path(file))
        return
    if sys.stdin is None:
        raise SourceError("Standard input is closed. Give a file, or pass one as standard input.")
    _make_state_directory(settings)
    with NamedTemporaryFile(prefix="stdin-", suffix=".csv", dir=settings.state_path) as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield replace(_described(Path(copy.name)), path=STANDARD_INPUT)


def open_table(source: SourceFile, reading: Reading) -> Source:
    """The table of pairs in a source. Raises SourceError or SettingsError as the reader does."""
    if isinstance(source.content, Path):
        return open_source(source.content, reading, "standard input" if source.path == STANDARD_INPUT else "")
    return open_frame(source.content, reading)


def _described(path: Path) -> SourceFile:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise SourceError(f"{path} is not an ordinary file. To read a pipe give - and pass it as standard input.")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except IsADirectoryError:
        raise SourceError(f"{path} is a directory. Give the file to import.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    return SourceFile(str(path.resolve()), path, digest, _iso(modified))


def reading_values(reading: Reading) -> dict[str, Any]:
    """The reading settings as JSON values: with the source's content they decide which pairs a run has."""
    values = asdict(reading)
    values["columns"] = {str(role): column for role, column in reading.columns.items()}
    values["statuses"] = sorted(reading.statuses) if reading.statuses is not None else None
    return values


def target(settings: Settings) -> str:
    """Where the calls of a run go: the base URL, or `sandbox`."""
    return SANDBOX if settings.sandbox else settings.base_url


def results_path(source: SourceFile, out: Path | None, *, mark: str = "") -> Path:
    """Where the results of a new run go: `out`, or `NAME.results.EXT` beside the source.

    A `mark` (`.retry`) keeps other runs over the same file apart: `NAME.retry.results.EXT`. Standard input's results go
    to the working directory.
    """
    place = Path.cwd() / f"{source.path.strip('<>')}.csv" if source.path in _NO_FILES else Path(source.path)
    return checked_results(out or _beside(place, mark), source.path)


def retry_results_path(parent: RunInfo, out: Path | None) -> Path:
    """Where the results of a new retry go: `out`, or `NAME.retry.results.EXT` beside the parent's results."""
    return checked_results(out or _beside(Path(parent.results), ".retry"), parent.source)


def _beside(place: Path, mark: str) -> Path:
    suffix = ".xlsx" if _extension(place) in _WORKBOOKS else _extension(place) or ".csv"
    name = _marked(_name(place).removesuffix(".results"), mark) if mark else _name(place)
    return place.with_name(f"{name}.results{suffix}")


def _marked(name: str, mark: str) -> str:
    """The name with the mark; a second one is counted, so that the results of a retry are kept: `NAME.retry2`."""
    found = re.fullmatch(rf"(.*{re.escape(mark)})(\d*)", name)
    return f"{found[1]}{int(found[2] or 1) + 1}" if found else name + mark


def checked_results(out: Path, source: str) -> Path:
    """The absolute path of a results file. Raises OutputError when it or its failures file is the source itself."""
    out = out.resolve()
    for what, path in (("results", out), ("rows that are not linked", failures_path(out))):
        if str(path) == source:
            raise OutputError(f"The {what} cannot go to {path}: it is the source. Name another file with --out.")
    return out


def failures_path(results: Path) -> Path:
    """Where the rows that are not linked go: `NAME.failures.csv` beside the results `NAME.results.EXT`."""
    return results.with_name(f"{_name(results).removesuffix('.results')}.failures.csv")


def _extension(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _WRAPPINGS:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in _WORKBOOKS | {".csv", ".tsv", ".txt"} else ""


def _name(path: Path) -> str:
    name = path.name
    while Path(name).suffix.lower() in _WRAPPINGS:
        name = Path(name).stem
    return name[: -len(_extension(path))] if _extension(path) else name
