"""Removes links: reads what is linked, has the number confirmed, removes, and reads back."""

from collections.abc import Callable
from dataclasses import replace

from importer.hubspot.client import HubSpotClient
from importer.journal import Journal
from importer.model import Stop
from importer.pool import ArchiveEngine, ConfirmRemoved, DeleteEngine, Pool, ReadBeforeRemoval
from importer.runner.confirmation import Confirmation
from importer.runner.context import RunContext
from importer.runner.send import Sent, Work, work_on


def remove_links(
    journal: Journal, context: RunContext, confirmation: Confirmation, in_own_account: Callable[[Work], Work]
) -> Sent:
    """Remove the links of the pending pairs of a journal.

    Raises ConfirmationError, before anything is removed, unless the number of links is confirmed. A resumed run that
    has no more links to remove than were confirmed needs no other confirmation.
    """
    read = work_on(journal, context, in_own_account(_read_pending))
    if read.stop is not None:
        return read
    number = journal.count_to_remove()
    if not journal.confirmed or number > journal.confirmed:
        confirmation.require(number)
        journal.set_confirmed(number)
    if not journal.pending_by_types():
        return read
    return _sum(read, work_on(journal, context, in_own_account(_remove_pending)))


async def _read_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    engine = ReadBeforeRemoval(client, allow_deleting_leads=pool.settings.allow_deleting_leads)
    return await pool.run(engine, pool.pending)


async def _remove_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Remove in batches, then one by one what is still listed; a pair is done when it was read back."""
    await pool.run(ArchiveEngine(client, pool.limiter.sharing_pause(pool.settings.batch_rate)))
    if pool.stopped is None:
        await pool.run(ConfirmRemoved(client, is_last=False), pool.pending)
    stop: Stop | None = None
    if pool.stopped is None and pool.pending(0, 1):
        stop = await pool.run(DeleteEngine(client))
    if pool.stopped is None:
        await pool.run(ConfirmRemoved(client, is_last=True), pool.pending)
    return pool.stopped or stop


def _sum(first: Sent, second: Sent) -> Sent:
    return replace(
        second,
        calls=first.calls + second.calls,
        reads=first.reads + second.reads,
        retries=first.retries + second.retries,
        rate_limited=first.rate_limited + second.rate_limited,
    )
