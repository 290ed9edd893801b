"""A connection for the reads that prepare a run, before its pool has one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.shared_rate_state import hold_rate
from importer.runner.context import RunContext
from importer.runner.estimate import initial_rate
from importer.runner.send import in_sandbox, report_full_window, waiting_notice


@asynccontextmanager
async def connection(context: RunContext) -> AsyncIterator[tuple[HubSpotClient, RateLimiter]]:
    """Yield a client and the limiter of its calls, while holding the rate of the token."""
    limiter = RateLimiter(initial_rate(context.settings))
    async with AsyncExitStack() as stack:
        if context.settings.sandbox:
            context = await stack.enter_async_context(in_sandbox(context))
        else:
            held = hold_rate(context.settings.base_url, context.token, waiting_notice(context))
            full_window = partial(report_full_window, context)
            await stack.enter_async_context(stack.enter_context(held).keep(limiter, full_window))
        settings = context.settings
        client = await stack.enter_async_context(HubSpotClient(settings.base_url, context.token, settings))
        yield client, limiter
