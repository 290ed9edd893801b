"""Reading the links of many records, whatever the server does: what could not be read is known as exactly that."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from importer.hubspot.classify import Action, Decision
from importer.hubspot.client import HubSpotClient
from importer.hubspot.links import Link, Page, classify_read_response, read_page
from importer.hubspot.response import Response
from importer.journal import PendingPair
from importer.model import ObjectType, Outcome, Status, Stop
from importer.pool.engines.bisection import Bisection, Reply
from importer.pool.engines.put import dated
from importer.pool.pool import Pool
from importer.pool.retrying import Attempts

MAX_RECORDS = 1_000
"""Records that one batch read takes. Source: HubSpot, changelog of February 2025."""

_AT_ONCE = 8
"""Reads in flight: each response may have 16 MiB."""

_ATTEMPTS_OF_PARTS = 3
"""Attempts of a call that is a part of one that failed: its own parts follow."""

_MOST_IDLE_PAGES = 3
"""Pages in a row without a new link until a record counts as unreadable."""

_MOST_PAGES = 400
"""Pages of one record: 200,000 links at 500 a page. Records have some ten thousand; beyond that the pages lead nowhere.
"""

Types = tuple[ObjectType, ObjectType]
Wanted = Mapping[str, Collection[str]]
"""The other ids that are looked for among the links of each record."""

_UNASKED = Outcome(Status.UNCONFIRMED, error_message="It was not asked for.")
_READ = Outcome(Status.ALREADY_LINKED)
_LEFT_OUT = "HubSpot's response does not say anything about this record."
_ENDLESS = "HubSpot's pages of this record's links do not end."


@dataclass(slots=True)
class LinksRead:
    """What reading the links of some records gave.

    `links` has those that were looked for and found, by (id asked for, other id). `unread` maps each record whose links
    are not known completely to the outcome of the last attempt. `merged_into` has the surviving records. `last` is the
    outcome of the last readable response.
    """

    unread: dict[str, Outcome]
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    merged_into: dict[str, str] = field(default_factory=dict)
    last: Outcome = _READ


@dataclass(slots=True)
class _Paging:
    """How far the pages of one record were read."""

    after: str | None = None
    seen_cursors: set[str] = field(default_factory=set)
    seen_ids: set[str] = field(default_factory=set)
    idle_pages: int = 0

    @property
    def is_too_long(self) -> bool:
        """Whether there were more pages than any record has."""
        return len(self.seen_cursors) >= _MOST_PAGES

    def advance(self, after: str, listed: frozenset[str]) -> bool:
        """Move to the next page; False when the pages lead nowhere."""
        is_new = after not in self.seen_cursors and not self.is_too_long
        self.idle_pages = self.idle_pages + 1 if listed <= self.seen_ids else 0
        self.seen_cursors.add(after)
        self.seen_ids |= listed
        self.after = after
        return is_new and self.idle_pages < _MOST_IDLE_PAGES


@dataclass(frozen=True, slots=True)
class _Job:
    """One reading of records: its pool, a pair that stands for all, the types, and what is looked for and found.

    `endless` are the records with too many pages, which are not begun again.
    """

    pool: Pool
    about: PendingPair
    types: Types
    wanted: Wanted
    found: LinksRead
    endless: set[str] = field(default_factory=set)


class LinkReader:
    """Reads records' links in batches, split down to single records where the server cannot answer for all.

    `refusal` is why the account may not read links of some types, if HubSpot said so.
    """

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self.refusal: Stop | None = None
        self._client = client
        self._kinds: dict[Types, Bisection] = {}
        self._refused: dict[Types, Outcome] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    def size(self, types: Types) -> int:
        """How many records of these types the next read may ask for."""
        return self._kind(types).size

    async def read(self, pool: Pool, about: PendingPair, types: Types, wanted: Wanted) -> LinksRead:
        """Read the links of the records of `wanted`, the first of `types`, to those of the second."""
        job = _Job(pool, about, types, wanted, LinksRead(dict.fromkeys(wanted, _UNASKED)))
        await self._kind(types).process(list(wanted), partial(self._call, job))
        if types in self._refused:
            job.found.unread = dict.fromkeys(job.found.unread, self._refused[types])
        return job.found

    def _kind(self, types: Types) -> Bisection:
        if types not in self._kinds:
            name = f"Reading the links from {types[0]} to {types[1]}"
            self._kinds[types] = Bisection(name, MAX_RECORDS, "What is left over stays unread.")
        return self._kinds[types]

    async def _call(self, job: _Job, part: Sequence[str]) -> Reply[str] | None:
        """Read some records with all their pages; those that the responses leave out are the rest."""
        if job.types in self._refused:
            return None
        before = len(job.found.unread.keys() - job.endless)
        read = {record: _Paging() for record in part}
        pages = dict(read)
        allowed: int | None = None
        message = ""
        while pages:
            page, outcome = await self._page(job, pages)
            if page is None or job.pool.stopped is not None:
                message = outcome.error_message
                job.found.unread.update(dict.fromkeys(pages, outcome))
                break
            allowed = 1 if page.has_strangers else allowed  # alone, a merged record tells what it was merged into
            _take(job.found, page, pages, job.wanted)
            job.endless.update(record for record in set(read) - pages.keys() if read[record].is_too_long)
        if job.pool.stopped is not None or job.types in self._refused:
            return None
        rest = [record for record in part if record in job.found.unread and record not in job.endless]
        return Reply(len(job.found.unread.keys() - job.endless) < before, allowed, message, rest)

    async def _page(self, job: _Job, pages: Mapping[str, _Paging]) -> tuple[Page | None, Outcome]:
        """Ask until a response can be read; None when none could, with the outcome of the last attempt."""
        wanted = {record: job.wanted[record] for record in pages}
        is_part = 1 < len(pages) < len(job.wanted)
        attempts = Attempts(job.pool, job.about, _ATTEMPTS_OF_PARTS if is_part else None)
        goes_on = True
        while goes_on:
            page, verdict = await self._response(job, pages, wanted)
            if verdict.action is Action.STOP_TYPES:
                self.refusal = self.refusal or verdict.stop
                self._refused[job.types] = verdict.outcome
                return None, verdict.outcome
            goes_on = await attempts.ask_again(verdict)
        outcome = dated(verdict.outcome, attempts.count)
        if page is not None:
            job.found.last = outcome
        return page, outcome

    async def _response(self, job: _Job, pages: Mapping[str, _Paging], wanted: Wanted) -> tuple[Page | None, Decision]:
        """Make one call; what it says is taken at once, since the response itself may be large."""
        cursors = {record: paging.after for record, paging in pages.items()}
        async with self._at_once:
            answer = await job.pool.send(partial(self._client.read, *job.types, cursors), [])
        verdict = classify_read_response(answer, job.about.pair)
        if not isinstance(answer, Response) or verdict.outcome.status is not Status.ALREADY_LINKED:
            return None, verdict
        page = read_page(answer, wanted)
        if page.answered or page.links:
            return page, verdict
        return None, _left_out(answer, verdict, is_alone=len(wanted) == 1)


def _left_out(answer: Response, verdict: Decision, *, is_alone: bool) -> Decision:
    """A response without a word about the records: worth repeating for one record; several are split."""
    first = next(iter(answer.error.errors), answer.error)
    outcome = replace(
        verdict.outcome,
        status=Status.UNCONFIRMED,
        num_errors=answer.num_errors or len(answer.error.errors),
        error_message=first.message or _LEFT_OUT,
        error_details=answer.details,
        correlation_id=answer.correlation_id,
    )
    return Decision(Action.RETRY if is_alone else Action.DONE, outcome, answer.retry_after)


def _take(found: LinksRead, page: Page, pages: dict[str, _Paging], wanted: Wanted) -> None:
    """Take what a page says; `pages` keeps the records that have another page worth reading."""
    for key, link in page.links.items():
        found.links[key] = link.joined(found.links.get(key))
    found.merged_into.update(page.merged_into)
    for record, paging in list(pages.items()):
        if _are_found(found, record, wanted[record]):
            del pages[record], found.unread[record]
        elif record not in page.answered:
            del pages[record]
            found.unread[record] = replace(found.last, status=Status.UNCONFIRMED, error_message=_LEFT_OUT)
        elif record not in page.after:
            del pages[record], found.unread[record]
        elif not paging.advance(page.after[record], page.listed[record]):
            del pages[record]
            found.unread[record] = replace(found.last, status=Status.UNCONFIRMED, error_message=_ENDLESS)


def _are_found(found: LinksRead, record: str, others: Collection[str]) -> bool:
    """Whether all links looked for are found for certain; one with labels alone may be listed again on a later page."""
    links = [found.links.get((record, other)) for other in others]
    return all(link is not None and link.is_unlabelled for link in links)
