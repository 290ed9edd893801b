"""Reads the links of many records. Records that could not be read completely are reported as unread."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from importer.hubspot.association_types import own_primary_type
from importer.hubspot.batch_read import Link, Page, classify_read_response, parse_page
from importer.hubspot.classify import Action, Decision
from importer.hubspot.client import HubSpotClient
from importer.hubspot.response import Response
from importer.journal import PendingPair
from importer.model import Outcome, Status, Stop
from importer.pool.engines.bisection import Bisection, CallResult
from importer.pool.outcomes import with_attempts
from importer.pool.retrying import MAX_ATTEMPTS_OF_PARTS, Attempts
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types

MAX_RECORDS = 1_000
"""Maximum number of records in one batch read. Source: HubSpot, changelog of February 2025."""

_MAX_IN_FLIGHT = 8
"""Maximum number of concurrent reads: each response may take 16 MiB."""

_MAX_IDLE_PAGES = 3
"""Consecutive pages without a new link after which a record counts as unreadable."""

_MAX_PAGES = 400
"""Maximum pages of one record: 200,000 links at 500 per page. Records have some ten thousand; more means a loop."""

Wanted = Mapping[str, Collection[str]]
"""The ids to look for among the links of each record."""


class _Everything(Collection[str]):
    """All ids; reading never knows that it has found them all, so it reads all pages."""

    def __contains__(self, item: object) -> bool:
        return bool(item)

    def __iter__(self) -> Iterator[str]:
        return iter(("",))

    def __len__(self) -> int:
        return 1


ALL_LINKS: Collection[str] = _Everything()
"""A value of `Wanted` that looks for all links of a record."""

_NOT_REQUESTED = Outcome(Status.UNCONFIRMED, error_message="It was not requested.")
_TOO_MANY_CALLS = Outcome(Status.UNCONFIRMED, error_message="Reading it would cost more calls than sending.")
_READ = Outcome(Status.ALREADY_LINKED)
_NOT_MENTIONED = "HubSpot's response does not mention this record."
_ENDLESS_PAGES = "HubSpot's pages of this record's links do not end."


@dataclass(slots=True)
class LinksRead:
    """The links of some records.

    `links` holds the wanted ones that were found, by (requested id, other id). `unread` maps each record whose links
    are not completely known to the outcome of the last attempt. `merged_into` maps merged records to their survivors.
    `primaries` maps records to their primary record, wanted or not. `numbers` counts the listed links of each record.
    `last` is the outcome of the last readable response. `calls` is the number of calls made.
    """

    unread: dict[str, Outcome]
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    merged_into: dict[str, str] = field(default_factory=dict)
    primaries: dict[str, str] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    last: Outcome = _READ
    calls: int = 0


@dataclass(slots=True)
class _Paging:
    """The position in the pages of one record."""

    after: str | None = None
    seen_cursors: set[str] = field(default_factory=set)
    seen_ids: set[str] = field(default_factory=set)
    idle_pages: int = 0

    @property
    def is_too_long(self) -> bool:
        """True if there were more pages than any record has."""
        return len(self.seen_cursors) >= _MAX_PAGES

    def advance(self, after: str, listed: frozenset[str]) -> bool:
        """Move to the next page; return False if paging loops."""
        is_new = after not in self.seen_cursors and not self.is_too_long
        self.idle_pages = self.idle_pages + 1 if listed <= self.seen_ids else 0
        self.seen_cursors.add(after)
        self.seen_ids |= listed
        self.after = after
        return is_new and self.idle_pages < _MAX_IDLE_PAGES


@dataclass(frozen=True, slots=True)
class _Job:
    """One read of records: a pair of the same object types, the types in reading direction, links wanted and found.

    `max_calls` limits its calls. `endless` holds the records with too many pages, which are not read again.
    `is_complete` requires all pages, since a wanted link may be listed again with further types.
    """

    sender: Sender
    about: PendingPair
    types: Types
    wanted: Wanted
    found: LinksRead
    max_calls: int | None = None
    is_complete: bool = False
    endless: set[str] = field(default_factory=set)

    def is_exhausted(self) -> bool:
        """Return True if no further call may be made."""
        return self.max_calls is not None and self.found.calls >= self.max_calls


class LinkReader:
    """Reads records' links in batches, split down to single records where a response does not cover all.

    `refusal` is the reason if HubSpot does not let the account read links of some types. An optional reader never stops
    the run because of that, but stops reading these types after a refusal or repeated failures.
    """

    def __init__(self, client: HubSpotClient, *, is_optional: bool = False) -> None:
        """Read through `client`."""
        self._is_optional = is_optional
        self.refusal: Stop | None = None
        self._client = client
        self._bisections: dict[Types, Bisection] = {}
        self._refused: dict[Types, Outcome] = {}
        self._concurrency = asyncio.Semaphore(_MAX_IN_FLIGHT)

    def chunk_size(self, types: Types) -> int:
        """Return how many records of these types the next read may request."""
        return self._bisection(types).size

    async def read(
        self,
        sender: Sender,
        about: PendingPair,
        types: Types,
        wanted: Wanted,
        max_calls: int | None = None,
        *,
        is_complete: bool = False,
    ) -> LinksRead:
        """Read the links of the records in `wanted`, which are of the first of `types`, to records of the second.

        Reading a record ends when all wanted links are found, or after its first page if none are wanted. With
        `is_complete`, it ends after the last page, so that all types of the links are known. Records that `max_calls`
        calls do not cover stay unread.
        """
        found = LinksRead(dict.fromkeys(wanted, _NOT_REQUESTED))
        job = _Job(sender, about, types, wanted, found, max_calls, is_complete)
        await self._bisection(types).process(list(wanted), partial(self._read_part, job))
        if types in self._refused:
            job.found.unread = dict.fromkeys(job.found.unread, self._refused[types])
        return job.found

    def _bisection(self, types: Types) -> Bisection:
        if types not in self._bisections:
            name = f"Reading the links from {types[0]} to {types[1]}"
            self._bisections[types] = Bisection(name, MAX_RECORDS, "The remaining records stay unread.")
        return self._bisections[types]

    async def _read_part(self, job: _Job, part: Sequence[str]) -> CallResult[str] | None:
        """Read all pages of some records; the result's `rest` has those that the responses do not mention."""
        if job.types in self._refused or job.is_exhausted():
            return None
        before = len(job.found.unread.keys() - job.endless)
        read = {record: _Paging() for record in part}
        pages = dict(read)
        allowed: int | None = None
        message = ""
        while pages:
            if job.is_exhausted():
                job.found.unread.update(dict.fromkeys(pages, _TOO_MANY_CALLS))
                return None
            page, outcome = await self._read_page(job, pages)
            if page is None or job.sender.signal.stopped is not None:
                message = outcome.error_message
                job.found.unread.update(dict.fromkeys(pages, outcome))
                break
            allowed = 1 if page.has_unknown_ids else allowed  # read alone, a merged record shows its survivor
            _merge(job, page, pages)
            job.endless.update(record for record in set(read) - pages.keys() if read[record].is_too_long)
        if job.sender.signal.stopped is not None or job.types in self._refused:
            return None
        rest = [record for record in part if record in job.found.unread and record not in job.endless]
        return CallResult(len(job.found.unread.keys() - job.endless) < before, allowed, message, rest)

    async def _read_page(self, job: _Job, pages: Mapping[str, _Paging]) -> tuple[Page | None, Outcome]:
        """Repeat a call until its response can be read; return its page (None if none could) and the last outcome."""
        wanted = {record: job.wanted[record] for record in pages}
        most = MAX_ATTEMPTS_OF_PARTS if 1 < len(pages) < len(job.wanted) else None
        attempts = Attempts(
            job.sender,
            job.about,
            inputs=len(pages),
            chunk=len(job.wanted),
            max_attempts=most,
            is_optional=self._is_optional,
        )
        repeat = True
        while repeat:
            page, decision = await self._call(job, pages, wanted)
            if decision.action is Action.STOP_TYPES or (self._is_optional and _is_refusal(decision)):
                self.refusal = self.refusal or decision.stop
                self._refused[job.types] = decision.outcome
                return None, decision.outcome
            repeat = await attempts.retry(decision)
        if self._is_optional and page is None and decision.action is not Action.DONE:
            self._refused[job.types] = decision.outcome
        outcome = with_attempts(decision.outcome, attempts.count)
        if page is not None:
            job.found.last = outcome
        return page, outcome

    async def _call(self, job: _Job, pages: Mapping[str, _Paging], wanted: Wanted) -> tuple[Page | None, Decision]:
        """Make one call and parse its page immediately, since the response itself may be large."""
        cursors = {record: paging.after for record, paging in pages.items()}
        job.found.calls += 1
        async with self._concurrency:
            response = await job.sender.send(partial(self._client.read, *job.types, cursors), [])
        decision = classify_read_response(response, job.about.pair)
        if not isinstance(response, Response) or decision.outcome.status is not Status.ALREADY_LINKED:
            return None, decision
        page = parse_page(response, wanted, own_primary_type(*job.types))
        if page.answered or page.links:
            return page, decision
        return None, _nothing_about_records(response, decision, is_alone=len(wanted) == 1)


