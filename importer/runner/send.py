"""Sends pending pairs to HubSpot and records their outcomes in the journal."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TypeVar

from importer.config import EngineName, LabelMode, Settings
from importer.errors import AccountError, ImporterError, RunAbortedError
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.shared_rate_state import FullWindow, SharedRateState, hold_rate
from importer.journal import Journal
from importer.model import ObjectType, Operation, Stop
from importer.pool import (
    BatchEngine,
    ConfirmPrimary,
    LabelEngine,
    LastPrimaries,
    Pool,
    PutEngine,
    ReadAfter,
    ReadBack,
    ReadFirst,
    ReadLabelledFirst,
    Verify,
    concerns_leads,
    replaces_primary,
)
from importer.runner.context import RequestCounts, RunContext
from importer.runner.estimate import initial_rate
from importer.runner.local_sandbox import SANDBOX_TOKEN
from importer.runner.os_errors import translate_os_errors
from importer.runner.signals import stop_on_signals

T = TypeVar("T")
Types = tuple[ObjectType, ObjectType]
Work = Callable[[Pool, HubSpotClient], Awaitable[Stop | None]]

_SECONDS_TO_EXIT = 0.5  # to close connections and the journal, and to end the process
_REPORT_SECONDS_PER_ROW = 1e-5  # measured: 5 µs for a row of a CSV


@dataclass(frozen=True, slots=True)
class Sent:
    """The work of one process on a run: why it stopped (None: nothing is left to send), calls (writes) and reads."""

    stop: Stop | None = None
    calls: int = 0
    reads: int = 0
    retries: int = 0
    rate_limited: int = 0

    def plus(self, requests: RequestCounts) -> "Sent":
        """Return the work with the requests that were made before the pool's."""
        return replace(
            self,
            reads=self.reads + requests.reads,
            retries=self.retries + requests.retries,
            rate_limited=self.rate_limited + requests.rate_limited,
        )


async def link_pending(pool: Pool, client: HubSpotClient, label_mode: LabelMode = LabelMode.ADD) -> Stop | None:
    """Send every pending pair, in passes; each pass takes the pairs that the previous one left pending.

    1. Unless disabled, read which pairs without labels are already linked, and the types of pairs with labels.
    2. If there are labels, send the pairs with and without labels in the order of the file.
    3. Send the others in batches, if requested, and then one by one.
    4. Read back unconfirmed pairs, those that became Primary and, unless disabled, the types of linked ones whose types
       are not known or may have changed since.
    """
    settings, both_ways = pool.settings, pool.types_both_ways()
    stop: Stop | None = None
    if settings.read_first:
        read_first = ReadFirst(client, both_ways=both_ways)
        await pool.run(read_first, pool.pending_without_labels)
        if pool.stopped is None:  # otherwise nothing is sent now, and the next process reads these pairs
            read_first.report()
        if pool.has_labels and pool.stopped is None:
            read_labelled = ReadLabelledFirst(client, label_mode, both_ways)
            await pool.run(read_labelled, pool.pending)
            read_labelled.report()
    if pool.has_labels and pool.stopped is None:
        is_batch = settings.engine is EngineName.BATCH
        limiter = pool.limiter.sharing_pause(settings.batch_rate) if is_batch else None
        last_primaries = None if settings.allow_deleting_leads else last_primaries_of(pool, client, label_mode)
        labels = LabelEngine(client, label_mode, settings.workers, limiter, last_primaries, both_ways)
        await pool.run_in_order(labels, pool.pending)
    if settings.engine is EngineName.BATCH and pool.stopped is None:
        await pool.run(BatchEngine(client, pool.limiter.sharing_pause(settings.batch_rate)))
    if pool.stopped is None:
        stop = await pool.run(PutEngine(client))
    if pool.stopped is None:
        await _read_back(pool, client, both_ways)
    return pool.stopped or stop


async def _read_back(pool: Pool, client: HubSpotClient, both_ways: Collection[Types]) -> None:
    await pool.run(ReadBack(client), pool.unconfirmed)
    if pool.has_labels and pool.stopped is None:
        await pool.run(ConfirmPrimary(client), pool.linked)
    if pool.settings.read_first and pool.stopped is None:
        if pool.has_labels:  # another pair of the run may have taken Primary since the types were recorded
            await pool.run(ReadAfter(client, both_ways=both_ways), pool.with_new_primary)
        if pool.stopped is None:
            await pool.run(ReadAfter(client, both_ways=both_ways), pool.without_types_after)


def last_primaries_of(pool: Pool, client: HubSpotClient, label_mode: LabelMode) -> LastPrimaries | None:
    """Return what finds the pairs whose new labels replace a lead's last primary association; None if none can."""
    if label_mode is not LabelMode.REPLACE or not concerns_leads(pool.pending_object_types()):
        return None
    return LastPrimaries(client, lambda: (one.pair for one in pool.all_pending() if replaces_primary(one)))


