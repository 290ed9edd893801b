"""A new run: its description and its journal, from its source."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from importer.config import Reading, Settings
from importer.journal import SANDBOX, SUFFIX, Account, RunInfo, open_for_run, write_journal
from importer.model import Operation, SourceBlock
from importer.reader import Source
from importer.runner.context import RunContext
from importer.runner.events import EventHandler, RowsRead
from importer.runner.lookup import LookupCounts, blocks_with_ids, sides_of_source
from importer.runner.source_file import SourceFile, open_table, read_blocks
from importer.timestamps import utc_now_text

_SECONDS_BETWEEN_EVENTS = 0.5


@dataclass(frozen=True, slots=True)
class NewRun:
    """The id of a run to create, how its source is read, the path of its results, and its operation."""

    run_id: str
    settings: Settings
    reading: Reading
    results: Path
    operation: Operation = Operation.LINK

    def describe(self, source: SourceFile, table: Source) -> RunInfo:
        """Return the description of the run for its journal."""
        return RunInfo(
            run_id=self.run_id,
            created_at=utc_now_text(),
            parent=None,
            source=source.path,
            source_sha256=source.sha256,
            source_modified_at=source.modified_at,
            header=table.header,
            delimiter=table.info.delimiter or ",",
            reading=reading_values(self.reading),
            target=target_name(self.settings),
            api_version=self.settings.api_version,
            results=str(self.results),
            settings=self.settings.model_dump(mode="json"),
            places={str(role): place for role, place in table.places.items()},
            parts=table.info.parts,
            operation=self.operation,
        )

    def read(self, source: SourceFile, directory: Path, context: RunContext, account: Account | None = None) -> Path:
        """Read the source into a new journal in `directory` and return its path.

        `account` is the one that the source's ids belong to, if known.
        """
        with open_table(source, self.reading) as table:
            context.on_event(table.info)
            path = directory / f"{self.run_id}{SUFFIX}"
            self.write(path, source, table, context, account)
            for warning in table.report.warnings:
                context.warn(warning)
        return path

    def write(
        self, path: Path, source: SourceFile, table: Source, context: RunContext, account: Account | None = None
    ) -> LookupCounts | None:
        """Write the journal at `path`, with ids looked up in the account of `context` where the source has values.

        Return the counts of the lookup, None if there was none.
        """
        info = self.describe(source, table)
        read = _with_progress(read_blocks(source, table), context.on_event)
        with blocks_with_ids(read, sides_of_source(table.info), context, path.parent, account) as (blocks, lookup):
            write_journal(path, info, blocks, account, lambda: table.report.portals)
        if table.report.removal is not None:
            with open_for_run(path) as journal:
                journal.set_removal(table.report.removal)
        if lookup is None:
            return None
        if lookup.merged:
            with open_for_run(path) as journal:
                journal.set_merged(lookup.merged)
        return lookup.counts


def _with_progress(blocks: Iterable[SourceBlock], on_event: EventHandler) -> Iterator[SourceBlock]:
    """Yield the blocks, and report the number of rows read so far."""
    rows, reported = 0, time.monotonic()
    for block in blocks:
        yield block
        rows += len(block.numbers)
        if time.monotonic() - reported >= _SECONDS_BETWEEN_EVENTS:
            reported = time.monotonic()
            on_event(RowsRead(rows))


def reading_values(reading: Reading) -> dict[str, Any]:
    """Return the reading settings as JSON values; with the source's content they determine the pairs of a run."""
    values = asdict(reading)
    values["columns"] = {str(role): column for role, column in reading.columns.items()}
    values["statuses"] = sorted(reading.statuses) if reading.statuses is not None else None
    del values["restores_types"]  # it follows from the operation
    if not reading.labels:
        del values["labels"]
    else:
        values["labels"] = list(reading.labels)
    del values["corrections"]
    return with_corrections(values, reading.corrections)


def with_corrections(values: Mapping[str, Any], corrections: Mapping[tuple[int, int], str]) -> dict[str, Any]:
    """Return reading settings as JSON values with a digest of these corrections, if there are any."""
    return {**values, **({"corrections": _digest(corrections)} if corrections else {})}


def _digest(corrections: Mapping[tuple[int, int], str]) -> str:
    """Return a hash of corrections, because a run with others is another run; the journal has their texts."""
    listed = [[row, place, text] for (row, place), text in sorted(corrections.items())]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def target_name(settings: Settings) -> str:
    """Return where a run sends: the base URL, or `sandbox`."""
    return SANDBOX if settings.sandbox else settings.base_url