def _is_refusal(decision: Decision) -> bool:
    """Return whether a response means that links cannot be read at all; sending will show what else it means."""
    return decision.outcome.http_status in {403, 404, 405}


def _nothing_about_records(response: Response, decision: Decision, *, is_alone: bool) -> Decision:
    """Return the decision about a response that mentions no record: retry if one was requested, else split."""
    first = next(iter(response.error.errors), response.error)
    outcome = replace(
        decision.outcome,
        status=Status.UNCONFIRMED,
        num_errors=response.num_errors or len(response.error.errors),
        error_message=first.message or _NOT_MENTIONED,
        error_details=response.details,
        correlation_id=response.correlation_id,
    )
    return Decision(Action.RETRY if is_alone else Action.DONE, outcome, response.retry_after)


def _merge(job: _Job, page: Page, pages: dict[str, _Paging]) -> None:
    """Add a page to what was found; `pages` keeps the records that have another page worth reading."""
    found = job.found
    for key, link in page.links.items():
        found.links[key] = link.merge(found.links.get(key))
    found.merged_into.update(page.merged_into)
    found.primaries.update(page.primaries)
    found.numbers.update(page.numbers)
    for record, paging in list(pages.items()):
        if not job.is_complete and _all_found(found, record, job.wanted[record], is_read=record in page.answered):
            del pages[record], found.unread[record]
        elif record not in page.answered:
            del pages[record]
            found.unread[record] = replace(found.last, status=Status.UNCONFIRMED, error_message=_NOT_MENTIONED)
        elif record not in page.after:
            del pages[record], found.unread[record]
        elif not paging.advance(page.after[record], page.listed[record]):
            del pages[record]
            found.unread[record] = replace(found.last, status=Status.UNCONFIRMED, error_message=_ENDLESS_PAGES)


def _all_found(found: LinksRead, record: str, others: Collection[str], *, is_read: bool) -> bool:
    """Return whether all wanted links were found; one listed with labels only may be listed again on a later page."""
    links = [found.links.get((record, other)) for other in others]
    return (bool(links) or is_read) and all(link is not None and link.is_unlabelled for link in links)
