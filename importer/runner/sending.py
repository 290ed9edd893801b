"""The part of a run that talks to HubSpot: from pending pairs to outcomes in the journal."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from importer.config import Rate, Settings, load_token
from importer.hubspot.client import HubSpotClient
from importer.hubspot.pace import CAUTIOUS_RATE, Pace
from importer.journal import Journal
from importer.model import Stop, StopReason
from importer.pool import Pool, PutEngine
from importer.runner.events import Notice, Watch
from importer.sandbox import DEFAULT_TOKEN, Sandbox, SandboxOptions

_SANDBOX = SandboxOptions(limit=190)  # as an account on Professional; "auto" finds it out


@dataclass(frozen=True, slots=True)
class Sent:
    """What a process did on a run: why it stopped (None: nothing is left to send), and its calls."""

    stop: Stop | None
    calls: int
    retries: int
    rate_limited: int


def access_token(settings: Settings) -> SecretStr:
    """The token for the target of `settings`. Raises SettingsError when a real account's is not set."""
    return SecretStr(DEFAULT_TOKEN) if settings.sandbox else load_token(settings)


def initial_rate(settings: Settings) -> Rate:
    """The rate that a run begins with."""
    return settings.rate if isinstance(settings.rate, Rate) else CAUTIOUS_RATE


def send_pending(journal: Journal, settings: Settings, token: SecretStr, watch: Watch) -> Sent:
    """Send every pending pair of `journal`; SIGINT and SIGTERM stop it, the calls in flight being awaited."""
    return asyncio.run(_send(journal, settings, token, watch))


async def _send(journal: Journal, settings: Settings, token: SecretStr, watch: Watch) -> Sent:
    async with contextlib.AsyncExitStack() as stack:
        base_url = settings.base_url
        if settings.sandbox:
            base_url = (await stack.enter_async_context(Sandbox(_SANDBOX))).url
            watch(Notice(f"Sandbox: a local HubSpot answers at {base_url}; nothing leaves this machine."))
        client = await stack.enter_async_context(HubSpotClient(base_url, token, settings))
        pace = Pace(initial_rate(settings), follow=settings.rate == "auto")
        pool = Pool(journal, pace, settings, watch)
        stack.enter_context(_signals(pool.stop, watch))
        stop = await pool.run(PutEngine(client))
        return Sent(stop, pool.calls, pool.retries, pool.rate_limited)


@contextlib.contextmanager
def _signals(stop: Callable[[Stop], None], watch: Watch) -> Iterator[None]:
    """Stop gently at the first SIGINT or SIGTERM, leave at once at the second: the journal is sound all the same."""
    loop = asyncio.get_running_loop()
    seen: list[signal.Signals] = []

    def handle(number: signal.Signals) -> None:
        if seen:
            os._exit(128 + number)
        seen.append(number)
        watch(Notice(f"{number.name}: waiting for the answers in flight; once more to leave at once."))
        stop(Stop(StopReason(number.name), f"The run was interrupted ({number.name})."))

    handled = [signal.SIGINT, signal.SIGTERM]
    try:
        for number in handled:
            loop.add_signal_handler(number, handle, number)
    except (NotImplementedError, RuntimeError, ValueError):
        # No signals on this platform's loop or outside the main thread (an orchestrator's worker): the caller has them.
        handled = []
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
