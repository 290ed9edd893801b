"""The token that requests are sent with, and its replacement when HubSpot refuses it."""

import asyncio
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from importer.hubspot.access_tokens import AccessToken, TokenRefusedError, TokenUnavailableError
from importer.hubspot.response import NoResponse, Response
from importer.hubspot.token_guard import TokenGuard
from tests.support.responses import parsed

OURS, OTHER = 111, 222
DONE = parsed(200, {"status": "COMPLETE"})
REFUSED = parsed(401, {"status": "error", "category": "INVALID_AUTHENTICATION"})
FIRST = AccessToken(SecretStr("token-0"))


@dataclass
class Tokens:
    """A source whose replacements are given; `errors` are raised first."""

    replacements: list[AccessToken] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    token: AccessToken = FIRST
    origin: str = "the test"
    name: str = "name"
    identity: str = "identity"
    asked: int = 0

    async def current(self) -> AccessToken:
        if self.errors:
            raise self.errors.pop(0)
        return self.token

    async def replacement(self, refused: AccessToken) -> AccessToken | None:
        if self.token == refused and self.replacements:
            self.asked += 1
            self.token = self.replacements.pop(0)
        return None if self.token == refused else self.token

    async def close(self) -> None:
        return


@dataclass
class Server:
    """Accepts some tokens; records which were used, and how often the account was read."""

    accepted: set[str]
    portal_id: object = OURS
    account: Response | NoResponse | None = None
    used: list[str] = field(default_factory=list)
    reads: int = 0

    async def request(self, token: SecretStr) -> Response | NoResponse:
        await asyncio.sleep(0)
        self.used.append(token.get_secret_value())
        return DONE if token.get_secret_value() in self.accepted else REFUSED

    async def read_account(self, token: SecretStr) -> Response | NoResponse:
        self.reads += 1
        await asyncio.sleep(0)
        if token.get_secret_value() not in self.accepted:
            return REFUSED
        return self.account or parsed(200, {"portalId": self.portal_id})


def number(token: int, grant: int = 0) -> AccessToken:
    return AccessToken(SecretStr(f"token-{token}"), grant)


def guard_of(tokens: Tokens, portal_id: int | None = OURS) -> TokenGuard:
    guard = TokenGuard(tokens)
    guard.expect_account(portal_id)
    return guard


async def replies(guard: TokenGuard, server: Server, calls: int) -> list[Response | NoResponse]:
    return [await guard.exchange(server.request, server.read_account) for _ in range(calls)]


def has_new_token(reply: Response | NoResponse) -> bool:
    return isinstance(reply, Response) and reply.has_new_token


async def test_a_renewed_token_is_reported_with_the_401_and_used_for_the_next_call() -> None:
    tokens, server = Tokens([number(1)]), Server({"token-1"})
    first, second = await replies(guard_of(tokens), server, 2)
    assert has_new_token(first)
    assert second == DONE
    assert (server.used, server.reads) == (["token-0", "token-1"], 0)


async def test_without_another_token_the_401_is_final() -> None:
    server = Server(set())
    assert await replies(guard_of(Tokens()), server, 2) == [REFUSED, REFUSED]


async def test_a_replacement_that_is_refused_at_once_is_not_replaced() -> None:
    tokens, server = Tokens([number(one) for one in range(1, 100)]), Server(set())
    found = await replies(guard_of(tokens), server, 5)
    assert [has_new_token(one) for one in found] == [True, False, False, False, False]
    assert tokens.asked == 1


async def test_a_replacement_that_was_accepted_may_be_replaced_later() -> None:
    tokens, server = Tokens([number(1), number(2)]), Server({"token-1"})
    guard = guard_of(tokens)
    await replies(guard, server, 2)
    server.accepted = {"token-2"}
    refused, done = await replies(guard, server, 2)
    assert has_new_token(refused)
    assert done == DONE


async def test_many_calls_with_a_refused_token_ask_for_one_replacement() -> None:
    tokens, server = Tokens([number(1), number(2)]), Server({"token-1"})
    guard = guard_of(tokens)
    calls = [guard.exchange(server.request, server.read_account) for _ in range(50)]
    assert all(map(has_new_token, await asyncio.gather(*calls)))
    assert tokens.asked == 1


async def test_a_401_of_another_server_replaces_nothing() -> None:
    tokens = Tokens([number(1)])
    page = parsed(401, b"<html><title>Sign in</title></html>")

    async def request(token: SecretStr) -> Response:
        return page

    assert await guard_of(tokens).exchange(request, request) == page
    assert tokens.asked == 0


async def test_a_token_of_a_later_credential_is_used_after_its_account_was_confirmed() -> None:
    tokens, server = Tokens([number(1, grant=1)]), Server({"token-1"})
    refused, confirmed, done = await replies(guard_of(tokens), server, 3)
    assert has_new_token(refused)
    assert isinstance(confirmed, NoResponse)
    assert not confirmed.reached
    assert not confirmed.is_token_refused
    assert done == DONE
    assert (server.used, server.reads) == (["token-0", "token-1"], 1)


async def test_many_calls_confirm_a_credential_once() -> None:
    tokens, server = Tokens(token=number(1, grant=1)), Server({"token-1"})
    guard = guard_of(tokens)
    calls = [guard.exchange(server.request, server.read_account) for _ in range(50)]
    found = await asyncio.gather(*calls)
    assert (sum(one == DONE for one in found), server.reads) == (49, 1)


@pytest.mark.parametrize(
    ("expected", "account"),
    [
        (OURS, parsed(200, {"portalId": OTHER})),
        (OURS, parsed(200, {"portalId": None})),
        (OURS, parsed(200, b"")),
        (OURS, parsed(403, {"status": "error", "category": "MISSING_SCOPES"})),
        (OURS, parsed(404, b"")),
        (None, parsed(200, {"portalId": OURS})),
    ],
)
async def test_a_credential_that_is_not_confirmed_is_never_used(expected: int | None, account: Response) -> None:
    tokens, server = Tokens(token=number(1, grant=1)), Server({"token-1"}, account=account)
    for reply in await replies(guard_of(tokens, expected), server, 3):
        assert isinstance(reply, NoResponse)
        assert reply.is_token_refused
    assert server.used == []
    assert server.reads <= 1


@pytest.mark.parametrize(
    "account", [parsed(429, {"policyName": "TEN_SECONDLY_ROLLING"}), parsed(503, b""), NoResponse("lost", reached=True)]
)
async def test_an_account_that_cannot_be_read_now_is_read_again(account: Response | NoResponse) -> None:
    tokens, server = Tokens(token=number(1, grant=1)), Server({"token-1"}, account=account)
    guard = guard_of(tokens)
    (reply,) = await replies(guard, server, 1)
    assert reply == account or (isinstance(reply, NoResponse) and not reply.is_token_refused)
    server.account = None
    assert (await replies(guard, server, 2))[1] == DONE


async def test_before_an_account_is_expected_any_credential_is_used() -> None:
    tokens, server = Tokens(token=number(1, grant=1)), Server({"token-1"})
    guard = TokenGuard(tokens)
    assert await replies(guard, server, 1) == [DONE]
    guard.expect_account(OURS)
    assert await replies(guard, server, 1) == [DONE]
    assert server.reads == 0


async def test_errors_of_the_source_become_replies() -> None:
    tokens = Tokens(errors=[TokenUnavailableError("not now"), TokenRefusedError("never")])
    assert await replies(guard_of(tokens), Server({"token-0"}), 3) == [
        NoResponse("not now", reached=False),
        NoResponse("never", reached=False, is_token_refused=True),
        DONE,
    ]
