"""Finds which records were merged into others: as written, the ids of a merged record and of its survivor differ."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import groupby, islice
from operator import itemgetter

from importer.model import ObjectType, RecordId
from importer.pool import MAX_RECORDS, LinkReader, RetryPolicy, Sender, StoppedError, StopSignal, pair_of_types
from importer.runner.connection import connection
from importer.runner.context import RunContext
from importer.runner.send import run_on_own_loop

Types = tuple[ObjectType, ObjectType]

Survivors = dict[RecordId, RecordId]
"""Merged records, each with the record that it was merged into."""

FindSurvivors = Callable[[Iterable[tuple[Types, RecordId]]], dict[ObjectType, Survivors]]
"""Returns those records that were merged, by their object type.

Each record comes with its object type and with the type to which its links are read; they are sorted by these types.
"""

_Chunk = tuple[Types, list[RecordId]]


def survivor_finder(context: RunContext) -> FindSurvivors:
    """Return a function that reads the links of records in the account of `context`; it counts the requests there.

    A response about a merged record names its survivor. What cannot be read counts as not merged, since the run itself
    reads each record again before it sends a label.
    """

    def find(records: Iterable[tuple[Types, RecordId]]) -> dict[ObjectType, Survivors]:
        chunks = list(_chunks(records))
        return run_on_own_loop(_read(context, chunks)) if chunks else {}

    return find


def _chunks(records: Iterable[tuple[Types, RecordId]]) -> Iterator[_Chunk]:
    for types, found in groupby(records, itemgetter(0)):
        ids = map(itemgetter(1), found)
        while chunk := list(islice(ids, MAX_RECORDS)):
            yield types, chunk


async def _read(context: RunContext, chunks: Iterable[_Chunk]) -> dict[ObjectType, Survivors]:
    found: dict[ObjectType, Survivors] = {}
    async with connection(context) as (client, limiter):
        settings, requests = context.settings, context.requests
        sender = Sender(limiter, StopSignal(), RetryPolicy.from_settings(settings), settings.daily_reserve)
        read = partial(_read_chunk, LinkReader(client, is_optional=True), sender)
        for (own_type, _), survivors in await asyncio.gather(*map(read, chunks)):
            found.setdefault(own_type, {}).update(survivors)
        requests.reads += sender.reads
        requests.retries += sender.retries
        requests.rate_limited += sender.rate_limited
    return found


async def _read_chunk(reader: LinkReader, sender: Sender, chunk: _Chunk) -> tuple[Types, Survivors]:
    types, records = chunk
    with suppress(StoppedError):  # the run will stop for the same reason
        read = await reader.read(sender, pair_of_types(*types), types, dict.fromkeys(records, ()))
        return types, {RecordId(one): RecordId(survivor) for one, survivor in read.merged_into.items()}
    return types, {}
