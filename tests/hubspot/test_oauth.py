"""Access tokens that OAuth renews."""

import asyncio
import errno
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from importer.config import OAuthCredentials
from importer.hubspot import oauth
from importer.hubspot.access_tokens import AccessToken, TokenRefusedError, TokenUnavailableError
from importer.hubspot.oauth import OAuthToken


@dataclass
class TokenServer:
    """HubSpot's token endpoint: each renewal gives a new access token and, with `rotates`, a new refresh token."""

    refresh_token: str = "refresh-token-0"
    lifetime: float = 1800
    rotates: bool = False
    failures: list[web.Response] = field(default_factory=list)
    renewals: int = 0
    url: str = ""

    async def renew(self, request: web.Request) -> web.Response:
        if self.failures:
            return self.failures.pop(0)
        form = await request.post()
        expected = {"grant_type": "refresh_token", "client_id": "app", "client_secret": "the-client-secret"}
        assert {key: form[key] for key in expected} == expected
        if form["refresh_token"] != self.refresh_token:
            return web.json_response({"status": "BAD_REFRESH_TOKEN", "message": "unknown"}, status=400)
        self.renewals += 1
        if self.rotates:
            self.refresh_token = f"refresh-token-{self.renewals}"
        content = {"access_token": f"access-token-{self.renewals}", "expires_in": self.lifetime}
        return web.json_response(content | {"refresh_token": self.refresh_token})


@asynccontextmanager
async def running(server: TokenServer) -> AsyncIterator[TokenServer]:
    app = web.Application()
    app.router.add_post("/oauth/v1/token", server.renew)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def source_of(server: TokenServer, folder: Path) -> OAuthToken:
    path = path_of(folder)
    if not path.exists():
        path.write_text("refresh-token-0\n")
    app = OAuthCredentials("app", SecretStr("the-client-secret"), SecretStr("refresh-token-0"), path)
    return OAuthToken(server.url, app)


def path_of(folder: Path) -> Path:
    return folder / "refresh-token"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def value(token: AccessToken | None) -> str:
    return "" if token is None else token.value.get_secret_value()


async def test_many_workers_renew_an_oauth_token_once(tmp_path: Path) -> None:
    async with running(TokenServer()) as server:
        source = source_of(server, tmp_path)
        tokens = await asyncio.gather(*(source.current() for _ in range(50)))
        assert {value(token) for token in tokens} == {"access-token-1"}
        refused = await asyncio.gather(*(source.replacement(tokens[0]) for _ in range(50)))
        assert {value(token) for token in refused} == {"access-token-2"}
        assert server.renewals == 2


async def test_a_token_near_its_end_is_renewed_before_it_is_used(tmp_path: Path) -> None:
    async with running(TokenServer(lifetime=0)) as server:
        source = source_of(server, tmp_path)
        assert [value(await source.current()) for _ in range(2)] == ["access-token-1", "access-token-2"]


async def test_a_rotated_refresh_token_is_written_back_for_its_owner_alone(tmp_path: Path) -> None:
    async with running(TokenServer(rotates=True)) as server:
        source = source_of(server, tmp_path)
        first = await source.current()
        assert path_of(tmp_path).read_text() == "refresh-token-1\n"
        assert stat.S_IMODE(path_of(tmp_path).stat().st_mode) == 0o600
        assert value(await source.replacement(first)) == "access-token-2"
        assert names_in(tmp_path) == ["refresh-token", "refresh-token.lock"]


async def test_two_sources_of_one_file_do_not_race(tmp_path: Path) -> None:
    async with running(TokenServer(rotates=True, lifetime=0)) as server:
        sources = [source_of(server, tmp_path) for _ in range(5)]
        await asyncio.gather(*(source.current() for source in sources for _ in range(5)))
        assert server.renewals >= len(sources)
        assert path_of(tmp_path).read_text().strip() == server.refresh_token


