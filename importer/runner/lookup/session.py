"""A session of lookups: the connection, and for each property how its values are found."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from types import TracebackType
from typing import Self

from importer.errors import HubSpotError, ImporterError, SettingsError
from importer.hubspot.client import HubSpotClient
from importer.hubspot.lookup import Found, Key, Result, Unread, unique_properties
from importer.hubspot.lookup_requests import Lookup, SearchLookup, UniqueLookup
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Reply, Response
from importer.hubspot.shared_rate_state import SharedRateState, hold_rate
from importer.model import ObjectType
from importer.runner.context import RunContext
from importer.runner.estimate import initial_rate
from importer.runner.lookup.record_reads import RecordReads
from importer.runner.send import in_sandbox, report_full_window, waiting_notice

_MAX_SIMILAR = 5


class LookupSession:
    """Looks up values, on an event loop that runs only during a call; a context manager.

    It holds the rate of the token while it is open, and opens at the first lookup.
    """

    def __init__(self, context: RunContext, portal_id: int | None = None) -> None:
        """Look up records in the account of `context`; its token may be replaced by others of account `portal_id`."""
        self._context = context
        self._portal_id = portal_id
        self._stack = contextlib.ExitStack()
        self._connections = contextlib.AsyncExitStack()
        self._runner: asyncio.Runner | None = None
        self._reads: RecordReads | None = None
        self._lookups: dict[Key, Lookup] = {}
        self._properties: dict[ObjectType, Mapping[str, bool]] = {}

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, and add the requests to those of the command."""
        if self._reads is not None:
            made, total = self._reads.requests, self._context.requests
            total.reads += made.reads
            total.retries += made.retries
            total.rate_limited += made.rate_limited
        self._stack.close()

    def find(self, key: Key, values: Sequence[str], *, in_full_calls: bool = False) -> dict[str, Result]:
        """Return the result for each of the distinct `values`, or for the first ones that fill whole calls.

        Raises HubSpotError if some results could not be determined, and SettingsError if there is no such property.
        """
        runner = self._runner or self._open()
        results = runner.run(self._find(key, values, in_full_calls=in_full_calls))
        self._require_complete(key, results)
        return results

    # ---- the connection

    def _open(self) -> asyncio.Runner:
        context, rate_state = self._context, None
        if not context.settings.sandbox:
            held = hold_rate(context.settings.base_url, context.token, waiting_notice(context))
            rate_state = self._stack.enter_context(held)
        runner = self._stack.enter_context(asyncio.Runner(loop_factory=asyncio.new_event_loop))
        self._stack.callback(lambda: runner.run(self._connections.aclose()))
        runner.run(self._connect(rate_state))
        self._runner = runner
        return runner

    async def _connect(self, rate_state: SharedRateState | None) -> None:
        context, enter = self._context, self._connections.enter_async_context
        if rate_state is None:
            context = await enter(in_sandbox(context))
        settings = context.settings
        limiter = RateLimiter(initial_rate(settings), follow=settings.rate == "auto")
        client = await enter(HubSpotClient(settings.base_url, context.token, settings))
        client.expect_account(self._portal_id)
        if rate_state is not None:
            await enter(rate_state.keep(limiter, partial(report_full_window, context)))
        self._reads = RecordReads(client, limiter, settings)

    @property
    def _open_reads(self) -> RecordReads:
        if self._reads is None:
            raise RuntimeError("the session is not open")
        return self._reads

    # ---- lookups

    async def _find(self, key: Key, values: Sequence[str], *, in_full_calls: bool) -> dict[str, Result]:
        if key not in self._lookups:
            self._lookups[key] = await self._create(key)
        lookup = self._lookups[key]
        return await lookup.find(values[: lookup.full_calls(values)] if in_full_calls else values)

    async def _create(self, key: Key) -> Lookup:
        """Return the cheapest way to look up values: a batch read if no two records can have the same one."""
        reads = self._open_reads
        read = partial(reads.read, key.object_type)
        if key.is_email:  # its definition does not mark it as unique
            return UniqueLookup(key, read, partial(read, archived=True))
        properties = await self._read_properties(key.object_type)
        if key.name not in properties:
            raise _unknown_property(key, properties)
        if properties[key.name]:
            return UniqueLookup(key, read, partial(read, archived=True))
        return SearchLookup(key, partial(reads.search, key.object_type))

    async def _read_properties(self, object_type: ObjectType) -> Mapping[str, bool]:
        if object_type not in self._properties:
            reply = await self._open_reads.properties(object_type)
            found = unique_properties(reply) if isinstance(reply, Response) else None
            if found is None:
                raise self._failure(object_type, f"The properties of {object_type} could not be read.", _text(reply))
            self._properties[object_type] = found
        return self._properties[object_type]

    # ---- errors

    def _require_complete(self, key: Key, results: Mapping[str, Result]) -> None:
        """Raise HubSpotError if the lookup of some values failed: their records may exist."""
        unread = [result for result in results.values() if isinstance(result, Unread) and not result.is_refused]
        if unread:
            found = sum(isinstance(result, Found) for result in results.values())
            message = (
                f"{len(unread):,} of {len(results):,} values of the property '{key.name}' of {key.object_type} could "
                f"not be looked up ({found:,} were found)."
            )
            raise self._failure(key.object_type, message, unread[0].reason)

    def _failure(self, object_type: ObjectType, message: str, reason: str) -> ImporterError:
        denial, stopped = self._open_reads.denial, self._open_reads.stopped
        if isinstance(denial, NoResponse):
            return HubSpotError("TOKEN_REFUSED", f"{denial.reason} Records cannot be looked up. Nothing was sent.")
        if denial is not None and denial.http_status == 401:
            return HubSpotError(
                "TOKEN_REFUSED",
                f"HubSpot returned 401: the token in {denial.token_origin} is not accepted, so records cannot be "
                "looked up. Set a valid token there. Nothing was sent.",
            )
        if denial is not None:
            is_custom = object_type[0].isdigit() or "_" in object_type
            return HubSpotError(
                "SCOPE_MISSING",
                f"HubSpot returned 403: the token may not read {object_type}, so they cannot be looked up. Give its "
                f"app or service key the scope crm.objects.{'custom' if is_custom else object_type}.read. Nothing was "
                "sent.",
            )
        cause = stopped.message if stopped is not None else reason
        return HubSpotError("LOOKUP_INCOMPLETE", f"{message} {cause} Nothing was sent. Run the command again later.")


def _unknown_property(key: Key, properties: Mapping[str, bool]) -> SettingsError:
    similar = get_close_matches(key.name, properties, _MAX_SIMILAR) or sorted(properties)[:_MAX_SIMILAR]
    return SettingsError(
        "UNKNOWN_PROPERTY",
        f"In this HubSpot account {key.object_type} have no property '{key.name}' to look them up by. Give the "
        f"internal name of a property with --from-by or --to-by, such as {', '.join(similar)}.",
    )


def _text(reply: Reply) -> str:
    if isinstance(reply, NoResponse):
        return f"HubSpot did not respond: {reply.reason}."
    return f"HubSpot responded with {reply.http_status}: {reply.error.message or 'an unreadable body'}"
