"""The HTTP client for HubSpot: one request, one response."""

import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.client import responses
from types import TracebackType
from typing import Self

import aiohttp
from pydantic import SecretStr
from yarl import URL

from importer.config import Settings, token_origin
from importer.hubspot import object_paths, paths
from importer.hubspot.access_tokens import FixedToken, TokenSource
from importer.hubspot.association_types import AssociationType
from importer.hubspot.backoff import parse_retry_after, server_time
from importer.hubspot.labels import labelled_body
from importer.hubspot.parse import parse_response, sanitize
from importer.hubspot.proxy import find_proxy
from importer.hubspot.resolver import DaemonThreadResolver
from importer.hubspot.response import NoResponse, RateHeaders, Reply, Response
from importer.hubspot.token_guard import TokenGuard
from importer.model import ObjectType, Pair
from importer.redaction import hide

MAX_BODY_BYTES = 16 * 1024 * 1024
"""A larger response is not read to its end and counts as unreadable."""


class _ConnectionLostError(Exception):
    """Raised when the connection was lost after the request may have been sent; the message says how."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT by itself: that would bypass the rate limiter and the call count.

    Source: aiohttp, `ClientSession._request` repeats idempotent requests on exactly these two errors.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionLostError(_reason(error)) from error


class HubSpotClient:
    """A session with HubSpot: pooled connections, the token in the Authorization header, no redirects, timeouts.

    TLS is verified, with the system's certificates or those of `SSL_CERT_FILE`. A proxy comes from `HTTPS_PROXY` or
    `HTTP_PROXY`, except for loopback addresses and hosts in `NO_PROXY`. `.netrc` is not read, since an entry for the
    host would replace the token.
    """

    def __init__(self, base_url: str, token: SecretStr | TokenSource, settings: Settings) -> None:
        """Prepare a session, which is opened by `async with`. Raises SettingsError if the proxy's URL is invalid."""
        if isinstance(token, SecretStr):
            hide(token.get_secret_value())
            token = FixedToken(token, token_origin(settings))
        self._base = URL(base_url)
        self._prefix = self._base.raw_path.rstrip("/")
        self._proxy = find_proxy(base_url)
        self._guard = TokenGuard(token)
        self._version = settings.api_version
        self._workers = settings.workers
        self._timeout = aiohttp.ClientTimeout(
            total=settings.connect_timeout + settings.answer_timeout, sock_connect=settings.connect_timeout
        )
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._workers, ttl_dns_cache=300, resolver=DaemonThreadResolver()),
            headers={
                "Accept": "application/json",
                "User-Agent": "importer (bulk association importer for HubSpot)",
            },
            middlewares=(_send_once,),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._proxy,
            timeout=self._timeout,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session and its connections."""
        await self._guard.close()
        if self._session is not None:
            await self._session.close()

    async def link(self, pair: Pair) -> Reply:
        """PUT the default association of `pair`; idempotent."""
        return await self._exchange("PUT", paths.default_association(self._version, pair))

    async def link_many(self, pairs: Sequence[Pair]) -> Reply:
        """POST the default association of up to 2,000 pairs of the same object types; idempotent."""
        path = paths.batch_default(self._version, pairs[0].from_type, pairs[0].to_type)
        inputs = [{"from": {"id": pair.from_id}, "to": {"id": pair.to_id}} for pair in pairs]
        return await self._exchange("POST", path, {"inputs": inputs})

    async def link_labelled(self, pair: Pair, types: Sequence[AssociationType]) -> Reply:
        """PUT exactly these types of `pair`, which replaces its labels; idempotent."""
        return await self._exchange("PUT", paths.association(self._version, pair), labelled_body(types))

    async def link_many_labelled(self, types_of_pairs: Sequence[tuple[Pair, Sequence[AssociationType]]]) -> Reply:
        """POST exactly these types of up to 2,000 pairs of the same object types; idempotent."""
        first, _ = types_of_pairs[0]
        path = paths.batch_create(self._version, first.from_type, first.to_type)
        return await self._exchange("POST", path, _labelled_inputs(types_of_pairs))

    async def labels(self, from_type: ObjectType, to_type: ObjectType, form: int = 0) -> Reply:
        """GET the association types from one object type to another; `form` selects one of `label_forms` paths."""
        return await self._exchange("GET", paths.labels(self._version, from_type, to_type)[form])

    @property
    def label_forms(self) -> int:
        """The number of paths for reading labels; the next one is tried after a 404."""
        return len(paths.labels(self._version, ObjectType("a"), ObjectType("b")))

    async def unlink(self, pair: Pair) -> Reply:
        """DELETE all association types of `pair`; idempotent."""
        return await self._exchange("DELETE", paths.association(self._version, pair))

    async def archive(self, pairs: Sequence[Pair]) -> Reply:
        """POST the removal of all association types of up to 1,000 pairs of the same object types; idempotent."""
        others: dict[str, list[dict[str, str]]] = {}
        for pair in pairs:
            others.setdefault(pair.from_id, []).append({"id": pair.to_id})
        inputs = [{"from": {"id": record}, "to": listed} for record, listed in others.items()]
        path = paths.batch_archive(self._version, pairs[0].from_type, pairs[0].to_type)
        return await self._exchange("POST", path, {"inputs": inputs})

    async def archive_labels(self, types_of_pairs: Sequence[tuple[Pair, Sequence[AssociationType]]]) -> Reply:
        """POST the removal of these labels of up to 1,000 pairs of the same object types; idempotent.

        The unlabelled type must not be among them: HubSpot would remove all types of its pair.
        """
        first, _ = types_of_pairs[0]
        path = paths.batch_labels_archive(self._version, first.from_type, first.to_type)
        return await self._exchange("POST", path, _labelled_inputs(types_of_pairs))

    async def read(self, from_type: ObjectType, to_type: ObjectType, after: Mapping[str, str | None]) -> Reply:
        """POST a batch read of up to 1,000 records' links, each from the cursor in `after` (None: the first page)."""
        inputs = [
            {"id": record} if start is None else {"id": record, "after": start} for record, start in after.items()
        ]
        return await self._exchange("POST", paths.batch_read(self._version, from_type, to_type), {"inputs": inputs})

    async def read_records(
        self, object_type: ObjectType, body: Mapping[str, object], *, archived: bool = False
    ) -> Reply:
        """POST a batch read of up to 100 records, or of deleted ones."""
        path, query = object_paths.batch_read_records(self._version, object_type, archived=archived)
        return await self._exchange("POST", path, body, query)

    async def search(self, object_type: ObjectType, body: Mapping[str, object]) -> Reply:
        """POST a search for records."""
        return await self._exchange("POST", object_paths.search_records(self._version, object_type), body)

    async def properties(self, object_type: ObjectType) -> Reply:
        """GET the properties of an object type."""
        return await self._exchange("GET", object_paths.properties(self._version, object_type))

    async def list_records(self, object_type: ObjectType, after: str) -> Reply:
        """GET the page of 100 records at the cursor `after` ("" for the first page)."""
        path, query = object_paths.records(self._version, object_type, after)
        return await self._exchange("GET", path, query=query)

    async def record_limits(self, from_type: ObjectType, to_type: ObjectType) -> Reply:
        """GET the maximum number of links from a record of one type to another, and the records that are near it."""
        return await self._exchange("GET", paths.record_limits(self._version, from_type, to_type))

    async def type_limits(self, from_type: ObjectType, to_type: ObjectType) -> Reply:
        """GET the limits that an admin has set for the association types from one object type to another."""
        return await self._exchange("GET", paths.type_limits(self._version, from_type, to_type))

    async def account(self) -> Reply:
        """GET the details of the account that the token belongs to."""
        return await self._exchange("GET", paths.account_details(self._version))

    def expect_account(self, portal_id: int | None) -> None:
        """Accept later tokens only if HubSpot returns this account for them."""
        self._guard.expect_account(portal_id)

    def _exchange(self, method: str, path: str, content: object = None, query: str = "") -> Awaitable[Reply]:
        """Make one request with the guard's token; the guard may check a new token with it instead."""
        request = partial(self._request, method, path, content, query)
        return self._guard.exchange(request, self._read_account)

    async def _read_account(self, token: SecretStr) -> Reply:
        return await self._request("GET", paths.account_details(self._version), None, "", token)

    async def _request(self, method: str, path: str, content: object, query: str, token: SecretStr) -> Reply:
        if self._session is None:
            raise RuntimeError("the client must be entered with `async with` before it is used")
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        url = self._base.with_path(self._prefix + path, encoded=True)
        url = url.with_query(query) if query else url
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as exchange:
                body = await _read_body(exchange)
                response = self._parse(exchange.status, exchange.headers, body or b"")
                return replace(response, is_too_large=True) if body is None else response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            return NoResponse(sanitize(_reason(error)), reached=False)
        except (_ConnectionLostError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return NoResponse(sanitize(_reason(error)), reached=not isinstance(error, aiohttp.InvalidURL))

    def _parse(self, status: int, headers: Mapping[str, str], body: bytes) -> Response:
        wait = headers.get("Retry-After")
        seconds = parse_retry_after(wait, server_time(headers.get("Date"), datetime.now(UTC))) if wait else None
        response = parse_response(status, body, _rate_headers(headers), seconds)
        return replace(response, token_origin=self._guard.origin) if status == 401 else response


def _labelled_inputs(types_of_pairs: Sequence[tuple[Pair, Sequence[AssociationType]]]) -> dict[str, object]:
    inputs = [
        {"from": {"id": pair.from_id}, "to": {"id": pair.to_id}, "types": labelled_body(types)}
        for pair, types in types_of_pairs
    ]
    return {"inputs": inputs}


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the whole body, or None if it is larger than `MAX_BODY_BYTES`."""
    parts: list[bytes] = []
    size = 0
    while part := await response.content.readany():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            response.close()
            return None
    return b"".join(parts)


def _rate_headers(headers: Mapping[str, str]) -> RateHeaders:
    interval = _number(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds"))
    return RateHeaders(
        limit=_number(headers.get("X-HubSpot-RateLimit-Max")),
        interval=interval / 1000 if interval else None,
        daily_remaining=_number(headers.get("X-HubSpot-RateLimit-Daily-Remaining")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the request timed out"
    if isinstance(error, aiohttp.ClientHttpProxyError):  # its text contains the proxy's password
        return f"the proxy returned {error.status} {responses.get(error.status, '')}".rstrip()
    return str(error) or type(error).__name__
