"""The part of a run that talks to HubSpot: from pending pairs to outcomes in the journal."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic import SecretStr

from importer.config import EngineName, Settings, load_token
from importer.errors import AccountError, ImporterError, RunAbortedError, SettingsError
from importer.hubspot.client import HubSpotClient
from importer.hubspot.proxy import find_proxy
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.shared_rate_state import SharedRateState, hold_rate
from importer.journal import Journal
from importer.model import Stop
from importer.pool import BatchEngine, FindLinked, Pool, PutEngine, ReadBack, Verify
from importer.runner.estimate import initial_rate
from importer.runner.events import EventHandler, Notice
from importer.runner.os_errors import translate_os_errors
from importer.runner.signals import stop_on_signals

T = TypeVar("T")

_SANDBOX_LIMIT = 190  # as an account on Professional; "auto" finds it out

_SECONDS_TO_LEAVE = 0.5  # closing connections and the journal, and ending the process
_REPORT_SECONDS_A_ROW = 1e-5  # measured: 5 µs for a row of a CSV


@dataclass(frozen=True, slots=True)
class Sent:
    """What a process did on a run: why it stopped (None: nothing is left to send), its calls (writes) and reads."""

    stop: Stop | None = None
    calls: int = 0
    reads: int = 0
    retries: int = 0
    rate_limited: int = 0


def access_token(settings: Settings) -> SecretStr:
    """The token for the target of `settings`; "" for the sandbox, which needs none.

    Raises SettingsError when a real account's is not set or its proxy is wrong, or when an event loop is running here:
    sending needs its own.
    """
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise SettingsError("An event loop is running here: call this in a thread, with asyncio.to_thread.")
    if settings.sandbox:
        return SecretStr("")
    find_proxy(settings.base_url)
    return load_token(settings)


Work = Callable[[Pool, HubSpotClient], Awaitable[Stop | None]]


async def link_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Settle every pending pair, in passes over what the one before left pending.

    Pass over what is linked already, if asked to; send in batches, if asked to; send singly; read back the doubtful.
    """
    settings = pool.settings
    stop: Stop | None = None
    if settings.only_missing:
        find = FindLinked(client)
        await pool.run(find, pool.pending)
        find.report()
    if settings.engine is EngineName.BATCH and pool.stopped is None:
        await pool.run(BatchEngine(client, pool.limiter.sharing_pause(settings.batch_rate)))
    if pool.stopped is None:
        stop = await pool.run(PutEngine(client))
    if pool.stopped is None:
        await pool.run(ReadBack(client), pool.unconfirmed)
    return pool.stopped or stop


async def verify_pending(pool: Pool, client: HubSpotClient) -> Stop | None:
    """Read back every pair and send nothing."""
    verify = Verify(client)
    return await pool.run(verify, pool.pending) or verify.unread_stop()


def work_on(journal: Journal, settings: Settings, token: SecretStr, work: Work, watch: EventHandler) -> Sent:
    """Do `work` on a journal at the token's pace, which no other run on this machine uses meanwhile.

    A signal stops it within `stop_grace`. Raises BusyError with `no_wait` when another run goes on with the same token,
    and RunAbortedError when the journal fails after calls were made.
    """
    if settings.sandbox:  # each sandbox inside a process is an account of its own
        return run_on_own_loop(_work_in_sandbox(journal, settings, work, watch))

    def tell() -> None:
        watch(Notice("Another run on this machine sends with the same token: waiting until it ends."))

    with hold_rate(settings.base_url, token, None if settings.no_wait else tell) as rate_state:
        return run_on_own_loop(_work(journal, settings, token, work, watch, rate_state))


def run_on_own_loop(work: Coroutine[None, None, T]) -> T:
    """Run `work` on an event loop of its own; unlike asyncio.run this leaves the one that the caller has set."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


async def _work_in_sandbox(journal: Journal, settings: Settings, work: Work, watch: EventHandler) -> Sent:
    from importer.sandbox import Sandbox, SandboxOptions  # noqa: PLC0415 - most runs need no server

    async with Sandbox(SandboxOptions(limit=_SANDBOX_LIMIT)) as sandbox:
        watch(Notice(f"Sandbox: a local HubSpot answers at {sandbox.url}; nothing leaves this machine."))
        own = settings.model_copy(update={"base_url": sandbox.url})
        return await _work(journal, own, SecretStr(sandbox.options.token), work, watch, None)


async def _work(
    journal: Journal,
    settings: Settings,
    token: SecretStr,
    work: Work,
    watch: EventHandler,
    rate_state: SharedRateState | None,
) -> Sent:
    limiter = RateLimiter(initial_rate(settings), follow=settings.rate == "auto")
    pool = Pool(journal, limiter, settings, watch)
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(HubSpotClient(settings.base_url, token, settings))
        seconds = _seconds_for_answers(settings, journal)
        stack.enter_context(stop_on_signals(pool.stop, pool.give_up, seconds, watch))
        if rate_state is not None:
            await stack.enter_async_context(rate_state.keep(limiter, partial(report_full_window, watch)))
        with abort_after_requests(journal, lambda: pool.calls + pool.reads):
            stop = await work(pool, client)
    return Sent(stop, pool.calls, pool.reads, pool.retries, pool.rate_limited)


def _seconds_for_answers(settings: Settings, journal: Journal) -> float:
    """Seconds of `stop_grace` in which answers may still come; the rest is for the report."""
    for_report = _SECONDS_TO_LEAVE + _REPORT_SECONDS_A_ROW * journal.counts().rows
    return max(settings.stop_grace / 2, settings.stop_grace - for_report)


def report_full_window(watch: EventHandler, seconds: float) -> None:
    """Report that no call can be made for so many seconds."""
    text = f"An earlier run with this token has used up the rate: waiting {seconds:.0f} s until its calls have expired."
    watch(Notice(text))


@contextlib.contextmanager
def abort_after_requests(journal: Journal, calls: Callable[[], int]) -> Iterator[None]:
    """Turn what ends a run after `calls` were made into the error that says how to go on."""
    try:
        with translate_os_errors():
            yield
    except AccountError:  # raised before anything is sent
        raise
    except ImporterError as error:
        if not calls():
            raise
        raise RunAbortedError(f"{error} To go on: importer resume {journal.info.run_id}") from error
