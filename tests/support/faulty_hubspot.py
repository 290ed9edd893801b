"""A client that sees what a fault does to a response or to its connection."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from importer.sandbox import DEFAULT_TOKEN, Sandbox, SandboxOptions, parse_fault

PUT = "/crm/v4/objects/contacts/1/associations/default/companies/2"
BATCH = "/crm/v4/associations/contacts/companies/batch/associate/default"
READ = "/crm/v4/associations/contacts/companies/batch/read"
PAIR = ("contacts", 1, "companies", 2)


class LostConnectionError(Exception):
    """The connection was lost before a response; the text is the kind of error."""


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send once: aiohttp itself repeats a PUT after a lost connection, but not after an error that is not its own."""
    try:
        return await handler(request)
    except aiohttp.ServerDisconnectedError:
        raise LostConnectionError("closed") from None
    except aiohttp.ClientOSError:
        raise LostConnectionError("reset") from None


@asynccontextmanager
async def client_of_faults() -> AsyncIterator[aiohttp.ClientSession]:
    """A session that never repeats a request."""
    timeout = aiohttp.ClientTimeout(total=5)
    headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, middlewares=[send_once]) as session:
        yield session


def with_faults(*texts: str, **options: Any) -> Sandbox:
    """Return a sandbox with these faults."""
    return Sandbox(SandboxOptions(faults=tuple(parse_fault(text) for text in texts), **options))


async def see(http: aiohttp.ClientSession, url: str, wait: float = 5) -> int | str:
    """PUT; return the status or, if there is none, the kind of connection error."""
    try:
        async with http.put(url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=wait)) as response:
            await response.read()
            return response.status
    except TimeoutError:
        return "nothing"
    except aiohttp.ClientPayloadError:
        return "cut"
    except LostConnectionError as lost:
        return str(lost)


async def body_of(http: aiohttp.ClientSession, fault: str) -> Any:
    """PUT with this fault; return the parsed body."""
    async with with_faults(f"{fault}=always") as sandbox, http.put(sandbox.url + PUT) as response:
        return json.loads(await response.read())


async def batch(http: aiohttp.ClientSession, sandbox: Sandbox, *pairs: tuple[int, int]) -> tuple[int, Any, set[str]]:
    """Send a batch; return the status, the body and the from-ids that its results name."""
    entries = [{"from": {"id": str(one)}, "to": {"id": str(other)}} for one, other in pairs]
    async with http.post(sandbox.url + BATCH, json={"inputs": entries}) as response:
        body = await response.json()
    return response.status, body, {result["from"]["id"] for result in body.get("results", ())}
