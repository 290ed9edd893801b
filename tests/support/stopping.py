"""Runs of the engine `put` that a test stops."""

import asyncio
from collections.abc import Callable

from importer.journal import Journal
from importer.model import Stop, StopReason
from importer.pool import Pool
from importer.sandbox import Sandbox
from tests.support.pool import Ran

INTERRUPTED = Stop(StopReason.SIGINT, "The run was interrupted (SIGINT).")


def stopping_at(sandbox: Sandbox, calls: int) -> Callable[[Pool, Journal], None]:
    """Stop the pool as soon as `calls` calls have arrived."""

    async def stop(pool: Pool) -> None:
        while sandbox.state.calls["put"] < calls:  # noqa: ASYNC110 - the server has no event to await
            await asyncio.sleep(0.0005)
        pool.stop(INTERRUPTED)

    def meanwhile(pool: Pool, journal: Journal) -> None:
        del journal
        watching.append(asyncio.create_task(stop(pool)))

    watching: list[asyncio.Task[None]] = []
    return meanwhile


def attempts(ran: Ran) -> set[int]:
    return {outcome.attempts for outcome in ran.outcomes.values()}
