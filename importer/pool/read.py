"""The engines that read back which pairs are linked; they send nothing that changes a record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from importer.hubspot.answers import Answer, NoAnswer, read_links
from importer.hubspot.client import HubSpotClient
from importer.hubspot.verdict import judge_read
from importer.journal import PendingPair
from importer.model import Outcome, Status
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


class _Reader:
    """Reads portions of pairs of the same object types; what follows from it is for the engines below."""

    portion = MOST_RECORDS

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self._client = client

    async def _read(self, pool: Pool, portion: Sequence[PendingPair]) -> tuple[Outcome, Mapping[tuple[str, str], str]]:
        """The last answer's outcome, `already_linked` when all could be read, and the types of the links found."""
        types: dict[tuple[str, str], str] = {}
        after: dict[str, str | None] = {pending.pair.from_id: None for pending in portion}
        while True:
            outcome, answer = await self._read_page(pool, portion[0], after)
            if not isinstance(answer, Answer) or outcome.status is not Status.ALREADY_LINKED:
                return outcome, types
            links = read_links(answer)
            types.update(links.types)
            after = {record: start for record, start in links.after.items() if after.get(record, start) != start}
            if not after:
                return outcome, types

    async def _read_page(
        self, pool: Pool, first: PendingPair, after: Mapping[str, str | None]
    ) -> tuple[Outcome, Answer | NoAnswer]:
        attempts = Attempts(pool, first)
        while True:
            answer = await pool.send(lambda: self._client.read(first.pair.from_type, first.pair.to_type, after), [])
            verdict = judge_read(answer, first.pair)
            if not await attempts.ask_again(verdict):
                return dated(verdict.outcome, attempts.count), answer


class FindLinked(_Reader):
    """Finds the pairs that are linked already, so that only the rest need be sent."""

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `already_linked`; the others stay pending."""
        outcome, types = await self._read(pool, portion)
        for pending, found in _found(portion, types):
            pool.record(pending, _linked(Status.ALREADY_LINKED, outcome, found))


class Verify(_Reader):
    """Says of every pair whether it is linked."""

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `already_linked`, the others as `not_sent` with the reason."""
        outcome, types = await self._read(pool, portion)
        is_read = outcome.status is Status.ALREADY_LINKED
        missing = replace(MISSING, http_status=outcome.http_status, completed_at=outcome.completed_at)
        for pending in portion:
            found = types.get((pending.pair.from_id, pending.pair.to_id))
            if found is not None:
                pool.record(pending, _linked(Status.ALREADY_LINKED, outcome, found))
            else:
                pool.record(pending, missing if is_read else replace(outcome, status=Status.NOT_SENT))


class ReadBack(_Reader):
    """Asks once more for pairs that were sent without a trustworthy answer."""

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Record the pairs that are linked as `linked`; the others stay `unconfirmed`."""
        outcome, types = await self._read(pool, portion)
        for pending, found in _found(portion, types):
            pool.revise(pending, _linked(Status.LINKED, outcome, found))


def _linked(status: Status, outcome: Outcome, types: str) -> Outcome:
    return Outcome(
        status,
        outcome.http_status,
        outcome.api_status,
        association_types=types,
        attempts=outcome.attempts,
        completed_at=outcome.completed_at,
    )


def _found(portion: Sequence[PendingPair], types: Mapping[tuple[str, str], str]) -> list[tuple[PendingPair, str]]:
    keys = ((pending, types.get((pending.pair.from_id, pending.pair.to_id))) for pending in portion)
    return [(pending, found) for pending, found in keys if found is not None]
