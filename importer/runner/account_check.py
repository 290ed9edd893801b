"""Checks that a token belongs to the HubSpot account of a run.

In another account the ids of a run refer to other records, so a run continues only in its own. HubSpot returns the
account of a token (the portal id) in its details. If it does not, only the same token, as shown by a fingerprint, is
known to belong to the same account; a rotated token then looks like one of another account.
"""

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b

from importer.errors import AccountError
from importer.hubspot.account_details import AccountDetails, account_details, reset_sentence
from importer.hubspot.classify import classify_response
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Reply, Response
from importer.hubspot.shared_rate_state import hold_rate
from importer.journal import Account, Journal
from importer.model import ObjectType, Pair, RecordId, Stop, StopReason
from importer.pool import Pool, StoppedError
from importer.runner.attempts import is_transient, with_retries
from importer.runner.context import RunContext
from importer.runner.estimate import initial_rate
from importer.runner.send import report_full_window, run_on_own_loop, waiting_notice

_MAX_ATTEMPTS = 3
_TIMEOUT = 10.0
"""Seconds for one attempt."""

_POLL_SECONDS = 0.05

_ANY_PAIR = Pair(ObjectType("contacts"), RecordId("1"), ObjectType("contacts"), RecordId("2"))
"""A refused token is refused for every pair, and a command that only reads may not have any."""

Send = Callable[[], Awaitable[Reply]]