async def verify_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Read back every pair; send nothing."""
    verify = Verify(client)
    return await pool.run(verify, pool.pending) or verify.unread_stop()


def work_on(journal: Journal, context: RunContext, work: Work) -> Sent:
    """Do `work` on a journal while holding the rate of the token, which all runs on this machine share.

    A signal stops it within `stop_grace`. Raises BusyError if another run holds the rate and `no_wait` is set, and
    RunAbortedError if the journal fails after requests were sent.
    """
    settings, served = context.settings, context.settings.supplied.sandbox_url
    if not settings.sandbox:
        with hold_rate(settings.base_url, context.token, waiting_notice(context)) as rate_state:
            return run_on_own_loop(_work(journal, context, work, rate_state))
    if served is None:  # a sandbox in this process is a separate account
        return run_on_own_loop(_work_in_sandbox(journal, context, work, None))
    with hold_rate(served, SANDBOX_TOKEN, waiting_notice(context)) as rate_state:
        return run_on_own_loop(_work_in_sandbox(journal, context, work, rate_state))


def waiting_notice(context: RunContext) -> Callable[[], None] | None:
    """Return the function that reports waiting for another run with the same token, None if `no_wait` is set."""
    text = "Another run on this machine is using the same token: waiting until it ends."
    return None if context.settings.no_wait else lambda: context.notify(text)


def run_on_own_loop(work: Coroutine[None, None, T]) -> T:
    """Run `work` on a new event loop; unlike asyncio.run, keep the loop that the caller has set."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


@contextlib.asynccontextmanager
async def in_sandbox(context: RunContext) -> AsyncIterator[RunContext]:
    """Yield the context with the base URL and the token of a sandbox: one that is already running, or the command's."""
    served = context.settings.supplied.sandbox_url
    if served is not None:
        settings = context.settings.model_copy(update={"base_url": served})
        yield replace(context, settings=settings, token=SANDBOX_TOKEN)
        return
    async with context.sandbox.serve(context.settings.portal_id, context.notify) as sandbox:
        settings = context.settings.model_copy(update={"base_url": sandbox.url})
        yield replace(context, settings=settings, token=SANDBOX_TOKEN)


async def _work_in_sandbox(
    journal: Journal, context: RunContext, work: Work, rate_state: SharedRateState | None
) -> Sent:
    async with in_sandbox(context) as own:
        return await _work(journal, own, work, rate_state)


async def _work(journal: Journal, context: RunContext, work: Work, rate_state: SharedRateState | None) -> Sent:
    settings = context.settings
    limiter = RateLimiter(initial_rate(settings), follow=settings.rate == "auto")
    pool = Pool(journal, limiter, settings, context.on_event)
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(HubSpotClient(settings.base_url, context.token, settings))
        seconds = _seconds_for_responses(settings, journal)
        stack.enter_context(stop_on_signals(pool.stop, pool.give_up, seconds, context.on_event))
        if rate_state is not None:
            await stack.enter_async_context(rate_state.keep(limiter, partial(_begin_full_window, context, pool)))
        with abort_after_requests(journal, lambda: _sent(pool)):
            stop = await work(pool, client)
            pool.close()
    return _sent(pool, stop)


def _sent(pool: Pool, stop: Stop | None = None) -> Sent:
    return Sent(stop, pool.calls, pool.reads, pool.retries, pool.rate_limited)


def _seconds_for_responses(settings: Settings, journal: Journal) -> float:
    """Return the seconds of `stop_grace` left for outstanding responses; the rest is needed for the report."""
    for_report = _SECONDS_TO_EXIT + _REPORT_SECONDS_PER_ROW * journal.row_count
    return max(settings.stop_grace / 2, settings.stop_grace - for_report)


def _begin_full_window(context: RunContext, pool: Pool, window: FullWindow) -> None:
    report_full_window(context, window)
    pool.note_full_window(window.seconds)


def report_full_window(context: RunContext, window: FullWindow) -> None:
    """Report that no call can be made for some seconds, and why."""
    if window.is_certain:
        reason = f"An earlier run with this token has used up the rate limit ({window.rate} s)"
    else:
        reason = (
            "It is not known how many calls an earlier run with this token made last, because it was killed or because "
            f"its rate limit had a shorter window; they may be as many as the rate limit ({window.rate} s) allows"
        )
    context.notify(f"{reason}: waiting {window.seconds:.0f} s until calls are allowed.")


@contextlib.contextmanager
def abort_after_requests(journal: Journal, sent: Callable[[], Sent]) -> Iterator[None]:
    """Turn an error that occurs after requests were sent into a RunAbortedError, which explains how to resume."""
    info = journal.info
    try:
        with translate_os_errors():
            yield
    except AccountError:  # raised before any pair is sent
        raise
    except ImporterError as error:
        done = sent()
        if not done.calls + done.reads:
            raise
        again = "run the same command again" if info.operation is Operation.VERIFY else f"importer resume {info.run_id}"
        run = {"run_id": info.run_id, "operation": str(info.operation), **asdict(done)}
        del run["stop"]
        raise RunAbortedError(error.code, f"{error} To continue: {again}", run) from error
