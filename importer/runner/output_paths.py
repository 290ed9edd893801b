"""Paths of the results and failures files of a run."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from importer.atomic_file import check_writable
from importer.config import Settings
from importer.errors import OutputError
from importer.journal import Account, Journal, RunInfo
from importer.model import Operation
from importer.reader import COMPRESSED_EXTENSIONS, TABLE_EXTENSIONS, TEXT_EXTENSIONS, WORKBOOK_EXTENSIONS
from importer.reporter import WrittenFiles
from importer.runner.context import RunContext
from importer.runner.source_file import UNNAMED_SOURCES, SourceFile
from importer.runner.state_directory import records_directory

HTML_EXTENSIONS = frozenset({".html", ".htm"})
"""Extensions of the report, in small letters."""

_SANDBOX_MARK = ".sandbox"


@dataclass(frozen=True, slots=True)
class Output:
    """Where the results of an `operation` go, and which existing files may be replaced."""

    operation: str
    results: Path
    written: WrittenFiles

    @property
    def failures(self) -> Path:
        """The path of the failures file."""
        return failures_path(self.results)


def output_of(journal: Journal, operation: str, results: Path, context: RunContext) -> Output:
    """Return the output of a run, a check or a verification; `context` is notified about files that are kept.

    An operation owns its earlier results over the same source with the same reading, target and account. Each retry is
    a separate command, and so is each data frame or standard input whose results have a default name. All undos of one
    run are the same command. Results of a removal that can restore links are replaced only by the removal itself.
    """
    info, account = journal.info, journal.account
    is_undo = info.operation is Operation.UNDO
    is_retry = not is_undo and (info.parent is not None or info.reading["statuses"] is not None)
    has_default_name = info.source in UNNAMED_SOURCES and results.name.startswith(f"{info.source.strip('<>')}.")
    command: list[object] = [operation, info.source, info.target, info.reading]
    command += [info.parent] * is_undo + [info.run_id] * is_retry + [info.source_sha256] * has_default_name
    written = written_files(command, account, context)
    removal = info.run_id if info.operation is Operation.UNLINK else ""
    return Output(operation, results, replace(written, run_id=removal))


def written_files(command: Sequence[object], account: Account | None, context: RunContext) -> WrittenFiles:
    """Return the policy for the files that a command writes in an account; `context` is notified about kept files.

    `command` identifies it: the same command owns the files that it wrote before.
    """
    owner = hashlib.sha256(json.dumps(command, sort_keys=True).encode()).hexdigest()
    portal_id = account.portal_id if account else None
    return WrittenFiles(records_directory(context.settings), owner, portal_id, partial(_report_kept, context))


def _report_kept(context: RunContext, path: Path, kept: Path) -> None:
    action = "was not removed although it is out of date" if kept == path else f"was kept as {kept.name}"
    context.warn(
        f"{path} {action}: it was edited since it was written, another command wrote it, or it "
        "restores links that an earlier run removed."
    )


def results_path(source: SourceFile, out: Path | str | None, *, sandbox: bool, mark: str = "") -> Path:
    """Return the path of the results of a new run: `out`, or `NAME.results.EXT` beside the source.

    A `mark` (`.retry`) separates other runs over the same file: `NAME.retry.results.EXT`; so does `.sandbox`. Results
    of unnamed sources go to the working directory.
    """
    path = Path.cwd() / f"{source.path.strip('<>')}.csv" if source.path in UNNAMED_SOURCES else Path(source.path)
    return checked_results(out or _beside(path, mark, sandbox=sandbox), source.path)


def undo_results_path(undone: RunInfo, out: Path | str | None, *, sandbox: bool) -> Path:
    """Return the path of the results of a new undo: `out`, or `NAME.undo.results.EXT` beside the run's results."""
    return checked_results(out or _beside(Path(undone.results), ".undo", sandbox=sandbox), undone.source)


def retry_results_path(parent: RunInfo, out: Path | str | None, *, sandbox: bool) -> Path:
    """Return the path of the results of a new retry: `out`, or `NAME.retry.results.EXT` beside the parent's results."""
    return checked_results(out or _beside(Path(parent.results), ".retry", sandbox=sandbox), parent.source)


def superseded_results_path(run: RunInfo, *, sandbox: bool) -> Path:
    """Return the path of the results of a run whose own path the next run needs: `NAME.RUN_ID.results.EXT`."""
    return checked_results(_beside(Path(run.results), f".{run.run_id}", sandbox=sandbox), run.source)


def _beside(path: Path, mark: str, *, sandbox: bool) -> Path:
    suffix = ".xlsx" if _extension(path) in WORKBOOK_EXTENSIONS else _extension(path) or ".csv"
    name = _name(path).removesuffix(".results") if mark else _name(path)
    if sandbox and _SANDBOX_MARK not in Path(name).suffixes:
        name += _SANDBOX_MARK
    return path.with_name(f"{_add_mark(name, mark) if mark else name}.results{suffix}")


def _add_mark(name: str, mark: str) -> str:
    """Return the name with the mark; repeated marks are counted to keep earlier results: `NAME.retry2`."""
    found = re.fullmatch(rf"(.*{re.escape(mark)})(\d*)", name)
    return f"{found[1]}{int(found[2] or 1) + 1}" if found else name + mark


def check_outputs(results: Path, settings: Settings, source: str) -> None:
    """Raise OutputError unless the results and the report can be written; call it before a run begins.

    The report has to be an HTML file, and neither the source nor another file of the run.
    """
    check_writable(results)
    if settings.report is None:
        return
    report = _absolute(settings.report, "--report")
    if report.suffix.lower() not in HTML_EXTENSIONS:
        message = f"{report} is not a name for a report, which is an HTML file. Give --report a name ending in .html."
        raise OutputError("REPORT_NOT_HTML", message)
    of_run = {source: "source", str(results): "results file", str(failures_path(results)): "failures file"}
    if (other := of_run.get(str(report))) is not None:
        message = f"The report cannot be written to {report}: it is the {other}. Choose another file with --report."
        raise OutputError("OUTPUT_IS_SOURCE" if other == "source" else "OUTPUTS_COLLIDE", message)
    check_writable(report)


def checked_results(out: Path | str, source: str) -> Path:
    """Return the absolute path of a results file.

    Raises OutputError if it is not a valid path, or if it or its failures file is the source itself.
    """
    out = _absolute(out, "--out")
    for content, path in (("results", out), ("failures", failures_path(out))):
        if str(path) == source:
            message = f"The {content} cannot be written to {path}: it is the source. Choose another file with --out."
            raise OutputError("OUTPUT_IS_SOURCE", message)
    return out


def _absolute(path: Path | str, option: str) -> Path:
    try:
        return Path(path).resolve()
    except ValueError:  # it contains a NUL
        message = f"{str(path)!r} is not a valid path. Choose another file with {option}."
        raise OutputError("PATH_INVALID", message) from None


def failures_path(results: Path) -> Path:
    """Return the path of the failures file: `NAME.failures.csv` beside the results `NAME.results.EXT`."""
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