@dataclass(slots=True)
class TokenAccount:
    """The account of a token, requested from HubSpot once, when first needed, with at most three attempts."""

    context: RunContext
    _response: Reply | None = field(default=None, repr=False)
    _has_timed_out: bool = False
    _is_shown: bool = False

    @property
    def details(self) -> AccountDetails:
        """The details of the account; empty if HubSpot did not return any or has not been asked yet."""
        return account_details(self._response)

    @property
    def portal_id(self) -> int | None:
        """HubSpot's number of the account, None if it is not known."""
        return self.details.portal_id

    @property
    def is_refused(self) -> bool:
        """True if HubSpot refuses the token, so that nothing can be sent with it."""
        if isinstance(self._response, NoResponse):
            return self._response.is_token_refused
        return self._response is not None and self._response.http_status == 401

    def owns(self, journal: Journal) -> bool:
        """Return True if a run belongs to this account; a run that has sent nothing belongs to any.

        Requests the account from HubSpot if the run was started with another token. A refused token matches every run:
        it cannot change anything.
        """
        expected = journal.account
        if expected is None or self._has_token_of(expected):
            return True
        if self._response is None:
            self._request_now()
        return self.is_refused or (self.portal_id is not None and self.portal_id == expected.portal_id)

    def identify(self) -> Account:
        """Return the account for a new run. Raises AccountError if the settings require another one."""
        if self._response is None:
            self._request_now()
        if not self.is_refused:
            self._require_portal(None)
        return self._to_record(None)

    def require_owner(self, journal: Journal) -> None:
        """Raise AccountError if a run does not belong to this account, or if that cannot be determined."""
        expected = journal.account
        if not self.owns(journal) and expected is not None:
            self._require_shown_account()
            raise self._refusal(journal, expected)

    async def check(self, journal: Journal, pool: Pool, client: HubSpotClient) -> Stop | None:
        """Compare the account with that of a run before the run sends anything, and record it in the journal.

        Return why the run must stop, None if it may send. Raises AccountError if the run or its record URLs belong to
        another account, if the settings require another one, or if that cannot be determined.
        """
        if self._response is None:
            await self._request_in(pool, client)
        if pool.stopped is not None:
            return pool.stopped
        if isinstance(self._response, NoResponse) and self._response.is_token_refused:
            raise AccountError("TOKEN_REFUSED", f"{self._response.reason} Nothing was sent.")
        if self.is_refused and self._response is not None:
            return classify_response(self._response, _ANY_PAIR).stop
        self._require_portal(journal)
        expected = journal.account
        if expected is not None and not _is_same(expected, self.portal_id, has_same_token=self._has_token_of(expected)):
            raise self._refusal(journal, expected)
        self._check_urls(journal)
        self._show()
        journal.set_account(self._to_record(expected))
        client.expect_account(self.portal_id)
        return None

    def _show(self) -> None:
        """Show the account once per command, although a removal checks it in each of its two steps."""
        if not self._is_shown:
            unknown = f"The account of the token is not known: {self._reason()}."
            self.context.notify(unknown if self.portal_id is None else str(self.details))
        self._is_shown = True

    def with_reset_time(self, stop: Stop | None) -> Stop | None:
        """Return the reason for a stop; if the daily limit is the reason, with the time at which it is reset."""
        if stop is None or stop.reason not in {StopReason.DAILY_LIMIT, StopReason.DAILY_RESERVE}:
            return stop
        return replace(stop, message=f"{stop.message} {reset_sentence(self.details.time_zone, datetime.now(UTC))}")

    def _require_portal(self, journal: Journal | None) -> None:
        """Raise AccountError unless this is the account that the page, the settings, or those of the run require."""
        self._require_shown_account()
        settings = self.context.settings
        info = journal.info if journal is not None else None
        required = settings.portal_id or (info.reading.get("portal_id") if info else None)
        if required is None or required == self.portal_id:
            return
        of_run = f"portal_id in the settings of run {info.run_id}" if info else ""
        given = settings.given_as("portal_id") if settings.portal_id else of_run
        if self.portal_id is None:
            raise AccountError(
                "PORTAL_UNKNOWN",
                f"The token must belong to HubSpot account {required} ({given}), but its account is not "
                f"known: {self._reason()}. Nothing was sent. Try again, or check that the token may read its account.",
            )
        raise AccountError(
            "PORTAL_DIFFERS",
            f"The token belongs to HubSpot account {self.portal_id}, but {given} requires account {required}. "
            f"Nothing was sent. Use a token of account {required}, or correct the number.",
        )

    def _require_shown_account(self) -> None:
        """Raise AccountError if the token belongs to another account than the page showed to a person."""
        shown = self.context.settings.supplied.shown_portal_id
        if None in {shown, self.portal_id} or shown == self.portal_id:
            return
        raise AccountError(
            "ACCOUNT_CHANGED",
            f"The token now belongs to HubSpot account {self.portal_id}, but the page was opened for account {shown}. "
            "Nothing was sent. Reload the page; to use another account, press “Change account” at its top.",
        )

    def _check_urls(self, journal: Journal) -> None:
        """Raise AccountError if record URLs of the source belong to another account; warn if that is unknown."""
        named = [portal for portal in journal.url_portals if portal != str(self.portal_id)]
        if not named:
            return
        listed = ", ".join(named[:5]) + (", …" if len(named) > 5 else "")
        if self.portal_id is None:
            self.context.warn(
                f"The source has record URLs of HubSpot account {listed}. HubSpot does not confirm that the token "
                "belongs to it; in another account the ids refer to other records."
            )
            return
        raise AccountError(
            "URLS_OF_OTHER_PORTAL",
            f"The source has record URLs of HubSpot account {listed}, but the token belongs to account "
            f"{self.portal_id}, where their ids refer to other records. Nothing was sent. Use a token of the account "
            f"in the URLs; or have those rows reported as invalid, with --portal {self.portal_id}.",
        )

    def _reason(self) -> str:
        """Return why HubSpot did not return the account."""
        if isinstance(self._response, Response):
            return f"HubSpot returned {self._response.http_status} when asked for it"
        return f"there was no response ({self._response.reason})" if self._response else "HubSpot was not asked for it"

    def _to_record(self, before: Account | None) -> Account:
        key = before.key if before else secrets.token_hex(32)
        known = before.portal_id if before else None
        return Account(self.portal_id or known, key, self._fingerprint(key))

    def _has_token_of(self, expected: Account) -> bool:
        return hmac.compare_digest(self._fingerprint(expected.key), expected.fingerprint)

    def _fingerprint(self, key: str) -> str:
        return blake2b(self.context.token.identity.encode(), key=bytes.fromhex(key), digest_size=16).hexdigest()

    def _refusal(self, journal: Journal, expected: Account) -> AccountError:
        run_id = journal.info.run_id
        if self.portal_id is not None and expected.portal_id is not None:
            return AccountError(
                "ACCOUNT_DIFFERS",
                f"Run {run_id} belongs to HubSpot account {expected.portal_id}, but the token belongs to account "
                f"{self.portal_id}, where its ids refer to other records. Use a token of account {expected.portal_id}, "
                "or import the file again with --fresh.",
            )
        return AccountError(
            "ACCOUNT_UNKNOWN",
            f"Run {run_id} was started with another token, and HubSpot does not confirm that both belong to the same "
            "account, so its ids may refer to other records. If the token is a new one for the same account, import "
            "the file again with --fresh; otherwise use a token of the run's own account.",
        )

    # ---- requests

    async def _request_in(self, pool: Pool, client: HubSpotClient) -> None:
        """Request the account at the pool's rate; cancel the request if the pool stops, since it changes nothing."""
        task = asyncio.create_task(self._request(partial(pool.send, partial(self._details, client), [])))
        while not task.done():
            await asyncio.wait({task}, timeout=_POLL_SECONDS)
            if pool.stopped is not None:
                task.cancel()
                await asyncio.wait({task})
        if not task.cancelled():
            with suppress(StoppedError):
                task.result()

    def _request_now(self) -> None:
        run_on_own_loop(self._request_outside_pool())

    async def _request_outside_pool(self) -> None:
        settings, token = self.context.settings, self.context.token
        limiter = RateLimiter(initial_rate(settings))
        with hold_rate(settings.base_url, token, waiting_notice(self.context)) as rate_state:
            async with (
                HubSpotClient(settings.base_url, token, settings) as client,
                rate_state.keep(limiter, partial(report_full_window, self.context)),
            ):
                await self._request(partial(self._send, client, limiter))

    async def _send(self, client: HubSpotClient, limiter: RateLimiter) -> Reply:
        await limiter.acquire()
        self.context.requests.reads += 1
        try:
            return await self._details(client)
        finally:
            limiter.release()

    async def _details(self, client: HubSpotClient) -> Reply:
        """Make one attempt; a slow response is not worth delaying the run for."""
        try:
            async with asyncio.timeout(min(_TIMEOUT, self.context.settings.answer_timeout)):
                return await client.account()
        except TimeoutError:
            self._has_timed_out = True
            return NoResponse("it took too long", reached=True)

    async def _request(self, send: Send) -> None:
        self._response = await with_retries(send, self.context.settings, _MAX_ATTEMPTS, self._may_retry)

    def _may_retry(self, reply: Reply) -> bool:
        return not self._has_timed_out and is_transient(reply)


def _is_same(expected: Account, portal_id: int | None, *, has_same_token: bool) -> bool:
    """Return True if an account is that of a run; portal ids take precedence over the token if both are known."""
    if portal_id is not None and expected.portal_id is not None:
        return portal_id == expected.portal_id
    return has_same_token
