"""One call, one answer: the HTTP exchange with HubSpot."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.request import getproxies, proxy_bypass

import aiohttp
from pydantic import SecretStr
from yarl import URL

from importer.config import Settings, is_loopback
from importer.hubspot import routes
from importer.hubspot.answers import Answer, NoAnswer, RateHeaders, read_answer, shorten
from importer.hubspot.retry import retry_after
from importer.model import ObjectType, Pair

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes; a larger answer is not read to its end and counts as unreadable."""

_MASK = b"[token]"


class _ConnectionLostError(Exception):
    """The connection was lost after the request may have been sent; the text says how."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT again by itself: it would pass the pace by and would not be counted.

    Source: aiohttp, `ClientSession._request` repeats idempotent requests on exactly these two errors.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionLostError(_reason(error)) from error


class HubSpotClient:
    """A session with HubSpot: pooled connections, the token in the Authorization header, no redirects, bounded time.

    TLS is verified, with the system's certificates or those of `SSL_CERT_FILE`. A proxy comes from `HTTPS_PROXY` or
    `HTTP_PROXY`, unless `NO_PROXY` or a loopback address says otherwise; `.netrc` is not read, since an entry for the
    host would replace the token.
    """

    def __init__(self, base_url: str, token: SecretStr, settings: Settings) -> None:
        """Prepare a session; it opens when it is entered."""
        self._base = URL(base_url)
        self._prefix = self._base.raw_path.rstrip("/")
        self._token = token.get_secret_value().encode()
        self._version = settings.api_version
        self._workers = settings.workers
        self._timeout = aiohttp.ClientTimeout(
            total=settings.connect_timeout + settings.answer_timeout, sock_connect=settings.connect_timeout
        )
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._workers, ttl_dns_cache=300),
            headers={
                "Authorization": f"Bearer {self._token.decode()}",
                "Accept": "application/json",
                "User-Agent": "importer (bulk association importer for HubSpot)",
            },
            middlewares=(_send_once,),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy(self._base),
            timeout=self._timeout,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def link(self, pair: Pair) -> Answer | NoAnswer:
        """PUT the default association of `pair`; idempotent."""
        return await self._exchange("PUT", routes.default_association(self._version, pair))

    async def link_many(self, pairs: Sequence[Pair]) -> Answer | NoAnswer:
        """POST the default association of up to 2,000 pairs of the same object types; idempotent."""
        path = routes.batch_default(self._version, pairs[0].from_type, pairs[0].to_type)
        inputs = [{"from": {"id": pair.from_id}, "to": {"id": pair.to_id}} for pair in pairs]
        return await self._exchange("POST", path, {"inputs": inputs})

    async def read(
        self, from_type: ObjectType, to_type: ObjectType, after: Mapping[str, str | None]
    ) -> Answer | NoAnswer:
        """POST a batch read of up to 1,000 records' links, each from where `after` says (None: the first page)."""
        inputs = [
            {"id": record} if start is None else {"id": record, "after": start} for record, start in after.items()
        ]
        return await self._exchange("POST", routes.batch_read(self._version, from_type, to_type), {"inputs": inputs})

    async def account(self) -> Answer | NoAnswer:
        """GET the details of the account that the token belongs to."""
        return await self._exchange("GET", routes.account_details(self._version))

    async def _exchange(self, method: str, path: str, content: object = None) -> Answer | NoAnswer:
        if self._session is None:
            raise RuntimeError("the client is used before it is entered")
        body = None if content is None else json.dumps(content).encode()
        headers = None if content is None else {"Content-Type": "application/json"}
        url = self._base.with_path(self._prefix + path, encoded=True)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                body = await _read_body(response)
                answer = self._read(response.status, response.headers, body or b"")
                return replace(answer, is_too_large=True) if body is None else answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            return self._no_answer(error, reached=False)
        except (_ConnectionLostError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._no_answer(error, reached=True)

    def _read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        wait = headers.get("Retry-After")
        seconds = retry_after(wait, datetime.now(UTC)) if wait else None
        return read_answer(status, self._masked(body), _rate_headers(headers), seconds)

    def _no_answer(self, error: Exception, *, reached: bool) -> NoAnswer:
        reason = self._masked(_reason(error).encode("utf-8", "replace"))
        return NoAnswer(shorten(reason.decode()), reached)

    def _masked(self, said: bytes) -> bytes:
        """What a server said, without the token: one that repeats the request must not bring it into a report."""
        return said.replace(self._token, _MASK) if self._token in said else said


def _proxy(url: URL) -> str | None:
    if url.host is None or is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxy = getproxies().get(url.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body; None when it is larger than `LARGEST_BODY`."""
    parts: list[bytes] = []
    size = 0
    while part := await response.content.readany():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            response.close()
            return None
    return b"".join(parts)


def _rate_headers(headers: Mapping[str, str]) -> RateHeaders:
    interval = _number(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds"))
    return RateHeaders(
        _number(headers.get("X-HubSpot-RateLimit-Max")),
        interval / 1000 if interval else None,
        _number(headers.get("X-HubSpot-RateLimit-Daily-Remaining")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientHttpProxyError):  # its text has the proxy's password
        return f"the proxy answered {error.status} {error.message}"
    return str(error) or type(error).__name__
