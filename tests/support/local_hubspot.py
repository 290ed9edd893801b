"""A sandbox with a plain HTTP client beside it, for tests of the sandbox itself."""

import io
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from importer.sandbox import Sandbox, SandboxOptions, State, parse_fault


@dataclass(slots=True)
class ManualClock:
    """A clock that tests move."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as a test sees it; `body` is parsed JSON, or None where there is no JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LocalHubSpot:
    """A running sandbox and a client session that holds its token."""

    sandbox: Sandbox
    session: aiohttp.ClientSession

    @property
    def state(self) -> State:
        """The live state of the sandbox."""
        return self.sandbox.state

    async def exchange(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request; a `body` of bytes is sent as it is, anything else but None as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        stream = io.BytesIO(data) if data is not None else None
        async with self.session.request(method, self.sandbox.url + path, data=stream, headers=headers) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            return Reply(response.status, json.loads(raw) if is_json else None, dict(response.headers))

    async def get(self, path: str) -> tuple[int, Any]:
        """GET; return the status and the body."""
        reply = await self.exchange("GET", path)
        return reply.status, reply.body

    async def put(self, path: str, body: object = None) -> tuple[int, Any]:
        """PUT; return the status and the body."""
        reply = await self.exchange("PUT", path, body)
        return reply.status, reply.body

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        """POST; return the status and the body."""
        reply = await self.exchange("POST", path, body)
        return reply.status, reply.body

    async def delete(self, path: str) -> tuple[int, Any]:
        """DELETE; return the status and the body."""
        reply = await self.exchange("DELETE", path)
        return reply.status, reply.body


@asynccontextmanager
async def local_hubspot(
    *faults: str, clock: Callable[[], float] = time.monotonic, **options: Any
) -> AsyncIterator[LocalHubSpot]:
    """Run a sandbox with these faults and options, and a client beside it."""
    chosen = SandboxOptions(faults=tuple(parse_fault(text) for text in faults), **options)
    headers = {"Authorization": f"Bearer {chosen.token}"}
    async with Sandbox(chosen, clock=clock) as sandbox, aiohttp.ClientSession(headers=headers) as session:
        yield LocalHubSpot(sandbox, session)


def sorted_links(url: str) -> bytes:
    """All links of the sandbox at this URL with their types: equal links give equal bytes."""
    with urllib.request.urlopen(f"{url}/sandbox/links", timeout=60) as response:
        found: bytes = response.read()
    return found


def default_path(from_id: object, to_id: object, from_type: str = "contacts", to_type: str = "companies") -> str:
    """The v4 path of the default PUT."""
    return f"/crm/v4/objects/{from_type}/{from_id}/associations/default/{to_type}/{to_id}"


def batch_path(action: str, from_type: str = "contacts", to_type: str = "companies", version: str = "v4") -> str:
    """The path of a batch call between two types, such as `read` or `labels/archive`."""
    area = "/crm/v4/associations" if version == "v4" else f"/crm/associations/{version}"
    return f"{area}/{from_type}/{to_type}/batch/{action}"


def pair_inputs(*pairs: tuple[object, object]) -> dict[str, Any]:
    """The body of a batch about these pairs of ids."""
    return {"inputs": [{"from": {"id": str(one)}, "to": {"id": str(other)}} for one, other in pairs]}


def id_inputs(*ids: object) -> dict[str, Any]:
    """The body of a batch about these records."""
    return {"inputs": [{"id": str(one)} for one in ids]}
