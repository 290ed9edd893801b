"""A sandbox with default options for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support.local_hubspot import LocalHubSpot, local_hubspot


@pytest.fixture
async def hubspot() -> AsyncIterator[LocalHubSpot]:
    """A sandbox with the default options and a client beside it."""
    async with local_hubspot() as running:
        yield running
