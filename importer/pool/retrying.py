"""Retrying: how often a call is repeated, after what wait, and when the run stops instead. The same for every call."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from importer.hubspot.backoff import backoff
from importer.hubspot.batch_read import classify_read_response
from importer.hubspot.classify import Action, Decision
from importer.hubspot.response import Reply, Response
from importer.journal import PendingPair
from importer.model import Status, Stop, StopReason
from importer.pool.sender import Sender
from importer.pool.stop_signal import types_of

MAX_ATTEMPTS_OF_PARTS = 3
"""Maximum number of attempts for part of a failed chunk: its own parts follow."""


_RETRYABLE = {Action.RETRY, Action.NOT_HUBSPOT, Action.POLL, Action.PAUSE}


class Attempts:
    """The attempts at one call; `count` is their number so far.

    `final` is True once the last response is final: it was clear, or the attempts are exhausted.
    """

    def __init__(
        self,
        sender: Sender,
        about: PendingPair,
        *,
        inputs: int = 1,
        chunk: int = 1,
        max_attempts: int | None = None,
        is_optional: bool = False,
    ) -> None:
        """Count the attempts at a call with `inputs` of a chunk's `chunk` inputs; `about` has its object types.

        At most `max_attempts` are made (default: the policy's, which always limits consecutive attempts that HubSpot
        did not accept). If the call is optional, exhausted attempts never stop the run.
        """
        self.count = 0
        self.final = False
        self._sender = sender
        self._types = types_of(about)
        self._about = about
        self._inputs = inputs
        self._is_part = inputs < chunk
        self._max_attempts = min(max_attempts or sender.policy.max_attempts, sender.policy.max_attempts)
        self._is_optional = is_optional
        self._not_accepted_in_a_row = 0
        self._not_hubspot_in_a_row = 0
        self._accepted_before = 0
        self._has_rechecked = False

    async def retry(self, decision: Decision) -> bool:
        """Apply the decision about a response: stop, block or wait as it requires; return whether to repeat the call.

        Raises StoppedError if the run stops during the wait.
        """
        self.count += 1
        if self.count > 1:
            self._sender.count_retry()
        decision = self._recheck(decision)
        self._count_in_a_row(decision)
        self.final = decision.action not in _RETRYABLE
        signal = self._sender.signal
        if decision.stop is not None:
            if decision.action is Action.STOP_TYPES:
                signal.block(self._types, decision.stop)
            else:
                signal.stop(decision.stop)
        elif not self.final and self._is_exhausted():
            self.final = True
            self._stop_if_hopeless(decision)
        elif not self.final and (decision.wait or 0.0) > self._sender.policy.longest_wait:
            self._stop_before_long_wait(decision)
        if self.final or signal.stopped is not None:
            return False
        await self._wait(decision)
        return not signal.is_blocked(self._about)

    def _recheck(self, decision: Decision) -> Decision:
        """Retry once when a token that was accepted before is refused: a single server may be wrong."""
        if decision.action is not Action.RECHECK:
            return decision
        is_allowed = self._sender.accepted and not self._has_rechecked and self.count < self._sender.policy.max_attempts
        self._has_rechecked = True
        return replace(decision, action=Action.RETRY, stop=None) if is_allowed else decision

    def _count_in_a_row(self, decision: Decision) -> None:
        is_accepted = decision.outcome.status is not Status.NOT_SENT
        self._not_accepted_in_a_row = 0 if is_accepted else self._not_accepted_in_a_row + 1
        is_hubspot = decision.action is not Action.NOT_HUBSPOT
        self._not_hubspot_in_a_row = 0 if is_hubspot else self._not_hubspot_in_a_row + 1
        if self._not_hubspot_in_a_row == 1:
            self._accepted_before = self._sender.accepted

    def _is_exhausted(self) -> bool:
        """Return whether no attempt is left. Run-stopping responses count only if consecutive."""
        if self._not_accepted_in_a_row:
            return self._not_accepted_in_a_row >= self._sender.policy.max_attempts
        return self.count >= self._max_attempts

    async def _wait(self, decision: Decision) -> None:
        if decision.action is Action.PAUSE:
            self._sender.pause(decision.wait or 0.0)
            return
        jitter = 1.0 if decision.action is Action.POLL else random.random()  # noqa: S311 - not security-relevant
        policy = self._sender.policy
        seconds = backoff(self.count, policy.backoff_base, policy.backoff_cap, jitter)
        await self._sender.wait(max(decision.wait or 0.0, seconds))

    def _stop_before_long_wait(self, decision: Decision) -> None:
        if self._is_optional:
            self.final = True
            return
        reason = StopReason.RATE_LIMITED if decision.action is Action.PAUSE else StopReason.UNREACHABLE
        self._sender.signal.stop(Stop(reason, _too_long_wait(decision)))

    def _stop_if_hopeless(self, decision: Decision) -> None:
        """Stop the run when exhausted attempts mean that other calls would fail in the same way."""
        if self._is_optional:
            return
        times = f"{self._not_accepted_in_a_row} times in a row"
        message = decision.outcome.error_message
        if decision.action is Action.PAUSE:
            sentence = f"HubSpot asked to slow down {times}: another client shares this account's limit. Resume later."
            self._sender.signal.stop(Stop(StopReason.RATE_LIMITED, sentence))
        elif decision.action is Action.NOT_HUBSPOT:
            if self._not_hubspot_in_a_row >= self._max_attempts and self._is_hubspot_unreachable():
                sentence = f"{message} {decision.outcome.advice}"
                self._sender.signal.stop(Stop(StopReason.UNREACHABLE, sentence))
        elif decision.outcome.status is Status.NOT_SENT:
            self._sender.signal.stop(Stop(StopReason.UNREACHABLE, f"{message} It was tried {times}."))

    def _is_hubspot_unreachable(self) -> bool:
        """Return whether another server intercepts every call, and not only this one."""
        sender = self._sender
        if sender.accepted != self._accepted_before:
            return False
        is_whole = self._inputs == 1 and not self._is_part
        return sender.is_blocked_after(self._inputs) or (sender.accepted == 0 and is_whole)


async def read(
    sender: Sender, about: PendingPair, call: Callable[[], Awaitable[Reply]], attempts: Attempts | None = None
) -> tuple[Response | None, Decision]:
    """Repeat a read until its response is final; return it (None if it is unreadable) and the decision about it."""
    attempts = attempts or Attempts(sender, about)
    repeat = True
    while repeat:
        reply = await sender.send(call, [])
        decision = classify_read_response(reply, about.pair)
        repeat = await attempts.retry(decision)
    is_readable = isinstance(reply, Response) and decision.outcome.status is Status.ALREADY_LINKED
    return reply if isinstance(reply, Response) and is_readable else None, decision


def _too_long_wait(decision: Decision) -> str:
    span = timedelta(seconds=round(decision.wait or 0.0))
    return f"{decision.outcome.error_message} The server asks to wait {span}, which exceeds longest_wait."
