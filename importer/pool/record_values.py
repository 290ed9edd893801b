"""Reads a property of many records by id, in concurrent batch reads."""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

from importer.hubspot.client import HubSpotClient
from importer.hubspot.lookup import READ_INPUTS
from importer.hubspot.record_values import parse_values, values_body
from importer.model import ObjectType
from importer.pool.engines.bisection import Bisection, CallResult
from importer.pool.retrying import MAX_ATTEMPTS_OF_PARTS, Attempts, read
from importer.pool.sender import Sender
from importer.pool.stop_signal import pair_of_types

_MAX_IN_FLIGHT = 8
_MAX_REMEMBERED = 50_000
"""Number of values kept for later chunks, since many records are linked to the same companies."""

_NOT_REQUESTED = "It was not requested."
_NOT_MENTIONED = "HubSpot's response does not mention this record."


class RecordValues:
    """Reads one property of records of one type. `unread` maps records whose value is not known to the reason."""

    def __init__(self, client: HubSpotClient, sender: Sender, object_type: ObjectType, name: str) -> None:
        """Read through `client` at the rate of `sender`."""
        self.unread: dict[str, str] = {}
        self._client = client
        self._sender = sender
        self._about = pair_of_types(object_type, object_type)
        self._type = object_type
        self._name = name
        self._values: dict[str, str] = {}
        title = f"Reading the property {name} of {object_type}"
        self._bisection = Bisection(title, READ_INPUTS, "The remaining records stay unread.")
        self._slots = asyncio.Semaphore(_MAX_IN_FLIGHT)

    async def read(self, ids: Collection[str]) -> dict[str, str]:
        """Return the values of records; "" if a record has none, does not exist or could not be read.

        Raises StoppedError if the run is stopped.
        """
        if len(self._values) > _MAX_REMEMBERED:
            self._values.clear()
        new = [one for one in dict.fromkeys(ids) if one not in self._values]
        size = self._bisection.size
        found: dict[str, str | None] = {}
        unread = dict.fromkeys(new, _NOT_REQUESTED)
        chunks = [new[start : start + size] for start in range(0, len(new), size)]
        parts = (self._read_chunk(chunk, found, unread) for chunk in chunks)
        for error in await asyncio.gather(*parts, return_exceptions=True):
            if error is not None:
                raise error
        self.unread |= unread
        self._values |= {one: value or "" for one, value in found.items()}
        return {one: self._values.get(one, "") for one in ids}

    async def _read_chunk(self, chunk: Sequence[str], found: dict[str, str | None], unread: dict[str, str]) -> None:
        async with self._slots:
            await self._bisection.process(chunk, partial(self._read_part, chunk, found, unread))

    async def _read_part(
        self, chunk: Sequence[str], found: dict[str, str | None], unread: dict[str, str], part: Sequence[str]
    ) -> CallResult[str] | None:
        """Read the values of some records; the result's `rest` has those that the response does not cover."""
        most = MAX_ATTEMPTS_OF_PARTS if len(part) < len(chunk) else None
        attempts = Attempts(self._sender, self._about, inputs=len(part), chunk=len(chunk), max_attempts=most)
        body = values_body(self._name, part)
        call = partial(self._client.read_records, self._type, body)
        response, decision = await read(self._sender, self._about, call, attempts)
        values = parse_values(response, self._name, part) if response is not None else {}
        found |= values
        left = [one for one in part if one not in values]
        for one in values:
            unread.pop(one, None)
        reason = _NOT_MENTIONED if response is not None else decision.outcome.error_message
        unread |= dict.fromkeys(left, reason)
        return None if self._sender.signal.stops(self._about) else CallResult(bool(values), None, reason, left)
