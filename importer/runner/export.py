"""Exports the links between two object types as a file that can be imported."""

import csv
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from importer.config import Settings
from importer.errors import SettingsError, SourceError
from importer.exit_codes import ExitCode
from importer.journal import SUFFIX, RunInfo, open_for_run, write_journal
from importer.model import ObjectType, Operation, RecordId, Stop, StopReason, is_record_id
from importer.reader.columns.object_types import parse_object_type
from importer.reporter import WrittenFiles
from importer.reporter.csv_writer import CsvWriter
from importer.reporter.table_writer import TableWriter
from importer.reporter.xlsx_writer import XlsxWriter
from importer.runner.account_work import work_in_account
from importer.runner.events import EventHandler, ignore
from importer.runner.export_columns import parse_requests
from importer.runner.export_work import ExportWork
from importer.runner.new_run import target_name
from importer.runner.os_errors import translate_os_errors
from importer.runner.output_paths import written_files
from importer.runner.send import Sent
from importer.runner.state_directory import new_run_id
from importer.runner.target import target_of_settings
from importer.temporary_directories import temporary_directory
from importer.timestamps import utc_now_text


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """The result of an export; `file` is None unless it is complete, `unread_file` lists records that were not read."""

    status: str
    stopped_by: StopReason | None
    records: int
    links: int
    unread: int
    calls: int
    reads: int
    retries: int
    rate_limited: int
    seconds: float
    file: str | None
    unread_file: str | None
    message: str

    @property
    def exit_code(self) -> ExitCode:
        """OK if the file is complete, else that of the stop."""
        if self.file is not None:
            return ExitCode.OK
        return ExitCode.STOPPED if self.stopped_by is None else self.stopped_by.exit_code

    def as_json(self) -> str:
        """Return the summary as one JSON object."""
        values: dict[str, Any] = {"operation": "export", **asdict(self)}
        del values["message"]
        return json.dumps(values)


@translate_os_errors()
def export_links(
    from_type: str,
    to_type: str,
    settings: Settings,
    *,
    out: Path | str,
    ids: Path | str | None = None,
    properties: Sequence[str] = (),
    on_event: EventHandler = ignore,
) -> ExportSummary:
    """Write to `out` the links from all records of one type, or from those in the file `ids`, to records of another.

    Each of `properties` adds a column by which the records can be looked up in another account: `email`, or for one
    side `from:email`. An incomplete file is not written; `unread_file` then lists the records that could not be read.
    Raises SettingsError, SourceError or OutputError, and RunAbortedError if the export fails after requests were sent.
    """
    started = time.monotonic()
    types, requests, out = (_parse_type(from_type), _parse_type(to_type)), parse_requests(properties), Path(out)
    wanted = None if ids is None else dict.fromkeys(_read_ids(Path(ids)))
    target = target_of_settings(settings, on_event)
    with ExitStack() as stack:
        writer = stack.enter_context(_writer(out))
        work = ExportWork(types, wanted, requests, writer, target.context)
        path = _empty_journal(stack.enter_context(temporary_directory(settings.state_path)), settings, out)
        journal = stack.enter_context(open_for_run(path))
        sent = work_in_account(journal, target.context, target.account, work.run)
        if work.error is not None:
            raise work.error
        command = ("export", *types, str(ids), target_name(settings))
        written = written_files(command, journal.account, target.context)
        file, unread_file = _write_files(work, out, written, is_stopped=sent.stop is not None)
    return _summary(work, sent, started, file, unread_file)


def _write_files(
    work: ExportWork, out: Path, written: WrittenFiles, *, is_stopped: bool
) -> tuple[Path | None, Path | None]:
    """Complete the file, or write the one with the unread records; return the paths of both, None if not written."""
    unread_path = out.with_name(f"{out.stem}.unread.csv")
    if is_stopped:  # the records that were not reached may be readable
        return None, None
    if work.unread:
        _write_unread(unread_path, work.unread, written)
        return None, unread_path
    work.writer.finish()
    work.writer.commit(written)
    written.remove(unread_path)
    return out, None


def _writer(out: Path) -> TableWriter:
    return XlsxWriter(out) if out.suffix.lower() == ".xlsx" else CsvWriter(out, ",")


def _summary(
    export: ExportWork, sent: Sent, started: float, file: Path | None, unread_file: Path | None
) -> ExportSummary:
    stop = sent.stop
    if file is None and stop is None:
        stop = Stop(StopReason.UNREADABLE, f"The links of {len(export.unread):,} records could not be read.")
    return ExportSummary(
        status="finished" if stop is None else "interrupted" if stop.reason.is_signal else "stopped",
        stopped_by=None if stop is None else stop.reason,
        records=export.records,
        links=export.links,
        unread=len(export.unread),
        calls=sent.calls,
        reads=sent.reads,
        retries=sent.retries,
        rate_limited=sent.rate_limited,
        seconds=round(time.monotonic() - started, 1),
        file=None if file is None else str(file),
        unread_file=None if unread_file is None else str(unread_file),
        message="" if stop is None else stop.message,
    )


def _parse_type(text: str) -> ObjectType:
    found = parse_object_type(text)
    if found is None:
        raise SettingsError("UNKNOWN_OBJECT_TYPE", f"{text!r} is not an object type, such as contacts or 2-1234567.")
    return found


def _read_ids(path: Path) -> Iterator[RecordId]:
    """Yield the record ids in the first column of a CSV file; its first row may be a header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            for number, row in enumerate(csv.reader(file), 1):
                text = row[0].strip() if row else ""
                if is_record_id(text):
                    yield RecordId(text)
                elif text and number > 1:
                    message = f"{path}, row {number}: {text[:100]!r} is not a HubSpot record id (digits only)."
                    raise SourceError("EXPORT_ID_INVALID", message)
        except (UnicodeDecodeError, csv.Error) as error:
            message = f"{path} cannot be read as a list of ids, one per line ({error}). Save it as CSV in UTF-8."
            raise SourceError("EXPORT_IDS_UNREADABLE", message) from error


def _empty_journal(directory: Path, settings: Settings, out: Path) -> Path:
    """Create a journal without pairs, so that calls are made, counted and stopped like those of a run."""
    run_id = new_run_id()
    path = directory / f"{run_id}{SUFFIX}"
    info = RunInfo(
        run_id=run_id,
        created_at=utc_now_text(),
        parent=None,
        source="",
        source_sha256="",
        source_modified_at="",
        header=(),
        delimiter=",",
        reading={},
        target=target_name(settings),
        api_version=settings.api_version,
        results=str(out),
        operation=Operation.VERIFY,
    )
    write_journal(path, info, iter(()))
    return path


def _write_unread(path: Path, unread: Mapping[tuple[ObjectType, str], str], written: WrittenFiles) -> None:
    with CsvWriter(path, ",") as writer:
        writer.write(("object_type", "object_id", "reason"))
        for key, reason in unread.items():
            writer.write(key, (reason,))
        writer.finish()
        writer.commit(written)
