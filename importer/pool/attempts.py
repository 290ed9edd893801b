"""Asking again: how often, after what wait, and when to give up. The same for every call of every engine."""

import asyncio
import random
from datetime import timedelta
from functools import partial

from importer.hubspot.retry import backoff
from importer.hubspot.verdict import Action, Verdict
from importer.journal import PendingPair
from importer.model import Status, Stop, StopReason
from importer.pool.workers import Pool

_OPEN = {Action.AGAIN, Action.POLL, Action.PAUSE}


class Attempts:
    """The attempts of one call; `count` of them were made so far.

    `settled` says that the last answer stands: it was clear, or the attempts are used up.
    """

    def __init__(self, pool: Pool, pending: PendingPair, most: int | None = None) -> None:
        """Count the attempts of a call about `pending`, or about a portion that it stands for.

        At most `most` are made (default: the setting `max_attempts`, which always bounds those that were not accepted).
        """
        self._most = min(most or pool.settings.max_attempts, pool.settings.max_attempts)
        self.count = 0
        self.settled = False
        self._turned_away = 0
        self._pool = pool
        self._pending = pending

    async def ask_again(self, verdict: Verdict) -> bool:
        """Take what an answer means: stop what it stops, wait as long as it asks; whether to make the call again."""
        self.count += 1
        self._pool.retries += self.count > 1
        self.settled = verdict.action not in _OPEN
        self._turned_away = self._turned_away + 1 if verdict.outcome.status is Status.NOT_SENT else 0
        if verdict.stop is not None:
            halt = self._pool.stop if verdict.action is Action.STOP else partial(self._pool.block, self._pending)
            halt(verdict.stop)
        elif not self.settled and self._is_used_up():
            self.settled = True
            self._give_up(verdict)
        elif not self.settled and (verdict.wait or 0.0) > self._pool.settings.longest_wait:
            reason = StopReason.RATE_LIMITED if verdict.action is Action.PAUSE else StopReason.UNREACHABLE
            self._pool.stop(Stop(reason, _come_back(verdict)))
        if self.settled or self._pool.stopped is not None:
            return False
        await self._wait(verdict)
        return not self._pool.is_blocked(self._pending)

    def _is_used_up(self) -> bool:
        """Whether not to ask again: what stops the run must have come that often in a row, and not once at the end."""
        return self._turned_away >= self._pool.settings.max_attempts or (
            not self._turned_away and self.count >= self._most
        )

    async def _wait(self, verdict: Verdict) -> None:
        if verdict.action is Action.PAUSE:
            self._pool.pause(verdict.wait or 0.0)
            return
        settings = self._pool.settings
        dice = 1.0 if verdict.action is Action.POLL else random.random()  # noqa: S311 - spreads load, guards nothing
        seconds = backoff(self.count, settings.backoff_base, settings.backoff_cap, dice)
        await asyncio.sleep(max(verdict.wait or 0.0, seconds))

    def _give_up(self, verdict: Verdict) -> None:
        times = f"{self._turned_away} times in a row"
        if verdict.action is Action.PAUSE:
            sentence = f"HubSpot asked to slow down {times}: something else uses this account's rate. Resume later."
            self._pool.stop(Stop(StopReason.RATE_LIMITED, sentence))
        elif verdict.outcome.status is Status.NOT_SENT:
            sentence = f"{verdict.outcome.error_message} It was tried {times}."
            self._pool.stop(Stop(StopReason.UNREACHABLE, sentence))


def _come_back(verdict: Verdict) -> str:
    span = timedelta(seconds=round(verdict.wait or 0.0))
    return f"{verdict.outcome.error_message} HubSpot asks to come back in {span}, which is above longest_wait."
