"""The engines that read back which pairs are linked; they send nothing that changes a record."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from importer.hubspot.answers import Answer
from importer.hubspot.attribution import numbers_in_errors
from importer.hubspot.client import HubSpotClient
from importer.hubspot.links import judge_read, read_links
from importer.journal import PendingPair
from importer.model import ObjectType, Outcome, Pair, Status
from importer.pool.attempts import Attempts
from importer.pool.put import dated
from importer.pool.workers import Pool

MOST_RECORDS = 1_000
"""Records that one batch read takes. Source: HubSpot, changelog of February 2025."""

MISSING = Outcome(
    Status.NOT_SENT,
    error_category="MISSING",
    error_message="HubSpot names no link between these two records.",
    advice="Run the file with --only-missing to link it.",
)
"""The outcome of a pair that was looked for and not found."""

_UNREAD = Outcome(Status.NOT_SENT)


@dataclass(slots=True)
class _Side:
    """What reading the links of some records gave, page by page.

    `types` has each link by (id asked for, other id). `named` are the ids that the answers gave, `without` those that
    they call without links, `survivors` the records that asked ones were merged into. `outcome` is the last answer's,
    `already_linked` as long as all could be read.
    """

    outcome: Outcome = _UNREAD
    types: dict[tuple[str, str], str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    without: set[str] = field(default_factory=set)
    survivors: dict[str, str] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        return self.outcome.status is Status.ALREADY_LINKED


class _Reader:
    """Reads portions of pairs of the same object types; what follows from it is for the engines below."""

    portion = MOST_RECORDS

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self._client = client

    async def _links_from(self, pool: Pool, portion: Sequence[PendingPair]) -> _Side:
        """The links of the records to link from."""
        pair = portion[0].pair
        ids = (pending.pair.from_id for pending in portion)
        return await self._side(pool, portion[0], (pair.from_type, pair.to_type), ids)

    async def _found(self, pool: Pool, portion: Sequence[PendingPair]) -> tuple[Outcome, dict[int, Outcome]]:
        """The last answer's outcome, and the outcomes of the pairs that are linked, also through merged records.

        A record that was merged answers by its old id, but with the id of the record it was merged into. What the
        links of the one side do not show is looked for from the other side too.
        """
        forth = await self._links_from(pool, portion)
        missing = [pending for pending in portion if _key(pending.pair) not in forth.types]
        back = _Side(forth.outcome)
        if missing and forth.is_read:
            pair = portion[0].pair
            ids = (pending.pair.to_id for pending in missing)
            back = await self._side(pool, missing[0], (pair.to_type, pair.from_type), ids)
        found = {}
        for pending in portion:
            types = _types_between(pending.pair, forth, back)
            if types is not None:
                found[pending.id] = _linked(forth.outcome, types, _merged(pending.pair, forth, back))
        return back.outcome, found

    async def _side(
        self, pool: Pool, first: PendingPair, types: tuple[ObjectType, ObjectType], ids: Iterable[str]
    ) -> _Side:
        asked = dict.fromkeys(ids)
        side = _Side()
        await self._read(pool, first, types, asked, side)
        if side.is_read and side.named - asked.keys():
            for record in asked.keys() - side.named - side.without:  # read alone, a merged one tells into which
                alone = _Side()
                await self._read(pool, first, types, {record: None}, alone)
                side.types.update({(record, other): found for (_, other), found in alone.types.items()})
                for survivor in alone.named - {record}:
                    side.survivors[record] = survivor
        return side

    async def _read(
        self,
        pool: Pool,
        first: PendingPair,
        types: tuple[ObjectType, ObjectType],
        asked: Mapping[str, str | None],
        side: _Side,
    ) -> None:
        """Read all pages of the links of the records `asked` into `side`."""
        after = dict(asked)
        while after:
            attempts = Attempts(pool, first)
            goes_on = True
            while goes_on:
                answer = await pool.send(partial(self._client.read, *types, after), [])
                verdict = judge_read(answer, first.pair)
                goes_on = await attempts.ask_again(verdict)
            side.outcome = dated(verdict.outcome, attempts.count)
            if not isinstance(answer, Answer) or not side.is_read:
                return
            links = read_links(answer)
            side.types.update(links.types)
            side.named |= links.named
            side.without |= numbers_in_errors(answer)
            only = next(iter(after)) if len(after) == 1 else None
            following = {only or record: start for record, start in links.after.items()}
            after = {record: start for record, start in following.items() if after.get(record, start) != start}


class FindLinked(_Reader):
    """Finds the pairs that are linked already, so that only the rest need be sent."""

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `already_linked`, or `linked` if sent before; the others stay pending."""
        side = await self._links_from(pool, portion)
        for pending in portion:
            types = side.types.get(_key(pending.pair))
            if types is not None:
                pool.record(pending, _as_sent(pending, _linked(side.outcome, types, {})))


class Verify(_Reader):
    """Says of every pair whether it is linked."""

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `already_linked`, the others as `not_sent` with the reason."""
        last, found = await self._found(pool, portion)
        is_read = last.status is Status.ALREADY_LINKED
        missing = replace(MISSING, http_status=last.http_status, completed_at=last.completed_at)
        for pending in portion:
            absent = missing if is_read else replace(last, status=Status.NOT_SENT)
            pool.record(pending, found.get(pending.id, absent))


class ReadBack(_Reader):
    """Asks once more for pairs that were sent without a trustworthy answer."""

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `linked`; the others stay `unconfirmed`."""
        _, found = await self._found(pool, portion)
        for pending in portion:
            if pending.id in found:
                pool.revise(pending, _as_sent(pending, found[pending.id]))


def _as_sent(pending: PendingPair, found: Outcome) -> Outcome:
    """The outcome of a pair that was found: `linked`, with its attempts, if it was sent before without an answer."""
    if pending.earlier is None or not pending.is_in_doubt:
        return found
    return replace(found, status=Status.LINKED, attempts=pending.earlier.attempts)


def _key(pair: Pair) -> tuple[str, str]:
    return pair.from_id, pair.to_id


def _types_between(pair: Pair, forth: _Side, back: _Side) -> str | None:
    """The types of the link between the records of `pair` or those they were merged into; None when there is none."""
    from_ids = (pair.from_id, forth.survivors.get(pair.from_id, pair.from_id))
    to_ids = (pair.to_id, back.survivors.get(pair.to_id, pair.to_id))
    seen = [forth.types.get((pair.from_id, to_id)) for to_id in to_ids]
    seen += [back.types.get((pair.to_id, from_id)) for from_id in from_ids]
    return next((types for types in seen if types is not None), None)


def _merged(pair: Pair, forth: _Side, back: _Side) -> dict[str, str]:
    """The records of `pair` that were merged, each with the one it was merged into."""
    sides = ((pair.from_type, pair.from_id, forth), (pair.to_type, pair.to_id, back))
    return {f"{kind} {record}": side.survivors[record] for kind, record, side in sides if record in side.survivors}


def _linked(outcome: Outcome, types: str, merged: Mapping[str, str]) -> Outcome:
    said = " ".join(f"{record} was merged into {survivor}." for record, survivor in merged.items())
    return Outcome(
        Status.ALREADY_LINKED,
        outcome.http_status,
        outcome.api_status,
        error_message=said,
        error_details=json.dumps({"merged": merged}, separators=(",", ":")) if merged else "",
        association_types=types,
        attempts=outcome.attempts,
        completed_at=outcome.completed_at,
    )
