"""Removes links or labels, or undoes a run: reads what is linked, changes it, and reads back."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from importer.hubspot.client import HubSpotClient
from importer.journal import Journal, PendingPair
from importer.model import Operation, Stop
from importer.pool import (
    Change,
    ChangeEngine,
    ChangeInBatches,
    ConfirmChanged,
    Pool,
    ReadBeforeRemoval,
    ReadBeforeUndo,
    RefuseLastPrimaries,
    Siblings,
    concerns_leads,
)
from importer.pool.engines.change import change_of
from importer.pool.engines.remove_outcomes import is_known, was_sent
from importer.runner.confirmation import Confirmation, Removed
from importer.runner.not_removed import reasons_not_removed
from importer.runner.removal_count import number_removed, number_to_remove
from importer.runner.send import Sent, Work


def change_links(
    journal: Journal, confirmation: Confirmation, execute: Callable[[Work], Sent], warn: Callable[[str], None]
) -> Sent:
    """Remove the links of the pending pairs of a journal or, if it is an undo, restore them; `execute` does each step.

    Before the confirmation, `warn` is called with each reason why pairs are not removed. Raises ConfirmationError,
    before anything is removed, unless the number of links or labels is confirmed; in a resumed run, the number that
    remains. A run with no more to remove than was confirmed before needs no confirmation.
    """
    if journal.info.operation is Operation.UNDO:
        return execute(_undo_pending)
    read = execute(_read_pending)
    if read.stop is not None:
        return read
    number = number_to_remove(journal)
    if not journal.confirmed or number > journal.confirmed:
        for reason in () if journal.confirmed else reasons_not_removed(journal):
            warn(reason)
        remaining = number - number_removed(journal)
        confirmation.require(remaining, Removed.LABELS if journal.has_labels else Removed.LINKS)
        journal.set_confirmed(number)
    if not journal.pending_by_types():
        return read
    return _sum(read, execute(_remove_pending))


async def _read_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    stop = await pool.run(ReadBeforeRemoval(client), pool.pending)
    if stop is not None or pool.settings.allow_deleting_leads:
        return stop
    return await _refuse_last_primaries(pool, client)


async def _refuse_last_primaries(pool: Pool, client: HubSpotClient) -> Stop | None:
    if not concerns_leads(pool.pending_object_types()):
        return None
    return await pool.run(RefuseLastPrimaries(client, pool.all_pending), pool.pending)


async def _remove_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    change = Change.REMOVE_LABELS if pool.has_labels else Change.REMOVE
    return await _change_pending(pool, client, (change,), Siblings(pool.pairs_to_restore))


async def _undo_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Restore pairs in an order in which HubSpot does not make another record primary.

    No lead loses its last primary association, whatever the settings: deleting the lead would not restore a state.
    """
    siblings = Siblings(pool.pairs_to_restore)
    await pool.run(ReadBeforeUndo(client, siblings), pool.pending)
    if pool.stopped is None:
        await _send(pool, client, Change.RESTORE_PRIMARY, siblings)
    if pool.stopped is None:
        await pool.run(ConfirmChanged(client, is_last=False, wanted=_was_primary_sent), pool.pending)
    if pool.stopped is None:
        await _refuse_last_primaries(pool, client)
    return await _change_pending(pool, client, (Change.REMOVE, Change.REMOVE_LABELS, Change.RESTORE), siblings)


def _was_primary_sent(pending: PendingPair) -> bool:
    return was_sent(pending) and change_of(pending) is Change.RESTORE_PRIMARY


async def _change_pending(
    pool: Pool, client: HubSpotClient, changes: Sequence[Change], siblings: Siblings
) -> Stop | None:
    """Change pairs in batches, then those that did not change one by one; a pair is done once it has been read back."""
    for change in changes:
        if pool.stopped is None:
            await _send(pool, client, change, siblings)
    if pool.stopped is None:
        await pool.run(ConfirmChanged(client, is_last=False), pool.pending)
    stop: Stop | None = None
    if pool.stopped is None and pool.pending(0, 1):
        stop = await pool.run_in_any_order(ChangeEngine(client, siblings), is_known)
    if pool.stopped is None:
        await pool.run(ConfirmChanged(client, is_last=True), pool.pending)
    return pool.stopped or stop


async def _send(pool: Pool, client: HubSpotClient, change: Change, siblings: Siblings) -> None:
    limiter = pool.limiter.sharing_pause(pool.settings.batch_rate)
    engine = ChangeInBatches(client, limiter, change, siblings)
    await pool.run_in_any_order(engine, lambda pending: change_of(pending) is change)


def _sum(first: Sent, second: Sent) -> Sent:
    return replace(
        second,
        calls=first.calls + second.calls,
        reads=first.reads + second.reads,
        retries=first.retries + second.retries,
        rate_limited=first.rate_limited + second.rate_limited,
    )
