"""The work of an export: reads all links, with properties of their records, and writes each as a row."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from importer.errors import ImporterError
from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.model import ObjectType, RecordId, Role, Stop
from importer.pool import Pool, StoppedError
from importer.pool.all_links import AllLinks, ChunkOfLinks
from importer.pool.engines.lead_check import concerns_leads
from importer.printable import printable
from importer.reporter.result_row import escape_formula
from importer.reporter.table_writer import TableWriter
from importer.runner.context import RunContext
from importer.runner.export_columns import ColumnValues, PropertyColumn, PropertyRequest, Types, find_columns

_HEADER = (Role.FROM_OBJECT_TYPE, Role.FROM_OBJECT_ID, Role.TO_OBJECT_TYPE, Role.TO_OBJECT_ID, Role.LABEL)
_SECONDS_BETWEEN_NOTICES = 10.0


@dataclass(slots=True)
class ExportWork:
    """An export in progress: the types, the ids of the records on the from side (None: all), and its progress.

    `unread` has the reason for each record that could not be read completely, by object type and id. `error` is the
    error of a file or setting that ended the export.
    """

    types: Types
    ids: Collection[RecordId] | None
    requests: Sequence[PropertyRequest]
    writer: TableWriter
    context: RunContext
    links: int = 0
    records: int = 0
    unread: dict[tuple[ObjectType, str], str] = field(default_factory=dict)
    error: ImporterError | None = None
    _last_notice: float = field(default_factory=time.monotonic)

    async def run(self, pool: Pool, client: HubSpotClient) -> Stop | None:
        """Read all links and write each as a row; return why the export is incomplete, None if it is complete."""
        try:
            return pool.stopped or await self._read(pool, client)
        except StoppedError:
            return pool.stopped
        except ImporterError as error:
            self.error = error
            return None

    async def _read(self, pool: Pool, client: HubSpotClient) -> Stop | None:
        columns = await find_columns(client, pool.sender, self.types, self.requests)
        if isinstance(columns, Stop):
            return columns
        stop = await self._read_direction(pool, client, self.types, columns)
        if stop is not None or self.links or self.unread or not self._may_be_listed_elsewhere:
            if not self.links:
                self._write_header(columns)
            return stop
        return await self._read_other_direction(pool, client, columns)

    @property
    def _may_be_listed_elsewhere(self) -> bool:
        """True if the records of the other type may list the links; with given ids, only for leads."""
        return self.types[0] != self.types[1] and (self.ids is None or concerns_leads(self.types))

    async def _read_other_direction(
        self, pool: Pool, client: HubSpotClient, columns: Sequence[PropertyColumn]
    ) -> Stop | None:
        """Read the links from the other side: HubSpot lists those of some types, such as leads, only there."""
        one, other = self.types
        self.context.notify(f"HubSpot lists no links from {one} to {other}: reading from {other} to {one} instead.")
        swapped = [column.swapped() for column in columns]
        stop = await self._read_direction(pool, client, (other, one), swapped)
        if self.links:
            self.context.warn(f"HubSpot lists these links only from {other}, so the rows link {other} to {one}.")
        else:
            self._write_header(columns)
        return stop

    async def _read_direction(
        self, pool: Pool, client: HubSpotClient, types: Types, columns: Sequence[PropertyColumn]
    ) -> Stop | None:
        reader = AllLinks(client, pool.sender, *types)
        values = ColumnValues(client, pool.sender, types, columns)
        is_other = types != self.types
        async for found in reader.read(None if is_other else self.ids):
            self.unread |= {(types[0], record): reason for record, reason in found.unread.items()}
            links = _links_to(found, self.ids) if is_other and self.ids is not None else found.links
            if links and not self.links:
                self._write_header(columns)
            self._write(types, links, await values.read(list(links)))
            self.records = reader.records
            self._report_progress()
            if pool.sender.signal.reason is not None:
                break
        self.unread |= values.unread()
        for notice in values.notices():
            self.context.warn(notice)
        return pool.sender.signal.reason or reader.stop

    def _write_header(self, columns: Sequence[PropertyColumn]) -> None:
        self.writer.write(_HEADER, [column.header for column in columns])

    def _write(self, types: Types, links: dict[tuple[str, str], Link], values: list[list[str]]) -> None:
        texts = zip(*values, strict=True) if values else [()] * len(links)
        for ((from_id, to_id), link), row in zip(links.items(), texts, strict=True):
            self.writer.write((types[0], from_id, types[1], to_id, _label(link)), row)
        self.links += len(links)

    def _report_progress(self) -> None:
        now = time.monotonic()
        if now - self._last_notice >= _SECONDS_BETWEEN_NOTICES:
            self._last_notice = now
            self.context.notify(f"{self.links:,} links of {self.records:,} records so far.")


def _links_to(found: ChunkOfLinks, ids: Collection[str]) -> dict[tuple[str, str], Link]:
    return {key: link for key, link in found.links.items() if key[1] in ids}


def _label(link: Link) -> str:
    """Return the labels of a link for the column `label`, as `CATEGORY:ID` where a text could not be read back."""
    labels = []
    for text, type_text in link.labels:
        is_plain = ";" not in text and escape_formula(text) == text == printable(text).strip() != ""
        labels.append(text if is_plain else type_text)
    return ";".join(labels)
