"""Removes links, or undoes a run: reads what is linked, changes it, and reads back."""

from collections.abc import Callable
from dataclasses import replace

from importer.hubspot.client import HubSpotClient
from importer.journal import Journal
from importer.model import Operation, Stop
from importer.pool import ArchiveEngine, ChangeEngine, ConfirmChanged, Pool, ReadBeforeRemoval, ReadBeforeUndo
from importer.runner.confirmation import Confirmation
from importer.runner.send import Sent, Work


def change_links(journal: Journal, confirmation: Confirmation, execute: Callable[[Work], Sent]) -> Sent:
    """Remove the links of the pending pairs of a journal or, if it is an undo, restore them; `execute` does each step.

    Raises ConfirmationError, before anything is removed, unless the number of links is confirmed. A resumed run that
    has no more links to remove than were confirmed needs no other confirmation.
    """
    if journal.info.operation is Operation.UNDO:
        return execute(_undo_pending)
    read = execute(_read_pending)
    if read.stop is not None:
        return read
    number = journal.count_to_remove()
    if not journal.confirmed or number > journal.confirmed:
        confirmation.require(number)
        journal.set_confirmed(number)
    if not journal.pending_by_types():
        return read
    return _sum(read, execute(_remove_pending))


async def _read_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    engine = ReadBeforeRemoval(client, allow_deleting_leads=pool.settings.allow_deleting_leads)
    return await pool.run(engine, pool.pending)


async def _undo_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    return await pool.run(ReadBeforeUndo(client), pool.pending) or await _remove_pending(pool, client)


async def _remove_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Remove in batches, then one by one what is still listed; a pair is done when it was read back."""
    await pool.run_in_any_order(ArchiveEngine(client, pool.limiter.sharing_pause(pool.settings.batch_rate)))
    if pool.stopped is None:
        await pool.run(ConfirmChanged(client, is_last=False), pool.pending)
    stop: Stop | None = None
    if pool.stopped is None and pool.pending(0, 1):
        stop = await pool.run_in_any_order(ChangeEngine(client))
    if pool.stopped is None:
        await pool.run(ConfirmChanged(client, is_last=True), pool.pending)
    return pool.stopped or stop


def _sum(first: Sent, second: Sent) -> Sent:
    return replace(
        second,
        calls=first.calls + second.calls,
        reads=first.reads + second.reads,
        retries=first.retries + second.retries,
        rate_limited=first.rate_limited + second.rate_limited,
    )
