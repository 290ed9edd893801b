"""The limits of links per record that the new links of a run would exceed."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from importer.hubspot.client import HubSpotClient
from importer.hubspot.record_limits import RecordLimit, parse_record_limit, with_admin_limit
from importer.journal import PendingPair
from importer.pool.engines.findings import FIRST, Findings, OverLimit
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

_MANY = 10
"""From this number on, the new links of a record are counted across chunks."""


class LinkLimits:
    """Adds the records that would have too many links to `findings`."""

    def __init__(self, client: HubSpotClient, findings: Findings) -> None:
        """Read the limits through `client`."""
        self._client = client
        self._findings = findings
        self._limits: dict[Types, RecordLimit | None] = {}
        self._new_links: Counter[tuple[Types, str]] = Counter()
        self._over_limit: set[tuple[Types, str]] = set()
        self._lock = asyncio.Lock()

    async def add(self, new: Sequence[PendingPair], sender: Sender, present: Mapping[tuple[Types, str], int]) -> None:
        """Count pairs of the same object types that are not linked yet, from both of their sides.

        `present` holds the number of links of the records that were read, by the object types of these links.
        """
        for is_reverse in (False, True) if new else ():
            direction = types_of(new[0])[::-1] if is_reverse else types_of(new[0])
            limit = await self._limit(direction, sender)
            if limit is not None:
                rows: dict[str, list[int]] = {}
                for pending in new:
                    record = pending.pair.to_id if is_reverse else pending.pair.from_id
                    rows.setdefault(record, []).append(pending.row)
                self._add(direction, rows, limit, present)

    async def _limit(self, types: Types, sender: Sender) -> RecordLimit | None:
        """Read the limits of one direction, once; None if they cannot be read, which is no reason to stop."""
        async with self._lock:
            if types not in self._limits:
                found = parse_record_limit(await sender.send(partial(self._client.record_limits, *types), []))
                reply = await sender.send(partial(self._client.type_limits, *types), [])
                self._limits[types] = with_admin_limit(found, reply)
                self._findings.unread_limits += found is None
        return self._limits[types]

    def _add(
        self,
        types: Types,
        rows: Mapping[str, Sequence[int]],
        limit: RecordLimit,
        present: Mapping[tuple[Types, str], int],
    ) -> None:
        """Add the records that would have too many links, if their present number is known.

        `rows` holds the rows with the new links of each record.

        New links are counted across chunks only for records with many of them: otherwise memory use would grow with the
        file.
        """
        for record, linked in rows.items():
            key = types, record
            number = self._new_links[key] + len(linked)
            if record in limit.used or number >= _MANY:
                self._new_links[key] = number
            number += max(present.get(key, 0), limit.used.get(record, 0))
            if number <= limit.limit or key in self._over_limit:
                continue
            self._over_limit.add(key)
            self._findings.over_limit += 1
            if len(self._findings.first_over_limit) < FIRST:
                found = OverLimit(linked[-1], types[0], record, types[1], number, limit.limit)
                self._findings.first_over_limit.append(found)
