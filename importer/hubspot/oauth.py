"""Access tokens that OAuth renews.

Source: HubSpot, OAuth guide: access tokens live for 30 minutes; `POST /oauth/v1/token` renews them with a refresh
token, which it may replace.
"""

import asyncio
import errno
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from filelock import FileLock, Timeout
from pydantic import SecretStr

from importer.config import OAuthCredentials, read_refresh_token, user_state_path
from importer.errors import ImporterError
from importer.hubspot.access_tokens import AccessToken, TokenRefusedError, TokenUnavailableError
from importer.hubspot.parse import sanitize
from importer.hubspot.resolver import DaemonThreadResolver
from importer.redaction import hide
from importer.temporary_directories import remove_abandoned, temporary_directory

TOKEN_PATH = "/oauth/v1/token"  # noqa: S105 - a path

_DEFAULT_LIFETIME = 1_800.0
"""Seconds. Source: HubSpot, OAuth guide."""

_MARGIN = 60.0
"""Seconds before expiry at which a token is renewed (at most a tenth of its lifetime), as requests still use it."""

_RETRY_INTERVAL = 5.0
"""Seconds between two attempts to renew a token that is still valid."""

_TIMEOUT = 30.0
_MAX_LOCK_WAIT = 2 * _TIMEOUT
_LOCK_POLL = 0.05
_SECONDS_TO_FINISH = 1.0
_MAX_BODY = 1 << 16
_CANNOT_REPLACE = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV})
"""Errors from replacing a file that may still be writable in place, such as a single file mounted in a container."""


