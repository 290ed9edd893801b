"""Exports the links between two object types as a file that can be imported."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from importer.config import Settings
from importer.errors import ImporterError, OutputError, SettingsError, SourceError
from importer.exit_codes import ExitCode
from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.journal import SUFFIX, RunInfo, open_for_run, write_journal
from importer.model import ObjectType, Operation, RecordId, Role, Stop, StopReason, is_record_id
from importer.pool import Pool, StoppedError
from importer.pool.all_links import AllLinks
from importer.printable import printable
from importer.reader.columns.object_types import parse_object_type
from importer.reporter.csv_writer import CsvWriter
from importer.reporter.result_row import escape_formula
from importer.reporter.table_writer import TableWriter
from importer.reporter.xlsx_writer import XlsxWriter
from importer.runner.account_work import work_in_account
from importer.runner.events import EventHandler, ignore
from importer.runner.new_run import target_name
from importer.runner.os_errors import translate_os_errors
from importer.runner.send import Sent
from importer.runner.state_directory import new_run_id
from importer.runner.target import target_of_settings
from importer.temporary_directories import temporary_directory
from importer.timestamps import utc_now_text

_HEADER = (Role.FROM_OBJECT_TYPE, Role.FROM_OBJECT_ID, Role.TO_OBJECT_TYPE, Role.TO_OBJECT_ID, "label")
_SIGNALS = {StopReason.SIGINT: ExitCode.INTERRUPTED, StopReason.SIGTERM: ExitCode.TERMINATED}
_SIGNALS[StopReason.SIGHUP] = ExitCode.TERMINATED


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """The result of an export: `file` is None unless it is complete, `unread_file` names the records that are not."""

    status: str
    stopped_by: str | None
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
        """OK if the file is complete; after a signal that of the signal, else STOPPED."""
        if self.file is not None:
            return ExitCode.OK
        return _SIGNALS.get(StopReason(self.stopped_by), ExitCode.STOPPED) if self.stopped_by else ExitCode.STOPPED

    def as_json(self) -> str:
        """Return the summary as one JSON object."""
        values: dict[str, Any] = {"operation": "export", **asdict(self)}
        del values["message"]
        return json.dumps(values)


@dataclass(slots=True)
class _Export:
    """An export in progress."""

    types: tuple[ObjectType, ObjectType]
    ids: list[RecordId] | None
    writer: TableWriter
    links: int = 0
    records: int = 0
    unread: dict[str, str] = field(default_factory=dict)
    error: ImporterError | None = None

    async def work(self, pool: Pool, client: HubSpotClient) -> Stop | None:
        """Read all links and write each as a row; return why that is not complete, None if it is."""
        reader = AllLinks(client, pool.sender, *self.types)
        try:
            async for found in reader.read(self.ids):
                self.unread |= found.unread
                for (from_id, to_id), link in found.links.items():
                    self.writer.write((self.types[0], from_id, self.types[1], to_id, _label(link)))
                self.links += len(found.links)
                self.records = reader.records
        except StoppedError:
            return pool.stopped
        except OutputError as error:
            self.error = error
        return pool.stopped or reader.stop


@translate_os_errors()
def export_links(
    from_type: str,
    to_type: str,
    out: Path,
    settings: Settings,
    *,
    ids: Path | None = None,
    on_event: EventHandler = ignore,
) -> ExportSummary:
    """Write the links from all records of one type, or those in the file `ids`, to records of another one to `out`.

    A file that would not be complete is not written: `unread_file` then lists the records that could not be read.
    Raises SettingsError, SourceError or OutputError, and RunAbortedError if the export fails after requests were sent.
    """
    started = time.monotonic()
    types = _parse_type(from_type), _parse_type(to_type)
    wanted = None if ids is None else list(dict.fromkeys(_read_ids(ids)))
    unread_path = _unread_path(out)
    target = target_of_settings(settings, on_event)
    with ExitStack() as stack:
        writer = stack.enter_context(_writer(out))
        export = _Export(types, wanted, writer)
        path = _empty_journal(stack.enter_context(temporary_directory(settings.state_path)), settings, out)
        journal = stack.enter_context(open_for_run(path))
        sent = work_in_account(journal, target.context, target.account, export.work)
        if export.error is not None:
            raise export.error
        is_complete = sent.stop is None and not export.unread
        if is_complete:
            writer.finish()
            writer.commit()
        if export.unread:
            _write_unread(unread_path, types[0], export.unread)
    return _summary(export, sent, started, out if is_complete else None, unread_path if export.unread else None)


def _writer(out: Path) -> TableWriter:
    """Create the file, with its header."""
    writer: TableWriter = XlsxWriter(out) if out.suffix.lower() == ".xlsx" else CsvWriter(out, ",")
    writer.write(_HEADER)
    return writer


def _unread_path(out: Path) -> Path:
    """Return the path of the file with unread records. Raises OutputError if it or `out` exists."""
    unread_path = out.with_name(f"{out.stem}.unread.csv")
    for path in (out, unread_path):
        if path.exists():
            message = f"{path} exists already, and an export replaces no file. Move it, or choose another with --out."
            raise OutputError("OUTPUT_EXISTS", message)
    return unread_path


def _summary(
    export: "_Export", sent: Sent, started: float, file: Path | None, unread_file: Path | None
) -> ExportSummary:
    stop = sent.stop
    if file is None and stop is None:
        stop = Stop(StopReason.UNREADABLE, f"The links of {len(export.unread):,} records could not be read.")
    return ExportSummary(
        status="finished" if stop is None else "interrupted" if stop.reason in _SIGNALS else "stopped",
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


def _label(link: Link) -> str:
    """Return the labels of a link for the column `label`, as `CATEGORY:ID` where a text could not be read back."""
    labels = []
    for text, type_text in link.labels:
        is_plain = ";" not in text and escape_formula(text) == text == printable(text).strip() != ""
        labels.append(text if is_plain else type_text)
    return ";".join(labels)


def _empty_journal(directory: Path, settings: Settings, out: Path) -> Path:
    """Create a journal without pairs: calls are made, counted and stopped as those of a run."""
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


def _write_unread(path: Path, object_type: ObjectType, unread: dict[str, str]) -> None:
    with CsvWriter(path, ",") as writer:
        writer.write(("object_type", "object_id", "reason"))
        for record, reason in unread.items():
            writer.write((object_type, record), (reason,))
        writer.finish()
        writer.commit()
