"""Marks the results of rows whose record was found by a value of another record, which was merged into it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from importer.journal import MergedRecord
from importer.model import GOOD_STATUSES, ObjectType, PairOutcome, RecordId, RowOutcome

_Merged = dict[tuple[ObjectType, RecordId], MergedRecord]


def with_merged(rows: Iterable[RowOutcome], merged: Sequence[MergedRecord]) -> Iterator[RowOutcome]:
    """Yield the rows; the message and the details of good ones name the merged records among theirs."""
    by_record: _Merged = {(one.object_type, one.record_id): one for one in merged}
    for row in rows:
        if by_record and not row.problems:
            yield replace(row, pairs=tuple(_with_merged(entry, row.cells, by_record) for entry in row.pairs))
        else:
            yield row


def _with_merged(entry: PairOutcome, cells: Sequence[str], merged: _Merged) -> PairOutcome:
    pair, outcome = entry.pair, entry.outcome
    ends = ((pair.from_type, pair.from_id), (pair.to_type, pair.to_id))
    found = [merged[end] for end in ends if end in merged and _is_named(merged[end].value, cells)]
    if not found or outcome.status not in GOOD_STATUSES or outcome.error_message:
        return entry
    details = {f"{one.object_type} {old}": one.record_id for one in found for old in one.merged}
    return replace(
        entry,
        outcome=replace(
            outcome,
            error_message=" ".join(map(_sentence, found)),
            error_details=json.dumps({"merged": details}, separators=(",", ":")),
        ),
    )


def _is_named(value: str, cells: Sequence[str]) -> bool:
    """Return whether a row contains the value; another row may name the same record by another value."""
    return any(value.lower() in cell.lower() for cell in cells)


def _sentence(one: MergedRecord) -> str:
    verb = "was" if len(one.merged) == 1 else "were"
    return f"{one.object_type} {', '.join(one.merged)} {verb} merged into {one.record_id}, which now has {one.value!r}."
