"""Asking again: how often, after what wait, and when to give up. The same for every call of every engine."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from functools import partial

from importer.hubspot.backoff import backoff
from importer.hubspot.classify import Action, Decision
from importer.journal import PendingPair
from importer.model import Status, Stop, StopReason
from importer.pool.pool import Pool

_OPEN = {Action.RETRY, Action.FOREIGN, Action.POLL, Action.PAUSE}


class Attempts:
    """The attempts of one call; `count` of them were made so far.

    `settled` says that the last answer stands: it was clear, or the attempts are used up.
    """

    def __init__(self, pool: Pool, pending: PendingPair, most: int | None = None) -> None:
        """Count the attempts of a call about `pending`, or about a chunk that it stands for.

        At most `most` are made (default: the setting `max_attempts`, which always bounds those that were not accepted).
        """
        self._most = min(most or pool.settings.max_attempts, pool.settings.max_attempts)
        self.count = 0
        self.final = False
        self._turned_away = 0
        self._foreign = 0
        self._heard = 0
        self._is_rechecked = False
        self._pool = pool
        self._pending = pending

    async def ask_again(self, verdict: Decision) -> bool:
        """Take what an answer means: stop what it stops, wait as long as it asks; whether to make the call again."""
        self.count += 1
        self._pool.retries += self.count > 1
        verdict = self._rechecked(verdict)
        self._foreign = self._foreign + 1 if verdict.action is Action.FOREIGN else 0
        if self._foreign == 1:
            self._heard = self._pool.heard
        self.final = verdict.action not in _OPEN
        self._turned_away = self._turned_away + 1 if verdict.outcome.status is Status.NOT_SENT else 0
        if verdict.stop is not None:
            stops_types = verdict.action is Action.STOP_TYPES
            halt = partial(self._pool.block, self._pending) if stops_types else self._pool.stop
            halt(verdict.stop)
        elif not self.final and self._is_used_up():
            self.final = True
            self._give_up(verdict)
        elif not self.final and (verdict.wait or 0.0) > self._pool.settings.longest_wait:
            reason = StopReason.RATE_LIMITED if verdict.action is Action.PAUSE else StopReason.UNREACHABLE
            self._pool.stop(Stop(reason, _come_back(verdict)))
        if self.final or self._pool.stopped is not None:
            return False
        await self._wait(verdict)
        return not self._pool.is_blocked(self._pending)

    def _rechecked(self, verdict: Decision) -> Decision:
        """Let a refusal of a token that was accepted before stand only when it comes again: one server may err."""
        if verdict.action is not Action.RECHECK:
            return verdict
        may_recheck = self._pool.heard and not self._is_rechecked and self.count < self._pool.settings.max_attempts
        self._is_rechecked = True
        return replace(verdict, action=Action.RETRY, stop=None) if may_recheck else verdict

    def _is_used_up(self) -> bool:
        """Whether not to ask again: what stops the run must have come that often in a row, and not once at the end."""
        return self._turned_away >= self._pool.settings.max_attempts or (
            not self._turned_away and self.count >= self._most
        )

    async def _wait(self, verdict: Decision) -> None:
        if verdict.action is Action.PAUSE:
            self._pool.pause(verdict.wait or 0.0)
            return
        settings = self._pool.settings
        jitter = 1.0 if verdict.action is Action.POLL else random.random()  # noqa: S311 - spreads load, guards nothing
        seconds = backoff(self.count, settings.backoff_base, settings.backoff_cap, jitter)
        await asyncio.sleep(max(verdict.wait or 0.0, seconds))

    def _give_up(self, verdict: Decision) -> None:
        times = f"{self._turned_away} times in a row"
        if verdict.action is Action.PAUSE:
            sentence = f"HubSpot asked to slow down {times}: something else uses this account's rate. Resume later."
            self._pool.stop(Stop(StopReason.RATE_LIMITED, sentence))
        elif verdict.action is Action.FOREIGN:
            # When HubSpot answers other calls meanwhile, something in between objects to this pair only.
            if self._foreign >= self._pool.settings.max_attempts and self._pool.heard == self._heard:
                sentence = f"{verdict.outcome.error_message} {verdict.outcome.advice}"
                self._pool.stop(Stop(StopReason.UNREACHABLE, sentence))
        elif verdict.outcome.status is Status.NOT_SENT:
            sentence = f"{verdict.outcome.error_message} It was tried {times}."
            self._pool.stop(Stop(StopReason.UNREACHABLE, sentence))


def _come_back(verdict: Decision) -> str:
    span = timedelta(seconds=round(verdict.wait or 0.0))
    return f"{verdict.outcome.error_message} The server asks to come back in {span}, which is above longest_wait."
