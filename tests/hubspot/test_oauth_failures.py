"""Access tokens that cannot be renewed: what is used meanwhile, and the reasons, which contain no secret."""

import asyncio
import time
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from importer.config import OAuthCredentials
from importer.hubspot.access_tokens import TokenRefusedError, TokenUnavailableError
from importer.hubspot.oauth import OAuthToken
from tests.support.token_server import TokenServer, running, source_of, value


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failure_that_may_pass_leaves_the_token_unavailable_for_now(tmp_path: Path, status: int) -> None:
    async with running(TokenServer(failures=[web.Response(status=status)])) as server:
        source = source_of(server, tmp_path)
        with pytest.raises(TokenUnavailableError):
            await source.current()
        assert value(await source.current()) == "access-token-1"


async def test_no_redirect_is_followed(tmp_path: Path) -> None:
    elsewhere = web.Response(status=307, headers={"Location": "http://127.0.0.1:9/oauth/v1/token"})
    async with running(TokenServer(failures=[elsewhere])) as server:
        with pytest.raises(TokenUnavailableError, match="307"):
            await source_of(server, tmp_path).current()


async def test_a_refused_refresh_token_is_final_and_the_reason_has_no_secret(tmp_path: Path) -> None:
    async with running(TokenServer(refresh_token="another-token")) as server:
        source = source_of(server, tmp_path)
        with pytest.raises(TokenRefusedError, match="BAD_REFRESH_TOKEN") as caught:
            await source.current()
        shown = f"{caught.value!r} {source!r}"
        assert "refresh-token-0" not in shown
        assert "the-client-secret" not in shown


async def test_a_missing_or_empty_refresh_token_file_is_named(tmp_path: Path) -> None:
    for text in ("", None):
        path = tmp_path / "refresh"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        app = OAuthCredentials("app", SecretStr("the-client-secret"), SecretStr("refresh-token-0"), path)
        source = OAuthToken("http://127.0.0.1:9", app)
        with pytest.raises(TokenRefusedError, match=str(path)):
            await source.current()


async def test_callers_share_the_failure_of_a_renewal(tmp_path: Path) -> None:
    async with running(TokenServer(failures=[web.Response(status=503)])) as server:
        source = source_of(server, tmp_path)
        found = await asyncio.gather(*(source.current() for _ in range(20)), return_exceptions=True)
        assert {type(one) for one in found} == {TokenUnavailableError}
        assert (server.renewals, server.failures) == (0, [])


async def test_a_token_that_is_still_valid_is_used_while_it_cannot_be_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    async with running(TokenServer()) as server:
        source = source_of(server, tmp_path)
        first = await source.current()
        clock[0] += 1_750
        server.failures.append(web.Response(status=503))
        assert await source.current() == first
        assert await source.current() == first, "the next attempt is some seconds later"
        clock[0] += 30
        assert value(await source.current()) == "access-token-2"


async def test_a_refused_token_is_not_used_again_while_it_cannot_be_renewed(tmp_path: Path) -> None:
    async with running(TokenServer()) as server:
        source = source_of(server, tmp_path)
        first = await source.current()
        server.failures += [web.Response(status=503), web.Response(status=503)]
        with pytest.raises(TokenUnavailableError):
            await source.replacement(first)
        with pytest.raises(TokenUnavailableError):
            await source.current()
        assert value(await source.current()) == "access-token-2"


@pytest.mark.parametrize("token", ["", 5, None, "to ken", "tökens", "tok\nen"])
async def test_a_response_without_a_usable_token_leaves_it_unavailable(tmp_path: Path, token: object) -> None:
    failure = web.json_response({"access_token": token, "expires_in": 1800})
    async with running(TokenServer(failures=[failure])) as server:
        with pytest.raises(TokenUnavailableError):
            await source_of(server, tmp_path).current()


async def test_a_reason_that_repeats_the_refresh_token_is_redacted(tmp_path: Path) -> None:
    failure = web.json_response({"status": "unknown refresh-token-0"}, status=400)
    async with running(TokenServer(failures=[failure])) as server:
        with pytest.raises(TokenRefusedError) as caught:
            await source_of(server, tmp_path).current()
        assert "refresh-token-0" not in str(caught.value)
