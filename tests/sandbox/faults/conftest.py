"""A client for the tests of faults."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.faulty_hubspot import client_of_faults


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A session that never repeats a request."""
    async with client_of_faults() as session:
        yield session
