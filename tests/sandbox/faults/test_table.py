"""Every fault of the table, over a socket: the response, and whether the link was created."""

import aiohttp
import pytest

from importer.sandbox import FAULTS
from tests.support.faulty_hubspot import BATCH, PAIR, PUT, READ, LostConnectionError, see, with_faults

EXPECTED: dict[str, int | str] = {
    "reset": "reset",
    "lost_answer": "closed",
    "cut_answer": "cut",
    "hang": "nothing",
    "lost_hang": "nothing",
    "redirect": 302,
    "status_201": 201,
    "status_202": 202,
    "status_207": 207,
    "token_invalid": 401,
    "token_expired": 401,
    "scopes_missing": 403,
    "scopes_missing_text": 403,
    "too_fast": 429,
    "too_fast_retry_after": 429,
    "too_fast_second": 429,
    "daily_limit": 429,
    "migrating": 477,
    "locked": 423,
    "retry_after": 503,
    "retry_after_date": 503,
    "retry_after_nonsense": 503,
    "lost_504": 504,
    **{name: int(name[5:]) for name in FAULTS if name.startswith(("http_", "html_"))},
    **dict.fromkeys(("account_inactive", "user_lost_permissions", "record_403"), 403),
    "unknown_record": 404,
    "invalid_record_ids": 400,
    **dict.fromkeys(("association_limit", "association_limit_unnamed", "validation_rule"), 400),
    **dict.fromkeys(("context_map", "context_list", "context_text", "subcategory_text", "odd_fields"), 400),
    **dict.fromkeys(("big_message", "nasty_message"), 400),
}
"""The status or connection error a client sees of a fault, unless it is 200."""


@pytest.mark.simulated_time
@pytest.mark.parametrize("name", [name for name in FAULTS if name != "slow"])
async def test_a_fault_has_its_status_and_links_as_the_table_says(http: aiohttp.ClientSession, name: str) -> None:
    expected = EXPECTED.get(name, 200)
    async with with_faults(f"{name}=always") as sandbox:
        assert await see(http, sandbox.url + PUT, wait=0.3 if expected == "nothing" else 5) == expected
        assert (PAIR in sandbox.state.associations) is FAULTS[name].links
        assert sandbox.state.faults == {name: 1}
        assert sandbox.state.calls.total() == 1


def test_every_expectation_is_about_a_fault_that_exists() -> None:
    assert set(EXPECTED) <= set(FAULTS)


@pytest.mark.simulated_time
async def test_a_slow_response_comes_after_the_link_is_created(http: aiohttp.ClientSession) -> None:
    async with with_faults("slow=always") as sandbox:
        assert await see(http, sandbox.url + PUT, wait=0.3) == "nothing"
        assert PAIR in sandbox.state.associations
        assert await see(http, sandbox.url + PUT) == 200


@pytest.mark.simulated_time
@pytest.mark.parametrize("name", FAULTS)
async def test_batches_and_reads_work_again_when_a_fault_is_over(http: aiohttp.ClientSession, name: str) -> None:
    async with with_faults(f"{name}=calls:1-2") as sandbox:
        bodies = {BATCH: {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]}, READ: {"inputs": [{"id": "1"}]}}
        for where, body in bodies.items():
            try:
                timeout = aiohttp.ClientTimeout(total=0.2)
                async with http.post(
                    sandbox.url + where, json=body, allow_redirects=False, timeout=timeout
                ) as response:
                    await response.read()
            except (LostConnectionError, aiohttp.ClientError, TimeoutError):
                pass
        assert (PAIR in sandbox.state.associations) is FAULTS[name].links
        for where, body in bodies.items():
            async with http.post(sandbox.url + where, json=body) as response:
                assert (response.status, (await response.json())["status"]) == (200, "COMPLETE")
