"""Chooses the token for each request, and replaces one after a 401."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from pydantic import SecretStr

from importer.hubspot.access_tokens import AccessToken, TokenRefusedError, TokenSource, TokenUnavailableError
from importer.hubspot.account_details import account_details
from importer.hubspot.intermediaries import is_from_intermediary
from importer.hubspot.parse import sanitize
from importer.hubspot.response import NoResponse, Reply, Response

Request = Callable[[SecretStr], Awaitable[Reply]]
"""Makes one request with a token."""


class TokenGuard:
    """Provides requests with a token, and replaces one that HubSpot refuses.

    Each `exchange` makes at most one request, because its caller holds one slot of the rate limiter. Once an account is
    expected, a token from a credential that someone else provided is used only after HubSpot has returned this account
    for it: an unknown account does not count as the same one. Belongs to one event loop.
    """

    def __init__(self, tokens: TokenSource) -> None:
        """Take the tokens from this source."""
        self._tokens = tokens
        self._is_guarded = False
        self._portal_id: int | None = None
        self._grant = 0
        self._refusal: NoResponse | None = None
        self._replacement: AccessToken | None = None
        self._proven: AccessToken | None = None
        self._confirming = asyncio.Lock()

    @property
    def origin(self) -> str:
        """The origin of the token, for display."""
        return self._tokens.origin

    async def close(self) -> None:
        """Finish what is in progress."""
        await self._tokens.close()

    def expect_account(self, portal_id: int | None) -> None:
        """Accept a later credential only if its account is this one; with None, no later one."""
        self._is_guarded = True
        self._portal_id = portal_id

    async def exchange(self, request: Request, read_account: Request) -> Reply:
        """Make `request`, or `read_account` instead if the token must be confirmed first.

        In that case, and after a 401 to a token that has been replaced, the reply lets the caller repeat the call.
        """
        try:
            token = await self._tokens.current()
            if not self._is_guarded:
                self._grant = token.grant
            if token.grant != self._grant:
                async with self._confirming:
                    if token.grant != self._grant:
                        return self._refusal or await self._confirm(token, read_account)
            return await self._renew_if_refused(token, await request(token.value))
        except TokenUnavailableError as error:
            return NoResponse(sanitize(str(error)), reached=False)
        except TokenRefusedError as error:
            return NoResponse(sanitize(str(error)), reached=False, is_token_refused=True)

    async def _renew_if_refused(self, token: AccessToken, reply: Reply) -> Reply:
        """Return the reply; mark a 401 if another token is available.

        A replacement that HubSpot has never accepted is not replaced in turn, as that could repeat forever.
        """
        if not isinstance(reply, Response) or is_from_intermediary(reply):
            return reply
        if reply.http_status != 401:
            self._proven = token
            return reply
        if token == self._replacement and token != self._proven:
            return reply
        replacement = await self._tokens.replacement(token)
        if replacement is None:
            return reply
        self._replacement = replacement
        return replace(reply, has_new_token=True)

    async def _confirm(self, token: AccessToken, read_account: Request) -> Reply:
        """Compare the account of a later token with the expected one."""
        if self._portal_id is None:
            return self._refuse("the account of this run is not known, so the two cannot be compared")
        reply = await self._renew_if_refused(token, await read_account(token.value))
        if isinstance(reply, NoResponse) or reply.http_status in {401, 429}:
            return reply
        if reply.http_status >= 500:
            return NoResponse(f"the account of the new token could not be read ({reply.http_status})", reached=False)
        found = account_details(reply).portal_id
        if found is None:
            return self._refuse(f"HubSpot does not return the account of the new one ({reply.http_status})")
        if found != self._portal_id:
            return self._refuse(f"the new one belongs to account {found}, the run to account {self._portal_id}")
        self._grant = token.grant
        return NoResponse("the account of the new token was confirmed first", reached=False)

    def _refuse(self, reason: str) -> NoResponse:
        sentence = f"The token in {self.origin} was replaced during the run: {reason}. Nothing was sent with it."
        self._refusal = NoResponse(sentence, reached=False, is_token_refused=True)
        return self._refusal
