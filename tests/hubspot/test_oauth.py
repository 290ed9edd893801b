"""Access tokens that OAuth renews."""

import asyncio
import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from importer.hubspot import oauth
from importer.hubspot.access_tokens import AccessToken, TokenRefusedError
from importer.hubspot.oauth import OAuthToken
from tests.support.token_server import TokenServer, path_of, running, source_of, value


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_many_workers_renew_an_oauth_token_once(tmp_path: Path) -> None:
    async with running(TokenServer()) as server:
        source = source_of(server, tmp_path)
        tokens = await asyncio.gather(*(source.current() for _ in range(50)))
        assert {value(token) for token in tokens} == {"access-token-1"}
        refused = await asyncio.gather(*(source.replacement(tokens[0]) for _ in range(50)))
        assert {value(token) for token in refused} == {"access-token-2"}
        assert server.renewals == 2


async def test_a_token_near_its_expiry_is_renewed_before_it_is_used(tmp_path: Path) -> None:
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


async def test_a_lifetime_that_is_not_a_number_is_taken_as_thirty_minutes(tmp_path: Path) -> None:
    content = {"access_token": "access-token-x", "expires_in": "soon"}
    async with running(TokenServer(failures=[web.json_response(content)])) as server:
        source = source_of(server, tmp_path)
        assert {value(await source.current()) for _ in range(3)} == {"access-token-x"}
