"""Single calls are repeated when that may help soon, and only then."""

import asyncio

import pytest

from importer.hubspot.response import NoResponse, RateHeaders, Reply, Response
from importer.runner.attempts import with_retries
from tests.support.pool import settings

pytestmark = pytest.mark.simulated_time

OK = Response(200, is_json=True)
LOST = NoResponse("reset", reached=True)


async def calls_made(*replies: Reply, max_attempts: int = 3) -> tuple[int, float]:
    """Return the number of calls that received these replies in turn, and the seconds they took."""
    sent: list[Reply] = []

    async def send() -> Reply:
        sent.append(replies[len(sent)])
        return sent[-1]

    loop = asyncio.get_running_loop()
    start = loop.time()
    last = await with_retries(send, settings(), max_attempts)
    assert last is sent[-1]
    return len(sent), loop.time() - start


@pytest.mark.parametrize("reply", [LOST, Response(500, is_json=False), Response(401, is_json=True, has_new_token=True)])
async def test_a_transient_failure_is_repeated_until_it_passes_or_the_attempts_are_used_up(reply: Reply) -> None:
    assert (await calls_made(reply, OK))[0] == 2
    assert (await calls_made(reply, reply, reply, OK))[0] == 3


@pytest.mark.parametrize(
    "reply",
    [
        OK,
        Response(401, is_json=True),
        Response(404, is_json=True),
        Response(429, is_json=True, policy_name="DAILY"),
        Response(503, is_json=True, retry_after=16.0),
        NoResponse("there is no token", reached=False, is_token_refused=True),
    ],
)
async def test_a_reply_that_will_not_change_soon_is_final(reply: Reply) -> None:
    assert await calls_made(reply, OK) == (1, 0)


async def test_after_a_429_the_window_is_waited_for() -> None:
    number, seconds = await calls_made(Response(429, is_json=True, rate=RateHeaders(interval=7.0)), OK)
    assert (number, round(seconds, 3)) == (2, 7.0)
