"""The engines that read the types of pairs before and after sending; a pair that cannot be read is sent anyway.

HubSpot's response to a default link is the same for new and old links, so only a read before sending shows which links
a run adds. It also shows what most new links will be, so that only the others are read again after sending.
"""

import logging
from collections.abc import Collection, Sequence

from importer.hubspot.association_types import (
    NOT_LINKED,
    AssociationType,
    may_have_primary,
    own_primary_type,
    parse_type,
    types_text,
)
from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.journal import NO_TYPES, PendingPair
from importer.model import Pair
from importer.pool.engines.link_reader import LinkReader, LinksRead
from importer.pool.engines.read_back import as_sent, linked
from importer.pool.operation import LINK, Operation
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

logger = logging.getLogger(__name__)

_MAX_FIRST_LINKS = 100_000
"""Maximum number of records remembered, so that memory use does not grow with the file."""

MAX_PAIRS_READ = 5_000
"""Pairs whose links are read together: several rows of one record need one read, and eight chunks are read at once."""


class _OptionalReader:
    """Base of the engines below: reads chunks of pairs, but stops reading when that costs more calls than sending."""

    max_chunk = MAX_PAIRS_READ

    def __init__(self, client: HubSpotClient, operation: Operation = LINK, both_ways: Collection[Types] = ()) -> None:
        """Read through `client` for a run of `operation`.

        `both_ways` has the object types of which the run labels pairs in both directions, which share their labels.
        """
        self._links = LinkReader(client, is_optional=True)
        self._operation = operation
        self._both_ways = both_ways
        self._calls = self._pairs = 0

    def chunk_size(self, pending: PendingPair) -> int:
        """Return the number of pairs in a chunk."""
        return self.max_chunk

    @property
    def _is_too_expensive(self) -> bool:
        return self._calls > self._pairs

    async def _read(self, chunk: Sequence[PendingPair], sender: Sender, *, is_reverse: bool) -> LinksRead:
        """Read the links of the records to link from, or to; their keys are in the direction of reading."""
        types = types_of(chunk[0])[::-1] if is_reverse else types_of(chunk[0])
        wanted = wanted_links(chunk, is_reverse=is_reverse)
        self._pairs += len(chunk)
        read = LinksRead({})
        try:
            read = await self._links.read(sender, chunk[0], types, wanted, max_calls=len(chunk))
        finally:
            self._calls += read.calls
        return read