class OAuthToken:
    """A token that is renewed with a refresh token, before it expires and when it is refused.

    All callers share one renewal. The refresh token is read from its file each time, under a lock, so that no process
    uses a refresh token that another has replaced. A new refresh token is on disk before its access token is used.
    """

    def __init__(self, base_url: str, credentials: OAuthCredentials, proxy: str | None = None) -> None:
        """Renew the token at the server `base_url`; nothing is requested before the first use."""
        self._url = f"{base_url.rstrip('/')}{TOKEN_PATH}"
        self._credentials = credentials
        self._proxy = proxy
        self._path = credentials.refresh_token_file
        self._refresh_token = credentials.refresh_token
        self._token: AccessToken | None = None
        self._grant = 0
        self._renew_at = self._expires_at = 0.0
        self._renewal: asyncio.Task[AccessToken] | None = None

    @property
    def origin(self) -> str:
        """The path of the refresh token file."""
        return f"the OAuth settings (refresh token in {self._path})"

    @property
    def name(self) -> str:
        """The app and the path of the refresh token file."""
        return f"{self._credentials.client_id} {self._path.resolve()}"

    @property
    def identity(self) -> str:
        """The app and the refresh token that was used last."""
        return f"{self._credentials.client_id} {self._refresh_token.get_secret_value()}"

    async def current(self) -> AccessToken:
        """Return a token that stays valid for some time; renew it if necessary."""
        if self._token is not None and time.monotonic() < self._renew_at:
            return self._token
        try:
            return await self._renewed()
        except TokenUnavailableError:
            now = time.monotonic()
            if self._token is None or now >= self._expires_at:
                raise
            self._renew_at = now + _RETRY_INTERVAL
            return self._token

    async def replacement(self, refused: AccessToken) -> AccessToken | None:
        """Return a token other than `refused`: one that was renewed in the meantime, or else a new one."""
        token = self._token
        if token is None or token.value == refused.value:
            self._renew_at = self._expires_at = 0.0
            token = await self._renewed()
        return None if token.value == refused.value else token

    async def close(self) -> None:
        """Wait for a renewal in progress: its response may contain the only valid refresh token."""
        if self._renewal is not None and not self._renewal.done():
            await asyncio.wait({self._renewal}, timeout=_SECONDS_TO_FINISH)

    async def _renewed(self) -> AccessToken:
        """Return the token from one renewal, which all callers share and no caller can cancel."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
        return await asyncio.shield(self._renewal)

    async def _renew(self) -> AccessToken:
        async with _locked(self._path):
            self._read_refresh_token()
            requested_at = time.monotonic()
            content = await self._request()
            rotated = content.get("refresh_token")
            if isinstance(rotated, str) and rotated and rotated != self._refresh_token.get_secret_value():
                hide(rotated)
                _write_secret(self._path, rotated)
                self._refresh_token = SecretStr(rotated)
        return self._accept(content, requested_at)

    def _read_refresh_token(self) -> None:
        try:
            found = read_refresh_token(self._path)
        except ImporterError as error:
            raise TokenRefusedError(str(error)) from None
        self._grant += found != self._refresh_token
        self._refresh_token = found

    def _accept(self, content: dict[str, Any], requested_at: float) -> AccessToken:
        value, lifetime = content.get("access_token"), content.get("expires_in")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value or not value:
            raise TokenUnavailableError("HubSpot's token endpoint returned no access token")
        hide(value)
        seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime >= 0 else _DEFAULT_LIFETIME
        self._renew_at = requested_at + seconds - min(_MARGIN, seconds / 10)
        self._expires_at = requested_at + seconds
        self._token = AccessToken(SecretStr(value), self._grant)
        return self._token

    async def _request(self) -> dict[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret.get_secret_value(),
            "refresh_token": self._refresh_token.get_secret_value(),
        }
        try:
            status, body = await _post(self._url, form, self._proxy)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            message = f"HubSpot's token endpoint did not respond ({type(error).__name__})"
            raise TokenUnavailableError(message) from None
        content = _json_object(body)
        if status == 200 and content is not None:
            return content
        if status in {400, 401, 403} and content is not None:
            reason = sanitize(str(content.get("status") or content.get("error") or "no reason given"))[:100]
            raise TokenRefusedError(
                f"HubSpot refuses to renew the access token ({status}, {reason}). Check client_id and "
                f"client_secret_file, or authorise the app again and put its refresh token into {self._path}."
            )
        raise TokenUnavailableError(f"HubSpot's token endpoint returned {status}")


async def _post(url: str, form: dict[str, str], proxy: str | None) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=DaemonThreadResolver()),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session,
        session.post(url, data=form, allow_redirects=False, proxy=proxy) as response,
    ):
        body = b""
        while len(body) < _MAX_BODY and (part := await response.content.read(_MAX_BODY)):
            body += part
        return response.status, body


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Hold the lock of a refresh token file; poll for it, so that the event loop is not blocked."""
    lock, end = _lock_of(path), time.monotonic() + _MAX_LOCK_WAIT
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if time.monotonic() > end:
                raise TokenUnavailableError(f"another process has been renewing {path} for too long") from None
            await asyncio.sleep(_LOCK_POLL)
        except OSError as error:
            raise TokenUnavailableError(f"{lock.lock_file} cannot be locked: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


def _lock_of(path: Path) -> FileLock:
    """Return the lock beside a file, or one in the user's state directory if that is not writable."""
    resolved = path.resolve()
    beside = resolved.with_name(f"{resolved.name}.lock")
    state = user_state_path()
    if os.access(beside if beside.exists() else beside.parent, os.W_OK) or state is None:
        return FileLock(beside, mode=0o600)
    directory = state / "oauth"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(directory / f"{hashlib.sha256(str(resolved).encode()).hexdigest()[:24]}.lock", mode=0o600)


def _write_secret(path: Path, text: str) -> None:
    """Replace a file atomically, readable only by its owner; write it in place if it is a mount point."""
    place = path.resolve()
    try:
        try:
            remove_abandoned(place.parent)
            with temporary_directory(place.parent) as directory:
                draft = directory / place.name
                draft.touch(0o600, exist_ok=False)
                _write(os.open(draft, os.O_WRONLY), text)
                draft.replace(place)
        except OSError as error:
            if error.errno not in _CANNOT_REPLACE:
                raise
            _write(os.open(place, os.O_WRONLY), text)
    except (OSError, UnicodeEncodeError) as error:
        raise TokenRefusedError(
            f"HubSpot has replaced the refresh token, but the new one cannot be written to {path} "
            f"({type(error).__name__}). Make the file writable, and authorise the app again"
        ) from None


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
