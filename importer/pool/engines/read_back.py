"""The engines that read back which pairs are linked; they send nothing that changes a record."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from importer.hubspot.client import HubSpotClient
from importer.hubspot.links import Link
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status, Stop, StopReason
from importer.pool.engines.link_reader import MAX_RECORDS, LinkReader, LinksRead
from importer.pool.pool import Pool

logger = logging.getLogger(__name__)

MISSING = Outcome(
    Status.NOT_SENT,
    error_category="MISSING",
    error_message="HubSpot names no link between these two records.",
    advice="Run the file with --only-missing to link it.",
)
"""The outcome of a pair that was looked for and not found."""

_ONLY_LABELLED = replace(
    MISSING,
    error_category="ONLY_LABELLED",
    error_message="HubSpot lists these two records without the unlabelled type, which every link should have.",
)

NOT_READ = "NOT_READ"
"""The error category of a pair of which nobody could find out whether it is linked."""


class _Reader:
    """Reads chunks of pairs of the same object types; what follows from it is for the engines below."""

    chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self._links = LinkReader(client)

    def size(self, pending: PendingPair) -> int:
        """Return how many records a read of these types takes now."""
        return self._links.size((pending.pair.from_type, pending.pair.to_type))

    async def _forward(self, pool: Pool, chunk: Sequence[PendingPair]) -> LinksRead:
        """The links of the records to link from."""
        pair = chunk[0].pair
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            wanted.setdefault(pending.pair.from_id, set()).add(pending.pair.to_id)
        return await self._links.read(pool, chunk[0], (pair.from_type, pair.to_type), wanted)

    async def _look_up(self, pool: Pool, chunk: Sequence[PendingPair]) -> Iterator[tuple[PendingPair, Outcome]]:
        """Each pair with `already_linked`, `not_sent` when it is not linked, or `unconfirmed` when that is not known.

        A record that was merged answers by its old id, but with the id of the record it was merged into, and some
        links can be read from one side only. What the one side does not show is looked for from the other side too,
        and counts as missing only when both sides could be read.
        """
        forward = await self._forward(pool, chunk)
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            pair = pending.pair
            if not _is_unlabelled(forward.links.get((pair.from_id, pair.to_id))):
                ids = {pair.from_id, forward.merged_into.get(pair.from_id, pair.from_id)}
                wanted.setdefault(pair.to_id, set()).update(ids)
        reverse = LinksRead({})
        if wanted:
            pair = chunk[0].pair
            reverse = await self._links.read(pool, chunk[0], (pair.to_type, pair.from_type), wanted)
        return ((pending, _outcome_between(pending.pair, forward, reverse)) for pending in chunk)


class FindLinked(_Reader):
    """Finds the pairs that are linked already, so that only the rest need be sent."""

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        super().__init__(client)
        self._unread = 0

    async def process(self, pool: Pool, chunk: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `already_linked`, or `linked` if sent before; the others stay pending."""
        read = await self._forward(pool, chunk)
        for pending in chunk:
            pair = pending.pair
            link = read.links.get((pair.from_id, pair.to_id))
            if link is not None and link.is_unlabelled:
                pool.record(pending, _as_sent(pending, _linked(read.last, link, {})), is_read=True)
            elif pair.from_id in read.unread:
                self._unread += 1

    def report(self) -> None:
        """Warn how many pairs will be sent without knowing whether they are linked."""
        if self._unread:
            logger.warning(
                "Of %s pairs it could not be read whether they are linked already: they are sent, which does no harm.",
                f"{self._unread:,}",
            )


class Verify(_Reader):
    """Says of every pair whether it is linked."""

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        super().__init__(client)
        self._unread = 0

    async def process(self, pool: Pool, chunk: Sequence[PendingPair]) -> None:
        """Record each pair as `already_linked`, `not_sent` with the reason, or `unconfirmed` if it cannot be read."""
        for pending, outcome in await self._look_up(pool, chunk):
            is_read = outcome.status is not Status.UNCONFIRMED
            self._unread += not is_read
            is_cut_short = not is_read and pool.stopped is not None
            pool.record(pending, replace(outcome, status=Status.NOT_SENT) if is_cut_short else outcome, is_read=True)

    def unread_stop(self) -> Stop | None:
        """Return why not every pair could be read; None when all were."""
        if not self._unread:
            return None
        sentence = f"Of {self._unread:,} pairs it could not be read whether they are linked."
        return self._links.refusal or Stop(StopReason.UNREADABLE, sentence)


class ReadBack(_Reader):
    """Asks once more for pairs that were sent without a trustworthy answer."""

    async def process(self, pool: Pool, chunk: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `linked`; the others stay `unconfirmed`."""
        for pending, outcome in await self._look_up(pool, chunk):
            if outcome.status is Status.ALREADY_LINKED:
                pool.replace_outcome(pending, _as_sent(pending, outcome))


def _as_sent(pending: PendingPair, found: Outcome) -> Outcome:
    """The outcome of a pair that was found: `linked`, with its attempts, if it was sent before without an answer."""
    if pending.earlier is None or not pending.may_be_linked:
        return found
    return replace(found, status=Status.LINKED, attempts=pending.earlier.attempts)


def _outcome_between(pair: Pair, forward: LinksRead, reverse: LinksRead) -> Outcome:
    """What both sides say of the link between the records of `pair`, or those they were merged into."""
    from_ids = (pair.from_id, forward.merged_into.get(pair.from_id, pair.from_id))
    to_ids = (pair.to_id, reverse.merged_into.get(pair.to_id, pair.to_id))
    listed = [forward.links.get((pair.from_id, to_id)) for to_id in to_ids]
    listed += [reverse.links.get((pair.to_id, from_id)) for from_id in from_ids]
    links = [link for link in listed if link is not None]
    link = next((link for link in links if link.is_unlabelled), None)
    if link is not None:
        return _linked(forward.last, link, _merged(pair, forward, reverse))
    unread = forward.unread.get(pair.from_id) or reverse.unread.get(pair.to_id)
    if unread is not None:
        return _not_read(unread)
    outcome = replace(_ONLY_LABELLED, association_types=links[0].types) if links else MISSING
    last = reverse.last
    return replace(outcome, http_status=last.http_status, completed_at=last.completed_at)


def _is_unlabelled(link: Link | None) -> bool:
    return link is not None and link.is_unlabelled


def _not_read(last: Outcome) -> Outcome:
    """The outcome of a pair that could not be read, from the last attempt's."""
    return replace(
        last,
        status=Status.UNCONFIRMED,
        api_status="",
        error_category=NOT_READ,
        error_message=f"Whether these records are linked could not be read: {last.error_message}",
        advice="Run importer verify again later; import_error_message says why HubSpot gave no usable response.",
    )


def _merged(pair: Pair, forward: LinksRead, reverse: LinksRead) -> dict[str, str]:
    """The records of `pair` that were merged, each with the one it was merged into."""
    sides = ((pair.from_type, pair.from_id, forward), (pair.to_type, pair.to_id, reverse))
    return {f"{kind} {record}": side.merged_into[record] for kind, record, side in sides if record in side.merged_into}


def _linked(last: Outcome, link: Link, merged: Mapping[str, str]) -> Outcome:
    said = " ".join(f"{record} was merged into {survivor}." for record, survivor in merged.items())
    return Outcome(
        Status.ALREADY_LINKED,
        last.http_status,
        last.api_status,
        error_message=said,
        error_details=json.dumps({"merged": merged}, separators=(",", ":")) if merged else "",
        association_types=link.types,
        attempts=last.attempts,
        completed_at=last.completed_at,
    )
