"""Access tokens for HubSpot: one that never changes, one in a file that others may renew, one that OAuth renews.

A request that was refused with 401 was not processed, so it may be sent again with another token.
Source: HubSpot, OAuth guide: access tokens live for 30 minutes; `POST /oauth/v1/token` renews them.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Protocol

import aiohttp
from filelock import FileLock, Timeout
from pydantic import SecretStr

from importer.redaction import hide

TOKEN_PATH = "/oauth/v1/token"  # noqa: S105 - an address

_MARGIN = 60.0
"""Seconds before its end when a token is renewed, at most a tenth of its life: requests in flight still use it."""

_TIMEOUT = 30.0
_LOCK_POLL = 0.05
_LARGEST_BODY = 1 << 16


class TokenUnavailableError(Exception):
    """No token could be had now, and a later attempt may get one; the text says why, without secrets."""


class TokenRefusedError(Exception):
    """HubSpot refuses to renew the token, so no later attempt can succeed; the text says why, without secrets."""


class TokenSource(Protocol):
    """Where the access token of a run comes from."""

    @property
    def origin(self) -> str:
        """Return where the token comes from, for people."""

    async def current(self) -> SecretStr:
        """Return the token to use now. Raises TokenUnavailableError or TokenRefusedError."""

    async def replacement(self, refused: SecretStr) -> SecretStr | None:
        """Return another token after `refused` was refused with 401; None when there is no other."""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that nothing renews, such as one from the environment."""

    token: SecretStr
    origin: str

    async def current(self) -> SecretStr:
        """Return the token."""
        return self.token

    async def replacement(self, refused: SecretStr) -> SecretStr | None:
        """Return None: there is no other token."""
        return None


@dataclass(slots=True)
class FileToken:
    """A token in a file, which is read again when the token is refused: someone may have renewed it."""

    token: SecretStr
    origin: str
    read: Callable[[], SecretStr]
    """Reads the file; raises an ImporterError when it holds no token."""

    async def current(self) -> SecretStr:
        """Return the token that was read last."""
        return self.token

    async def replacement(self, refused: SecretStr) -> SecretStr | None:
        """Return the token in the file if it is another than the one refused."""
        if self.token == refused:
            self.token = await asyncio.to_thread(self.read)
        return None if self.token == refused else self.token


@dataclass(slots=True)
class OAuthToken:
    """A token that is renewed with a refresh token, before its end and when it is refused.

    The refresh token is read from its file each time, under a lock beside the file, so that of several processes none
    uses a refresh token that another has replaced. A new refresh token is on the disk before its access token is used.
    """

    base_url: str
    client_id: str
    client_secret: SecretStr
    refresh_token_file: Path
    proxy: str | None = None
    _token: SecretStr | None = None
    _renew_at: float = 0.0
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def origin(self) -> str:
        """Return the file of the refresh token, for people."""
        return f"OAuth ({self.refresh_token_file})"

    async def current(self) -> SecretStr:
        """Return a token that is valid for some time yet, a renewed one if need be."""
        if self._token is None or time.monotonic() >= self._renew_at:
            async with self._renewing:
                if self._token is None or time.monotonic() >= self._renew_at:
                    return await self._renew()
        return self._token

    async def replacement(self, refused: SecretStr) -> SecretStr | None:
        """Return another token than `refused`: one that was renewed meanwhile, else a new one."""
        async with self._renewing:
            if self._token is None or self._token == refused:
                await self._renew()
        return None if self._token == refused else self._token

    async def _renew(self) -> SecretStr:
        lock = FileLock(self.refresh_token_file.with_name(f"{self.refresh_token_file.name}.lock"), mode=0o600)
        try:
            await _acquire(lock)
        except OSError as error:
            raise TokenUnavailableError(f"{lock.lock_file} cannot be locked: {error.strerror}") from None
        try:
            refresh_token = self._read_refresh_token()
            content = await self._request(refresh_token)
            self._keep(content, refresh_token)
        finally:
            lock.release()
        if self._token is None:
            raise TokenUnavailableError("HubSpot's response holds no access token")
        return self._token

    def _read_refresh_token(self) -> str:
        try:
            text = self.refresh_token_file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TokenRefusedError(
                f"the refresh token file {self.refresh_token_file} cannot be read ({type(error).__name__})"
            ) from None
        if not text:
            raise TokenRefusedError(f"the refresh token file {self.refresh_token_file} is empty")
        hide(text)
        return text

    async def _request(self, refresh_token: str) -> dict[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret.get_secret_value(),
            "refresh_token": refresh_token,
        }
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(
                    f"{self.base_url.rstrip('/')}{TOKEN_PATH}", data=form, allow_redirects=False, proxy=self.proxy
                ) as response,
            ):
                body = await response.content.read(_LARGEST_BODY)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TokenUnavailableError(f"HubSpot's token endpoint did not respond ({type(error).__name__})") from None
        content = _json_object(body)
        if status == 200 and content is not None:
            return content
        if status in {400, 401, 403} and content is not None:
            raise TokenRefusedError(f"HubSpot's token endpoint responded with {status} ({_code(content)})")
        raise TokenUnavailableError(f"HubSpot's token endpoint responded with {status}")

    def _keep(self, content: dict[str, Any], refresh_token: str) -> None:
        access_token, lifetime = content.get("access_token"), content.get("expires_in")
        rotated = content.get("refresh_token")
        if isinstance(rotated, str) and rotated and rotated != refresh_token:
            hide(rotated)
            self._write_refresh_token(rotated)
        if not isinstance(access_token, str) or not access_token.isprintable() or not access_token:
            raise TokenUnavailableError("HubSpot's token endpoint sent no access token")
        seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime > 0 else 0.0
        hide(access_token)
        self._token = SecretStr(access_token)
        self._renew_at = time.monotonic() + seconds - min(_MARGIN, seconds / 10)

    def _write_refresh_token(self, text: str) -> None:
        """Replace the file in one step, for its owner alone, as the old refresh token may already be invalid."""
        place = self.refresh_token_file.resolve()
        try:
            descriptor, name = mkstemp(".part", ".importer-", place.parent)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(place)
        except (OSError, UnicodeEncodeError) as error:
            raise TokenRefusedError(
                f"the new refresh token cannot be written to {self.refresh_token_file} ({type(error).__name__}): "
                "make the file writable and authorise the app once more"
            ) from None


async def _acquire(lock: FileLock) -> None:
    """Acquire a file lock without blocking the event loop."""
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            await asyncio.sleep(_LOCK_POLL)
        else:
            return


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _code(content: dict[str, Any]) -> str:
    code = content.get("status") or content.get("error") or "no reason given"
    return str(code)[:100]
