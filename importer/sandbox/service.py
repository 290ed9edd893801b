"""The way from a request to its response: token, limits, faults and the operation."""

import random
import time
from collections.abc import Callable

from aiohttp import web

from importer.sandbox import refusals
from importer.sandbox.calls import ASSOCIATION_KINDS, EXEMPT_KINDS, CallKind
from importer.sandbox.faults.conditions import Call
from importer.sandbox.faults.injector import Fault, FaultInjector
from importer.sandbox.operations import operations
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import PairResult, Refusal, Response
from importer.sandbox.routes import Route, find
from importer.sandbox.state import State
from importer.sandbox.tokens import Tokens
from importer.sandbox.work import Work

_WITHOUT_BODY = frozenset({CallKind.PUT, CallKind.DELETE})


class Service:
    """Handles the calls of the API. `clock` returns monotonic seconds."""

    def __init__(self, options: SandboxOptions, state: State, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._state = state
        self._clock = clock
        self._operations = operations(options, state, clock)
        self._started = clock()
        self._injector: FaultInjector | None = None
        self.jitter = random.Random(options.seed)  # noqa: S311 - for rehearsal, not for secrets
        self.tokens = Tokens(
            options.token,
            client=(options.client_id, options.client_secret),
            refresh_token=options.refresh_token,
            seconds=options.access_token_seconds,
            rotates=options.rotate_refresh_tokens,
        )
        self.use_faults(options.faults)

    def use_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replace the faults in use."""
        self._injector = FaultInjector(faults, self._options.seed, self._state) if faults else None

    async def respond(self, request: web.BaseRequest) -> Response:
        """Carry out one call and return its response."""
        now = self._clock()
        route = find(request.method, request.raw_path)
        kind = route.kind if isinstance(route, Route) else CallKind.OTHER
        if isinstance(route, Route) and route.refusal is None:
            self._count_request(route)
        refused = self._refuse(kind, request.headers.get("Authorization"), now)
        if refused or isinstance(route, Response):
            return refused or route  # type: ignore[return-value] # not a Route here
        if route.refusal:
            return route.refusal.response()
        body = b"" if kind in _WITHOUT_BODY else await request.read()
        work = self._work(route, body, now)
        if isinstance(work, Refusal):
            return work.response()
        call = Call(kind, route.from_type, route.to_type, work.pairs, self._state.numbered_calls, now - self._started)
        return self._with_faults(call, work)

    def _count_request(self, route: Route) -> None:
        """Count the pair that the path names, even if the call is then refused."""
        if route.kind in {CallKind.PUT, CallKind.LABEL_PUT}:
            self._state.ask((route.pair,))
        elif route.kind is CallKind.DELETE:
            self._state.ask_removal((route.pair,))

    # ---- admission

    def _refuse(self, kind: CallKind, authorization: str | None, now: float) -> Response | None:
        """Count the arrival, and return the response if the token or a limit refuses it."""
        state, options = self._state, self._options
        state.calls[kind] += 1
        over = self._over_limit(kind, now)
        if kind is CallKind.OAUTH:
            return None
        if refused := self.tokens.refuse(authorization, now):
            return refused
        if over:
            return over
        if options.daily_limit is not None and state.daily_used >= options.daily_limit:
            return refusals.over_limit("DAILY")
        state.daily_used += 1
        return None

    def _over_limit(self, kind: CallKind, now: float) -> Response | None:
        state, options = self._state, self._options
        if kind is CallKind.SEARCH and state.searches.arrive(now) > options.search_limit:
            return refusals.over_search_limit()
        if kind in EXEMPT_KINDS:
            return None
        over = state.window.arrive(now) > options.limit
        if kind in ASSOCIATION_KINDS:
            count = state.association_window.arrive(now)
            over = over or (options.association_limit is not None and count > options.association_limit)
        return refusals.over_limit("TEN_SECONDLY_ROLLING") if over else None

    def rate_headers(self) -> dict[str, str]:
        """Return the rate limit headers."""
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

    # ---- the operation

    def _work(self, route: Route, body: bytes, now: float) -> Work | Refusal:
        if route.kind is CallKind.OAUTH:
            return Work(lambda _: self.tokens.grant(body, now))
        return self._operations[route.kind](route, body)

    def _with_faults(self, call: Call, work: Work) -> Response:
        if self._injector is None:
            return work.carry_out(_no_fault)
        injector = self._injector

        def intercept(pair: Pair) -> PairResult | None:
            fault = injector.on_pair(call, pair)
            return fault.result(pair) if fault else None

        fault = injector.on_call(call)
        if fault is None:
            return work.carry_out(intercept)
        return fault.transform(call, work.carry_out(intercept) if fault.links else Response())


def _no_fault(pair: Pair) -> PairResult | None:
    return None
