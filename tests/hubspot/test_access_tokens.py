"""Access tokens that change while a run uses them."""

import asyncio
import errno
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from importer.hubspot.access_tokens import (
    FileToken,
    FixedToken,
    OAuthToken,
    TokenRefusedError,
    TokenUnavailableError,
)


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
    path = folder / "refresh-token"
    if not path.exists():
        path.write_text("refresh-token-0\n")
    return OAuthToken(server.url, "app", SecretStr("the-client-secret"), path)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def value(token: SecretStr | None) -> str:
    return "" if token is None else token.get_secret_value()


async def test_a_fixed_token_has_no_replacement() -> None:
    source = FixedToken(SecretStr("pat-1"), "the environment")
    assert await source.replacement(await source.current()) is None


async def test_a_token_file_is_read_again_when_its_token_is_refused() -> None:
    tokens = ["pat-2", "pat-3"]
    source = FileToken(SecretStr("pat-1"), "the file", lambda: SecretStr(tokens.pop(0)))
    first = await source.current()
    assert value(await source.replacement(first)) == "pat-2"
    assert value(await source.replacement(first)) == "pat-2", "the file is not read again for a token of before"
    assert value(await source.replacement(SecretStr("pat-2"))) == "pat-3"


async def test_a_token_file_with_the_refused_token_gives_no_other() -> None:
    source = FileToken(SecretStr("pat-1"), "the file", lambda: SecretStr("pat-1"))
    assert await source.replacement(SecretStr("pat-1")) is None


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
        assert source.refresh_token_file.read_text() == "refresh-token-1\n"
        assert stat.S_IMODE(source.refresh_token_file.stat().st_mode) == 0o600
        assert value(await source.replacement(first)) == "access-token-2"
        assert names_in(tmp_path) == ["refresh-token", "refresh-token.lock"]


async def test_two_sources_of_one_file_do_not_race(tmp_path: Path) -> None:
    async with running(TokenServer(rotates=True, lifetime=0)) as server:
        sources = [source_of(server, tmp_path) for _ in range(5)]
        await asyncio.gather(*(source.current() for source in sources for _ in range(5)))
        assert server.renewals >= len(sources)
        assert sources[0].refresh_token_file.read_text().strip() == server.refresh_token


async def test_processes_that_share_a_refresh_token_do_not_race(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from pydantic import SecretStr
from importer.hubspot.access_tokens import OAuthToken
async def main():
    source = OAuthToken(sys.argv[1], "app", SecretStr("the-client-secret"), Path(sys.argv[2]))
    for _ in range(5):
        await source.current()
asyncio.run(main())
"""
    async with running(TokenServer(rotates=True, lifetime=0)) as server:
        source = source_of(server, tmp_path)
        arguments = [sys.executable, "-c", code, server.url, str(source.refresh_token_file)]
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
        source = OAuthToken("http://127.0.0.1:9", "app", SecretStr("secret-of-the-app"), path)
        with pytest.raises(TokenRefusedError, match=str(path)):
            await source.current()


async def test_a_rotated_token_that_cannot_be_written_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("importer.hubspot.access_tokens.mkstemp", disk_is_full)
    async with running(TokenServer(rotates=True)) as server:
        source = source_of(server, tmp_path)
        with pytest.raises(TokenRefusedError, match="authorise the app once more"):
            await source.current()
