"""Which HubSpot account a run belongs to, and whether a token is of the same one.

A run's ids mean other records in another account, so a run continues only in its own. HubSpot names the account of a
token in its details (the portal id). Where it does not, two tokens are of the same account only if they are the same
token, which a fingerprint tells; a rotated token then looks like another account's.
"""

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b

from pydantic import SecretStr

from importer.config import Settings
from importer.errors import AccountError
from importer.hubspot.backoff import backoff
from importer.hubspot.classify import classify_response
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Response
from importer.hubspot.shared_rate_state import hold_rate
from importer.journal import Account, Journal
from importer.model import Stop
from importer.pool import Pool, StoppedError
from importer.runner.estimate import initial_rate
from importer.runner.events import EventHandler, Notice
from importer.runner.send import report_full_window, run_on_own_loop

_MOST_ATTEMPTS = 3
_LONGEST_WAIT = 15.0
"""Seconds between two attempts; HubSpot is not asked again when it wants a longer wait."""

_LONGEST_CALL = 10.0
"""Seconds."""

_SECONDS_BETWEEN_LOOKS = 0.05

Reply = Response | NoResponse
Send = Callable[[], Awaitable[Reply]]


@dataclass(slots=True)
class TokenAccount:
    """The account of a token: HubSpot is asked once, when it is first needed, and at most three times.

    `reads` counts the calls made outside a pool, which a summary does not know of yet.
    """

    settings: Settings
    token: SecretStr
    watch: EventHandler
    reads: int = 0
    _answer: Reply | None = field(default=None, repr=False)
    _is_silent: bool = False

    @property
    def portal_id(self) -> int | None:
        """HubSpot's number of the account, None where it did not say."""
        content = self._answer.content if isinstance(self._answer, Response) and _is_success(self._answer) else {}
        found = content.get("portalId")
        text = str(found) if type(found) in {int, str} else ""
        return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 else None

    @property
    def is_refused(self) -> bool:
        """Whether HubSpot does not accept the token, so that nothing can be sent with it."""
        return isinstance(self._answer, Response) and self._answer.http_status == 401

    def is_of(self, journal: Journal) -> bool:
        """Return whether a run belongs to this account; one that has sent nothing belongs to any.

        HubSpot is asked when the run was begun with another token. A refused token fits every run: it changes none.
        """
        mark = journal.account
        if mark is None or self._has_token_of(mark):
            return True
        if self._answer is None:
            self._ask_now()
        return self.is_refused or _is_same_portal(mark, self.portal_id)

    def require(self, journal: Journal) -> None:
        """Raise AccountError when a run does not belong to this account, or when that cannot be found out."""
        mark = journal.account
        if not self.is_of(journal) and mark is not None:
            raise AccountError(self._refusal(journal, mark))

    async def check(self, journal: Journal, pool: Pool, client: HubSpotClient) -> Stop | None:
        """Compare the account with that of a run before the run sends anything, and note it in the journal.

        Returns why the run stops, None if it may send. Raises AccountError when the run belongs to another account, or
        when that cannot be found out.
        """
        if self._answer is None:
            await self._ask_in(pool, client)
        if pool.stopped is not None:
            return pool.stopped
        if self.is_refused and self._answer is not None:
            return classify_response(self._answer, (pool.pending(0, 1) or pool.unconfirmed(0, 1))[0].pair).stop
        mark = journal.account
        if mark is not None and not _is_same(mark, self.portal_id, has_same_token=self._has_token_of(mark)):
            raise AccountError(self._refusal(journal, mark))
        if self.portal_id is not None:
            self.watch(Notice(f"The token is of HubSpot account {self.portal_id}."))
        journal.set_account(self._mark(mark))
        return None

    def _mark(self, before: Account | None) -> Account:
        key = before.key if before else secrets.token_hex(32)
        known = before.portal_id if before else None
        return Account(self.portal_id or known, key, self._fingerprint(key))

    def _has_token_of(self, mark: Account) -> bool:
        return hmac.compare_digest(self._fingerprint(mark.key), mark.fingerprint)

    def _fingerprint(self, key: str) -> str:
        return blake2b(self.token.get_secret_value().encode(), key=bytes.fromhex(key), digest_size=16).hexdigest()

    def _refusal(self, journal: Journal, mark: Account) -> str:
        run_id = journal.info.run_id
        if self.portal_id is not None and mark.portal_id is not None:
            return (
                f"Run {run_id} belongs to HubSpot account {mark.portal_id}, and the token is of account "
                f"{self.portal_id}, where its ids mean other records. Use a token of account {mark.portal_id}, or "
                "import the file again with --fresh."
            )
        return (
            f"Run {run_id} was begun with another token, and HubSpot does not say that both are of the same account, "
            "so its ids may mean other records here. If the token was only replaced by a new one of the same account, "
            "import the file again with --fresh; if not, use a token of the run's own account."
        )

    # ---- asking HubSpot

    async def _ask_in(self, pool: Pool, client: HubSpotClient) -> None:
        """Ask at the pool's rate; when the pool is stopped meanwhile, the call is given up, for it changes nothing."""
        asking = asyncio.create_task(self._ask(partial(pool.send, partial(self._details, client), [])))
        while not asking.done():
            await asyncio.wait({asking}, timeout=_SECONDS_BETWEEN_LOOKS)
            if pool.stopped is not None:
                asking.cancel()
                await asyncio.wait({asking})
        if not asking.cancelled():
            with suppress(StoppedError):
                asking.result()

    def _ask_now(self) -> None:
        def tell() -> None:
            self.watch(Notice("Another run on this machine sends with the same token: waiting until it ends."))

        run_on_own_loop(self._ask_outside(None if self.settings.no_wait else tell))

    async def _ask_outside(self, wait: Callable[[], None] | None) -> None:
        limiter = RateLimiter(initial_rate(self.settings))
        with hold_rate(self.settings.base_url, self.token, wait) as rate_state:
            on_full = partial(report_full_window, self.watch)
            async with (
                HubSpotClient(self.settings.base_url, self.token, self.settings) as client,
                rate_state.keep(limiter, on_full),
            ):
                await self._ask(partial(self._send, client, limiter))

    async def _send(self, client: HubSpotClient, limiter: RateLimiter) -> Reply:
        await limiter.acquire()
        self.reads += 1
        try:
            return await self._details(client)
        finally:
            limiter.release()

    async def _details(self, client: HubSpotClient) -> Reply:
        """One call; what does not answer soon is not worth delaying the run for."""
        try:
            async with asyncio.timeout(min(_LONGEST_CALL, self.settings.answer_timeout)):
                return await client.account()
        except TimeoutError:
            self._is_silent = True
            return NoResponse("it took too long", reached=True)

    async def _ask(self, send: Send) -> None:
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            answer = await send()
            wait = self._wait_after(answer, attempt)
            if wait is None or attempt == _MOST_ATTEMPTS:
                break
            await asyncio.sleep(wait)
        self._answer = answer

    def _wait_after(self, answer: Reply, attempt: int) -> float | None:
        """Seconds after which asking again may help, None when it would not or would take too long."""
        if self._is_silent or not _is_transient(answer):
            return None
        least = 0.0
        if isinstance(answer, Response):
            interval = (answer.rate.interval or 10.0) if answer.http_status == 429 else 0.0
            least = max(answer.retry_after or 0.0, interval)
        wait = max(least, backoff(attempt, self.settings.backoff_base, self.settings.backoff_cap, 1.0))
        return wait if wait <= _LONGEST_WAIT else None


def _is_transient(answer: Reply) -> bool:
    """Return whether the same call may be answered otherwise soon: not where the day's calls are used up."""
    if isinstance(answer, NoResponse):
        return True
    return (answer.http_status == 429 and answer.policy_name != "DAILY") or answer.http_status >= 500


def _is_success(answer: Response) -> bool:
    return 200 <= answer.http_status < 300


def _is_same_portal(mark: Account, portal_id: int | None) -> bool:
    return portal_id is not None and portal_id == mark.portal_id


def _is_same(mark: Account, portal_id: int | None, *, has_same_token: bool) -> bool:
    """Return whether an account is that of a run; portal ids outrank the token where both are known."""
    if portal_id is not None and mark.portal_id is not None:
        return portal_id == mark.portal_id
    return has_same_token
