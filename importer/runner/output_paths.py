"""Where the results and the failures of a run go."""

import re
from pathlib import Path

from importer.errors import OutputError
from importer.journal import RunInfo
from importer.runner.store import NO_FILES, SourceFile

_WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}
_WRAPPINGS = {".gz", ".zip"}


def results_path(source: SourceFile, out: Path | None, *, mark: str = "") -> Path:
    """Where the results of a new run go: `out`, or `NAME.results.EXT` beside the source.

    A `mark` (`.retry`) keeps other runs over the same file apart: `NAME.retry.results.EXT`. Standard input's results go
    to the working directory.
    """
    place = Path.cwd() / f"{source.path.strip('<>')}.csv" if source.path in NO_FILES else Path(source.path)
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
