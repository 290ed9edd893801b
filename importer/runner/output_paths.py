"""Where the results and the failures of a run go."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from importer.config import Settings
from importer.errors import OutputError
from importer.journal import Journal, RunInfo
from importer.reader import COMPRESSED_EXTENSIONS, TABLE_EXTENSIONS, TEXT_EXTENSIONS, WORKBOOK_EXTENSIONS
from importer.reporter import WrittenFiles
from importer.runner.events import EventHandler, Notice
from importer.runner.store import NO_FILES, SourceFile

_SANDBOX_MARK = ".sandbox"


@dataclass(frozen=True, slots=True)
class Output:
    """Where the results of an `operation` go, and what may be replaced there."""

    operation: str
    results: Path
    written: WrittenFiles

    @property
    def failures(self) -> Path:
        """Where the rows that are not linked go."""
        return failures_path(self.results)


def output_of(journal: Journal, operation: str, results: Path, settings: Settings, watch: EventHandler) -> Output:
    """The output of a run, a check or a verification; `watch` learns which files are kept.

    The same operation over the same source with the same reading, target and account owns its earlier results. Each
    retry is a command of its own, and so is each data frame or standard input whose results have a default name.
    """
    info, account = journal.info, journal.account
    is_retry = info.parent is not None or info.reading["statuses"] is not None
    has_default_name = info.source in NO_FILES and results.name.startswith(f"{info.source.strip('<>')}.")
    command = [operation, info.source, info.target, info.reading]
    command += [info.run_id] * is_retry + [info.source_sha256] * has_default_name
    owner = hashlib.sha256(json.dumps(command, sort_keys=True).encode()).hexdigest()
    portal_id = account.portal_id if account else None
    directory = settings.state_path / "outputs"
    written = WrittenFiles(directory, owner, portal_id, partial(_report_kept, watch))
    return Output(operation, results, written)


def _report_kept(watch: EventHandler, path: Path, kept: Path) -> None:
    stays = "stays although no row failed" if kept == path else f"is kept as {kept.name}"
    watch(Notice(f"{path} {stays}: it was changed since it was written, or is not this command's.", is_warning=True))


def results_path(source: SourceFile, out: Path | None, *, sandbox: bool, mark: str = "") -> Path:
    """Where the results of a new run go: `out`, or `NAME.results.EXT` beside the source.

    A `mark` (`.retry`) keeps other runs over the same file apart: `NAME.retry.results.EXT`; so does `.sandbox`.
    Standard input's results go to the working directory.
    """
    place = Path.cwd() / f"{source.path.strip('<>')}.csv" if source.path in NO_FILES else Path(source.path)
    return checked_results(out or _beside(place, mark, sandbox=sandbox), source.path)


def retry_results_path(parent: RunInfo, out: Path | None, *, sandbox: bool) -> Path:
    """Where the results of a new retry go: `out`, or `NAME.retry.results.EXT` beside the parent's results."""
    return checked_results(out or _beside(Path(parent.results), ".retry", sandbox=sandbox), parent.source)


def _beside(place: Path, mark: str, *, sandbox: bool) -> Path:
    suffix = ".xlsx" if _extension(place) in WORKBOOK_EXTENSIONS else _extension(place) or ".csv"
    name = _name(place).removesuffix(".results") if mark else _name(place)
    if sandbox and _SANDBOX_MARK not in Path(name).suffixes:
        name += _SANDBOX_MARK
    return place.with_name(f"{_from_bom(name, mark) if mark else name}.results{suffix}")


def _from_bom(name: str, mark: str) -> str:
    """The name with the mark; a second one is counted, so that the results of a retry are kept: `NAME.retry2`."""
    found = re.fullmatch(rf"(.*{re.escape(mark)})(\d*)", name)
    return f"{found[1]}{int(found[2] or 1) + 1}" if found else name + mark


def checked_results(out: Path, source: str) -> Path:
    """The absolute path of a results file.

    Raises OutputError when it cannot be a path, and when it or its failures file is the source itself.
    """
    try:
        out = out.resolve()
    except ValueError:  # a NUL in it
        raise OutputError(f"{str(out)!r} cannot be the path of a file. Name another file with --out.") from None
    for what, path in (("results", out), ("rows that are not linked", failures_path(out))):
        if str(path) == source:
            raise OutputError(f"The {what} cannot go to {path}: it is the source. Name another file with --out.")
    return out


def failures_path(results: Path) -> Path:
    """Where the rows that are not linked go: `NAME.failures.csv` beside the results `NAME.results.EXT`."""
    return results.with_name(f"{_name(results).removesuffix('.results')}.failures.csv")


def _extension(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED_EXTENSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in TABLE_EXTENSIONS | TEXT_EXTENSIONS else ""


def _name(path: Path) -> str:
    name = path.name
    while Path(name).suffix.lower() in COMPRESSED_EXTENSIONS:
        name = Path(name).stem
    return name[: -len(_extension(path))] if _extension(path) else name
