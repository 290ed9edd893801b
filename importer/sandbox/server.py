"""The sandbox's HTTP server: its lifetime, and from a request to its response."""

import asyncio
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

from aiohttp import web

from importer.sandbox import responses, routes
from importer.sandbox.account import Account
from importer.sandbox.calls import CallKind
from importer.sandbox.control import Control
from importer.sandbox.faults.conditions import Call
from importer.sandbox.faults.injector import Fault, FaultInjector, parse_fault
from importer.sandbox.options import SandboxOptions
from importer.sandbox.responses import Delivery, PairResult, Refusal, Response
from importer.sandbox.state import FIRST_RECORD, LAST_RECORD, Pair, State

_POLL_SECONDS = 0.05
"""Seconds between two checks whether a client that gets no response has disconnected."""


class Sandbox:
    """A local HubSpot on a loopback port, served by the event loop that enters it.

    `url` is its base URL, `state` its live state. Raises OSError if the port is in use.

        async with Sandbox(SandboxOptions(limit=190)) as sandbox:
            ...  # PUT to sandbox.url, then look at sandbox.state

    `clock` gives the monotonic seconds of rate windows and faults.
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
        self.state = State(self.options.window)
        self.url = ""
        self._host, self._port = host, port
        self._service = _Service(self.options, self.state, clock)
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        # No router, no access log: a sandbox must handle thousands of calls a second.
        server = web.Server(self._service.handle, access_log=None)
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
        self._service.closing = True
        if self._runner:
            await self._runner.cleanup()

    def use_faults(self, *texts: str) -> None:
        """Replace the faults in use by those of these `NAME=SPEC`. Raise ValueError if one is invalid."""
        self._service.use_faults(tuple(parse_fault(text) for text in texts))


class _Service:
    """Handles requests."""

    def __init__(self, options: SandboxOptions, state: State, clock: Callable[[], float]) -> None:
        self.closing = False
        self._clock = clock
        self._options = options
        self._state = state
        self._account = Account(options, state)
        self.use_faults(options.faults)
        self._control = Control(options, state, self.use_faults)
        self._started = clock()
        self._jitter = random.Random(options.seed)  # noqa: S311 - for rehearsal, not for secrets
        self._authorization = f"Bearer {options.token}"

    def use_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replace the faults in use."""
        self._injector = FaultInjector(faults, self._options.seed, self._state) if faults else None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle one request of any kind."""
        if request.raw_path.startswith("/sandbox/"):
            return await self._control.handle(request)
        options = self._options
        if options.latency or options.jitter:
            await asyncio.sleep(options.latency / 2 + self._jitter.uniform(0, options.jitter))
        response = await self._api(request)
        if options.latency:
            await asyncio.sleep(options.latency / 2)
        return await self._send(request, response)

    # ---- the call

    async def _api(self, request: web.BaseRequest) -> Response:
        now = self._clock()
        route = routes.find(request.method, request.raw_path)
        refusal = self._refuse(request, route, now)
        if isinstance(route, Response):
            return refusal or route
        if isinstance(route, routes.BatchRoute):
            return refusal or await self._batch(request, route, now)
        if isinstance(route, routes.AccountRoute):
            call = self._call(CallKind.ACCOUNT, "account", "account", (), now)
            details = partial(responses.account_details, self._options.portal_id)
            return refusal or self._with_faults(call, details)
        return self._put(route.pair, refusal, now)

    def _refuse(self, request: web.BaseRequest, route: routes.Route, now: float) -> Response | None:
        """Count the arrival, and return the response if the token or a limit refuses it."""
        state, options = self._state, self._options
        state.calls[_kind(route)] += 1
        over = not isinstance(route, routes.BatchRoute) and state.window.arrive(now) > options.limit
        if request.headers.get("Authorization") != self._authorization:
            return responses.token_refused()
        if over:
            return responses.over_limit("TEN_SECONDLY_ROLLING")
        if options.daily_limit is not None and state.daily_used >= options.daily_limit:
            return responses.over_limit("DAILY")
        state.daily_used += 1
        return None

    def _put(self, pair: Pair | Refusal, refusal: Response | None, now: float) -> Response:
        if isinstance(pair, Refusal):
            return refusal or pair.response()
        self._state.ask((pair,))
        if refusal:
            return refusal
        if self._injector is None:
            return responses.put_response(self._account.link(pair))
        call = self._call(CallKind.PUT, pair.from_type, pair.to_type, (pair,), now)
        return self._with_faults(call, lambda: responses.put_response(self._link(call, pair)))

    async def _batch(self, request: web.BaseRequest, route: routes.BatchRoute, now: float) -> Response:
        body = await request.read()
        entries = routes.inputs(body, self._options.read_inputs if route.read else self._options.batch_inputs)
        if isinstance(entries, Response):
            return entries
        types = (route.from_type, route.to_type)
        if route.read:
            call = self._call(CallKind.READ, *types, [_record_of(*types, entry) for entry in entries], now)
            return self._with_faults(call, lambda: self._account.read(*types, entries))
        inputs = [routes.input_pair(*types, entry) for entry in entries]
        pairs = [one for one in inputs if isinstance(one, Pair)]
        self._state.ask(pairs)
        call = self._call(CallKind.BATCH, *types, pairs, now)
        return self._with_faults(call, lambda: responses.batch_response(self._link(call, one) for one in inputs))

    def _link(self, call: Call, one: Pair | Refusal) -> PairResult:
        if isinstance(one, Refusal):
            return PairResult(refusal=one)
        fault = self._injector.on_pair(call, one) if self._injector else None
        return fault.result(one) if fault else self._account.link(one)

    def _with_faults(self, call: Call, work: Callable[[], Response]) -> Response:
        fault = self._injector.on_call(call) if self._injector else None
        if fault is None:
            return work()
        return fault.transform(call, work() if fault.links else Response())

    def _call(self, kind: CallKind, from_type: str, to_type: str, pairs: Sequence[Pair], now: float) -> Call:
        return Call(kind, from_type, to_type, pairs, self._state.numbered_calls, now - self._started)

    # ---- the response

    async def _send(self, request: web.BaseRequest, response: Response) -> web.StreamResponse:
        if response.delay:
            await asyncio.sleep(response.delay)
        body = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        if response.delivery is Delivery.WHOLE:
            self._state.responses[str(response.status)] += 1
            headers = {"Content-Type": response.content_type, **self._limit_headers(), **response.headers}
            return web.Response(status=response.status, body=body, headers=headers)
        self._state.responses[str(response.status) if response.delivery is Delivery.BARE else "dropped"] += 1
        await self._drop(request, response, body)
        return web.Response()

    def _limit_headers(self) -> dict[str, str]:
        options, state = self._options, self._state
        headers = {
            "X-HubSpot-RateLimit-Max": str(options.limit),
            "X-HubSpot-RateLimit-Remaining": str(max(0, options.limit - state.window.count(self._clock()))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(round(options.window * 1000)),
        }
        if options.daily_limit is not None:
            headers["X-HubSpot-RateLimit-Daily"] = str(options.daily_limit)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(options.daily_limit - state.daily_used)
        return headers

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


def _record_of(from_type: str, to_type: str, entry: responses.Json) -> Pair:
    """Return the record of a read's input as a pair with record 0, so that faults may strike single records."""
    text = routes.input_id(entry)
    return Pair(from_type, int(text) if routes.is_id(text) else 0, to_type, 0)


def _kind(route: routes.Route) -> CallKind:
    if isinstance(route, routes.PutRoute):
        return CallKind.PUT
    if isinstance(route, routes.BatchRoute):
        return CallKind.READ if route.read else CallKind.BATCH
    if isinstance(route, routes.AccountRoute):
        return CallKind.ACCOUNT
    return CallKind.OTHER


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
    options = sandbox.options
    faults = "".join(f"Fault: {fault.text}\n" for fault in options.faults)
    return (
        f"Sandbox HubSpot at {sandbox.url} (nothing leaves this machine; Ctrl-C stops it and discards its state)\n"
        f"Records: {FIRST_RECORD} to {LAST_RECORD} of every standard object type, and of p1_pets and p1_homes\n"
        f"Limit: {options.limit} calls in {options.window:g} s\n"
        f"{faults}"
        f"State: {sandbox.url}/sandbox/state\n"
        "In another terminal:\n"
        f"  export HUBSPOT_ACCESS_TOKEN={options.token}\n"
        f"  importer run sample_data/contacts_to_companies.csv --base-url {sandbox.url}"
    )
