"""Sends pending pairs to HubSpot and records their outcomes in the journal."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from pydantic import SecretStr

from importer.config import EngineName, Settings
from importer.errors import AccountError, ImporterError, RunAbortedError
from importer.hubspot.access_tokens import FixedToken
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.shared_rate_state import SharedRateState, hold_rate
from importer.journal import Journal
from importer.model import Stop
from importer.pool import BatchEngine, Pool, PutEngine, ReadAfter, ReadBack, ReadFirst, Verify
from importer.runner.context import RunContext
from importer.runner.estimate import initial_rate
from importer.runner.os_errors import translate_os_errors
from importer.runner.signals import stop_on_signals

T = TypeVar("T")
Work = Callable[[Pool, HubSpotClient], Awaitable[Stop | None]]

# Calls in 10 s of a Professional account: all of them, and association calls alone, which `--rate auto` keeps to.
_SANDBOX_LIMIT, _SANDBOX_ASSOCIATION_LIMIT = 190, 150

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


async def link_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Send every pending pair, in passes; each pass takes the pairs that the previous one left pending.

    The passes: read which pairs are already linked (unless disabled), send in batches (if requested), send one by one,
    read back unconfirmed pairs, and read the types of the linked ones.
    """
    settings = pool.settings
    stop: Stop | None = None
    if settings.read_first:
        read_first = ReadFirst(client)
        await pool.run(read_first, pool.pending)
        read_first.report()
    if settings.engine is EngineName.BATCH and pool.stopped is None:
        await pool.run(BatchEngine(client, pool.limiter.sharing_pause(settings.batch_rate)))
    if pool.stopped is None:
        stop = await pool.run(PutEngine(client))
    if pool.stopped is None:
        await pool.run(ReadBack(client), pool.unconfirmed)
    if settings.read_first and pool.stopped is None:
        await pool.run(ReadAfter(client), pool.without_types_after)
    return pool.stopped or stop


async def verify_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Read back every pair; send nothing."""
    verify = Verify(client)
    return await pool.run(verify, pool.pending) or verify.unread_stop()


def work_on(journal: Journal, context: RunContext, work: Work) -> Sent:
    """Do `work` on a journal while holding the rate of the token, which all runs on this machine share.

    A signal stops it within `stop_grace`. Raises BusyError if another run holds the rate and `no_wait` is set, and
    RunAbortedError if the journal fails after requests were sent.
    """
    if context.settings.sandbox:  # each in-process sandbox is a separate account
        return run_on_own_loop(_work_in_sandbox(journal, context, work))
    with hold_rate(context.settings.base_url, context.token, waiting_notice(context)) as rate_state:
        return run_on_own_loop(_work(journal, context, work, rate_state))


def waiting_notice(context: RunContext) -> Callable[[], None] | None:
    """Return the function that reports waiting for another run with the same token, None if `no_wait` is set."""
    text = "Another run on this machine is using the same token: waiting until it ends."
    return None if context.settings.no_wait else lambda: context.notify(text)


def run_on_own_loop(work: Coroutine[None, None, T]) -> T:
    """Run `work` on a new event loop; unlike asyncio.run, keep the loop that the caller has set."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


async def _work_in_sandbox(journal: Journal, context: RunContext, work: Work) -> Sent:
    from importer.sandbox import Sandbox, SandboxOptions  # noqa: PLC0415 - most runs need no server

    settings = context.settings
    options = SandboxOptions(limit=_SANDBOX_LIMIT, association_limit=_SANDBOX_ASSOCIATION_LIMIT)
    async with Sandbox(replace(options, portal_id=settings.portal_id or options.portal_id)) as sandbox:
        context.notify(f"Sandbox: a local HubSpot at {sandbox.url}; nothing leaves this machine.")
        settings = settings.model_copy(update={"base_url": sandbox.url})
        own = replace(context, settings=settings, token=FixedToken(SecretStr(sandbox.options.token), "the sandbox"))
        return await _work(journal, own, work, None)


async def _work(journal: Journal, context: RunContext, work: Work, rate_state: SharedRateState | None) -> Sent:
    settings = context.settings
    limiter = RateLimiter(initial_rate(settings), follow=settings.rate == "auto")
    pool = Pool(journal, limiter, settings, context.on_event)
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(HubSpotClient(settings.base_url, context.token, settings))
        seconds = _seconds_for_responses(settings, journal)
        stack.enter_context(stop_on_signals(pool.stop, pool.give_up, seconds, context.on_event))
        if rate_state is not None:
            await stack.enter_async_context(rate_state.keep(limiter, partial(report_full_window, context)))
        with abort_after_requests(journal, lambda: pool.calls + pool.reads):
            stop = await work(pool, client)
    return Sent(stop, pool.calls, pool.reads, pool.retries, pool.rate_limited)


def _seconds_for_responses(settings: Settings, journal: Journal) -> float:
    """Return how much of `stop_grace` is left for outstanding responses; the rest is needed for the report."""
    for_report = _SECONDS_TO_EXIT + _REPORT_SECONDS_PER_ROW * journal.counts().rows
    return max(settings.stop_grace / 2, settings.stop_grace - for_report)


def report_full_window(context: RunContext, seconds: float) -> None:
    """Report that no call can be made for `seconds`."""
    context.notify(
        f"An earlier run with this token has used up the rate: waiting {seconds:.0f} s until it is free again."
    )


@contextlib.contextmanager
def abort_after_requests(journal: Journal, requests: Callable[[], int]) -> Iterator[None]:
    """Turn an error that occurs after requests were sent into a RunAbortedError, which explains how to resume."""
    try:
        with translate_os_errors():
            yield
    except AccountError:  # raised before any pair is sent
        raise
    except ImporterError as error:
        if not requests():
            raise
        message = f"{error} To continue: importer resume {journal.info.run_id}"
        raise RunAbortedError(error.code, message) from error