@pytest.mark.slow
async def test_processes_that_share_a_refresh_token_do_not_race(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from pydantic import SecretStr
from importer.config import OAuthCredentials, read_refresh_token
from importer.hubspot.oauth import OAuthToken
async def main():
    path = Path(sys.argv[2])
    app = OAuthCredentials("app", SecretStr("the-client-secret"), read_refresh_token(path), path)
    source = OAuthToken(sys.argv[1], app)
    for _ in range(5):
        await source.current()
asyncio.run(main())
"""
    async with running(TokenServer(rotates=True, lifetime=0)) as server:
        source_of(server, tmp_path)
        arguments = [sys.executable, "-c", code, server.url, str(path_of(tmp_path))]
        processes = [await asyncio.create_subprocess_exec(*arguments, stderr=subprocess.PIPE) for _ in range(3)]
        ended = [await process.communicate() for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0], ended
        assert server.renewals == 15


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


async def test_a_refused_refresh_token_ends_it_without_a_secret_in_the_reason(tmp_path: Path) -> None:
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


async def test_a_rotated_token_that_cannot_be_written_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("importer.hubspot.oauth._write", disk_is_full)
    async with running(TokenServer(rotates=True)) as server:
        source = source_of(server, tmp_path)
        with pytest.raises(TokenRefusedError, match="authorise the app again"):
            await source.current()
    assert names_in(tmp_path) == ["refresh-token", "refresh-token.lock"], "no draft with the token remains"


async def test_a_refresh_token_file_that_cannot_be_replaced_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_a_mount_point(*arguments: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", is_a_mount_point)
    async with running(TokenServer(rotates=True)) as server:
        source = source_of(server, tmp_path)
        assert value(await source.current()) == "access-token-1"
        assert path_of(tmp_path).read_text() == "refresh-token-1\n"
        assert names_in(tmp_path) == ["refresh-token", "refresh-token.lock"]


async def test_a_refresh_token_in_a_read_only_directory_is_locked_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth, "user_state_path", lambda: tmp_path / "state")
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    (tmp_path / "secrets").mkdir()
    async with running(TokenServer()) as server:
        assert value(await source_of(server, tmp_path / "secrets").current()) == "access-token-1"
    assert names_in(tmp_path / "secrets") == ["refresh-token"]
    assert [path.suffix for path in (tmp_path / "state" / "oauth").iterdir()] == [".lock"]


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


async def test_a_refresh_token_that_someone_else_wrote_is_another_credential(tmp_path: Path) -> None:
    async with running(TokenServer(rotates=True)) as server:
        source = source_of(server, tmp_path)
        tokens = [await source.current()]
        tokens.append(await _renewed(source, tokens[-1]))
        server.refresh_token = "refresh-token-of-another-account"
        path_of(tmp_path).write_text(server.refresh_token)
        tokens.append(await _renewed(source, tokens[-1]))
        tokens.append(await _renewed(source, tokens[-1]))
        assert [token.grant for token in tokens] == [0, 0, 1, 1]
        assert source.identity == "app refresh-token-4"


async def _renewed(source: OAuthToken, token: AccessToken) -> AccessToken:
    renewed = await source.replacement(token)
    assert renewed is not None
    return renewed


async def test_a_cancelled_caller_does_not_lose_a_rotated_refresh_token(tmp_path: Path) -> None:
    async with running(TokenServer(rotates=True)) as server:
        source = source_of(server, tmp_path)
        caller = asyncio.create_task(source.current())
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        await source.close()
        assert path_of(tmp_path).read_text().strip() == server.refresh_token == "refresh-token-1"


@pytest.mark.parametrize("token", ["", 5, None, "to ken", "tökens", "tok\nen"])
async def test_a_response_without_a_usable_token_leaves_it_unavailable(tmp_path: Path, token: object) -> None:
    failure = web.json_response({"access_token": token, "expires_in": 1800})
    async with running(TokenServer(failures=[failure])) as server:
        with pytest.raises(TokenUnavailableError):
            await source_of(server, tmp_path).current()


async def test_a_lifetime_that_is_not_a_number_is_taken_as_thirty_minutes(tmp_path: Path) -> None:
    content = {"access_token": "access-token-x", "expires_in": "soon"}
    async with running(TokenServer(failures=[web.json_response(content)])) as server:
        source = source_of(server, tmp_path)
        assert {value(await source.current()) for _ in range(3)} == {"access-token-x"}


async def test_a_reason_that_repeats_the_refresh_token_is_redacted(tmp_path: Path) -> None:
    failure = web.json_response({"status": "unknown refresh-token-0"}, status=400)
    async with running(TokenServer(failures=[failure])) as server:
        with pytest.raises(TokenRefusedError) as caught:
            await source_of(server, tmp_path).current()
        assert "refresh-token-0" not in str(caught.value)
