"""The sandbox's HTTP server: its lifetime, and the delivery of responses."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Self

from aiohttp import web

from importer.sandbox.control import Control
from importer.sandbox.faults.injector import parse_fault
from importer.sandbox.options import SandboxOptions
from importer.sandbox.responses import Delivery, Response
from importer.sandbox.samples import add_sample_links, add_sample_records
from importer.sandbox.service import Service
from importer.sandbox.state import State

_POLL_SECONDS = 0.05
"""Seconds between checks whether a client that gets no response has disconnected."""


class Sandbox:
    """A local HubSpot on a loopback port, served by the event loop that enters it.

    It keeps its state when it is entered again. `url` is its base URL, `state` its live state. Raises OSError if the
    port is in use.

        async with Sandbox(SandboxOptions(limit=190)) as sandbox:
            ...  # PUT to sandbox.url, then look at sandbox.state

    `clock` returns the monotonic seconds for rate windows and faults.
    """

    def __init__(
        self,
        options: SandboxOptions | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options or SandboxOptions()
        self.state = State(self.options.window, self.options.records)
        if self.options.sample_records:
            add_sample_records(self.state)
        if self.options.sample_links:
            add_sample_links(self.state)
        self.url = ""
        self._host, self._port = host, port
        self._server = _Server(self.options, self.state, Service(self.options, self.state, clock))
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        self._server.closing = False
        # No router, no access log: a sandbox must handle thousands of calls a second.
        server = web.Server(self._server.handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=1024).start()
        except OSError:
            await self._runner.cleanup()
            raise
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.closing = True
        if self._runner:
            await self._runner.cleanup()

    def use_faults(self, *texts: str) -> None:
        """Replace the faults in use with these `NAME=SPEC`. Raise ValueError if one is invalid."""
        self._server.service.use_faults(tuple(parse_fault(text) for text in texts))


class _Server:
    """Delivers the responses of a service and of the sandbox's own pages."""

    def __init__(self, options: SandboxOptions, state: State, service: Service) -> None:
        self.closing = False
        self.service = service
        self._options = options
        self._state = state
        self._control = Control(options, state, service)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle one request of any kind."""
        if request.raw_path.startswith("/sandbox/"):
            return await self._control.handle(request)
        options = self._options
        if options.latency or options.jitter:
            await asyncio.sleep(options.latency / 2 + self.service.jitter.uniform(0, options.jitter))
        response = await self.service.respond(request)
        if options.latency:
            await asyncio.sleep(options.latency / 2)
        return await self._send(request, response)

    async def _send(self, request: web.BaseRequest, response: Response) -> web.StreamResponse:
        if response.delay:
            await asyncio.sleep(response.delay)
        body = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        if response.delivery is Delivery.WHOLE:
            self._state.responses[str(response.status)] += 1
            rate_headers = self.service.rate_headers() if response.has_rate_headers else {}
            content_type = {"Content-Type": response.content_type} if response.has_body else {}
            headers = {**content_type, **rate_headers, **response.headers}
            return web.Response(status=response.status, body=body, headers=headers)
        self._state.responses[str(response.status) if response.delivery is Delivery.BARE else "dropped"] += 1
        await self._drop(request, response, body)
        return web.Response()

    async def _drop(self, request: web.BaseRequest, response: Response, body: bytes) -> None:
        """Write what aiohttp would not let us write, and close the connection."""
        transport = request.transport
        if transport is None:
            return
        if response.delivery is Delivery.NEVER:
            while not (transport.is_closing() or self.closing):  # noqa: ASYNC110 - a transport has no event to await
                await asyncio.sleep(_POLL_SECONDS)
        elif response.delivery is Delivery.RESET:
            linger_none = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)
            transport.abort()
        else:
            transport.write(_raw(response, body))
        transport.close()


def _raw(response: Response, body: bytes) -> bytes:
    head = f"HTTP/1.1 {response.status} Odd\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    match response.delivery:
        case Delivery.BARE:
            return head.encode() + b"\r\n" + body
        case Delivery.HALF:
            return f"{head}Content-Type: {response.content_type}\r\n\r\n".encode() + body[: len(body) // 2]
    return b""


async def serve(options: SandboxOptions, port: int, announce: Callable[[str], None]) -> None:
    """Serve a sandbox until cancelled; `announce` is called once with a short text on how to use it.

    Raises OSError if the port is in use.
    """
    async with Sandbox(options, port=port) as sandbox:
        announce(_how_to_use(sandbox))
        await asyncio.Event().wait()


def _how_to_use(sandbox: Sandbox) -> str:
    options, records = sandbox.options, sandbox.state.records
    faults = "".join(f"Fault: {fault.text}\n" for fault in options.faults)
    return (
        f"Sandbox HubSpot at {sandbox.url} (nothing leaves this machine; Ctrl-C stops it and discards its state)\n"
        f"Records: {records.first} to {records.last} of every standard object type, and of p1_pets and p1_homes\n"
        f"Limit: {options.limit} calls in {options.window:g} s\n"
        f"{faults}"
        f"State: {sandbox.url}/sandbox/state\n"
        "In another terminal:\n"
        f"  export HUBSPOT_ACCESS_TOKEN={options.token}\n"
        f"  importer run sample_data/contacts_to_companies.csv --base-url {sandbox.url}"
    )