class ReadFirst(_OptionalReader):
    """Reads which pairs are in the goal state, so that only the others are sent, and the types of all of them."""

    def __init__(self, client: HubSpotClient, operation: Operation = LINK, both_ways: Collection[Types] = ()) -> None:
        """Read through `client` for a run of `operation`, as the base does."""
        super().__init__(client, operation, both_ways)
        self._unread = 0
        self._reason = ""
        self._unlabelled: dict[Types, AssociationType] = {}
        self._is_first_primary: dict[Types, bool] = {}
        self._with_first_link: set[tuple[Types, str]] = set()

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record the types of the pairs, and those in the goal state as done; the others stay pending.

        The side with more distinct records is read, because its records have fewer links. Types differ by direction,
        so those of a listed pair are recorded only if they were read from the record to link from.
        """
        if self._is_too_expensive:
            self._unread += len(chunk)
            return
        is_reverse = has_more_records_to(chunk)
        read = await self._read(chunk, sender, is_reverse=is_reverse)
        if not is_reverse:
            self._learn(types_of(chunk[0]), read)
        for pending in chunk:
            key = key_of(pending.pair, is_reverse=is_reverse)
            link, unread = read.links.get(key), read.unread.get(key[0])
            if link is None and unread is not None:
                self._unread += 1
                self._reason = self._reason or unread.error_message
                continue
            # The pair may have been linked by an earlier process of this run: the types before that are not known.
            types = None if link is not None and is_reverse else _types_text(link)
            if types is not None and pending.is_untouched:
                outcomes.record_types_before(pending, types)
                if link is None and not is_reverse:
                    self._record_expected_types(pending, read, outcomes)
            if link is not None and self._operation.is_goal_state(link):
                outcomes.record(pending, as_sent(pending, linked(read.last, link, {})), is_read=True)

    # ---- the types of new links

    def _learn(self, types: Types, read: LinksRead) -> None:
        """Learn from existing links which type is the unlabelled one, and whether a record's only link is primary.

        Source: HubSpot, associations guide: the first company that a record is linked to becomes its primary one.
        """
        if own_primary_type(*types) is None:
            return
        for record in {record for record, _ in read.links} if self._is_first_primary.get(types, True) else ():
            if read.numbers[record] == 1:
                is_primary = record in read.primaries
                self._is_first_primary[types] = is_primary and self._is_first_primary.get(types, True)
        for link in read.links.values() if types not in self._unlabelled else ():
            labels = {kind for _, kind in link.labels}
            unlabelled = {kind for kind in link.types.split(";") if kind not in labels}
            if len(unlabelled) == 1 and (known := parse_type(unlabelled.pop())) is not None:
                self._unlabelled[types] = known
                return

    def _record_expected_types(self, pending: PendingPair, read: LinksRead, outcomes: OutcomeRecorder) -> None:
        """Record the types that a new link will have, if the existing links make them certain."""
        types, record = types_of(pending), pending.pair.from_id
        primary, unlabelled = own_primary_type(*types), self._unlabelled.get(types)
        if primary is None or unlabelled is None or types in self._both_ways:
            return
        if record in read.primaries:
            outcomes.record_types_sent(pending, str(unlabelled))
        elif not read.numbers[record] and self._is_first_primary.get(types) and self._is_first_link(types, record):
            outcomes.record_types_sent(pending, types_text((primary, unlabelled)))

    def _is_first_link(self, types: Types, record: str) -> bool:
        """Return whether a new link is the first one of its record; False if that is not known."""
        if (types, record) in self._with_first_link or len(self._with_first_link) >= _MAX_FIRST_LINKS:
            return False
        self._with_first_link.add((types, record))
        return True

    def report(self) -> None:
        """Log a warning if some pairs could not be checked for an existing link."""
        if self._unread:
            reason = self._reason or "reading would cost more calls than sending"
            logger.warning(
                "Could not read whether %s pairs are linked already (%s): they are sent, which is harmless, but their "
                "earlier state is not known, so importer undo will leave them alone.",
                f"{self._unread:,}",
                reason.rstrip("."),
            )


class ReadAfter(_OptionalReader):
    """Reads the types of pairs after sending. A pair that is not in the goal state (yet) is left unread."""

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record the types of the pairs that an undo would not recognise without them.

        A new link is recognised if HubSpot has no Primary between its object types: then it has the unlabelled type.
        """
        unknown = [one for one in chunk if one.before != NO_TYPES or one.goal or self._may_have_labels(types_of(one))]
        if self._is_too_expensive or not unknown:
            return
        read = await self._read(unknown, sender, is_reverse=False)
        for pending in unknown:
            link = read.links.get(key_of(pending.pair, is_reverse=False))
            types = _types_text(link)
            if link is not None and types is not None and self._operation.is_goal_state(link):
                outcomes.record_types_after(pending, types)

    def _may_have_labels(self, types: Types) -> bool:
        return may_have_primary(*types) or types in self._both_ways


def wanted_links(chunk: Sequence[PendingPair], *, is_reverse: bool) -> dict[str, set[str]]:
    """Return the records on one side of the pairs, each with those on the other side."""
    wanted: dict[str, set[str]] = {}
    for pending in chunk:
        record, other = key_of(pending.pair, is_reverse=is_reverse)
        wanted.setdefault(record, set()).add(other)
    return wanted


def key_of(pair: Pair, *, is_reverse: bool) -> tuple[str, str]:
    """Return the ids of a pair, first that of the record whose links are read."""
    return (pair.to_id, pair.from_id) if is_reverse else (pair.from_id, pair.to_id)


def has_more_records_to(chunk: Sequence[PendingPair]) -> bool:
    """Return whether the pairs have more distinct records to link to than to link from."""
    return len({pending.pair.to_id for pending in chunk}) > len({pending.pair.from_id for pending in chunk})


def _types_text(link: Link | None) -> str | None:
    """Return the types of a listed link as text, None if they cannot be read; `-` if it is not listed."""
    types = NOT_LINKED if link is None else link.type_set
    return None if types is None else types_text(types)
