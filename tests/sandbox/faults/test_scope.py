"""Faults among unfaulted calls and pairs, and while the sandbox runs."""

import asyncio

import aiohttp
import pytest

from importer.sandbox import FAULTS, PairFault, Sandbox, SandboxOptions
from tests.support.faulty_hubspot import PAIR, PUT, batch, see, with_faults

pytestmark = pytest.mark.simulated_time  # the client's timeout is short


async def test_pending_ends_after_its_number_of_times(http: aiohttp.ClientSession) -> None:
    async with with_faults("pending=contacts:1>companies:2*2") as sandbox:
        statuses = []
        for _ in range(3):
            async with http.put(sandbox.url + PUT) as response:
                statuses.append((await response.json())["status"])
                linked = PAIR in sandbox.state.associations
        assert statuses == ["PENDING", "PENDING", "COMPLETE"]
        assert linked


async def test_an_unfaulted_refusal_does_not_become_a_success(http: aiohttp.ClientSession) -> None:
    for fault in ("status_201", "unnamed_results", "empty_body", "silent_errors", "errors_as_200"):
        async with with_faults(f"{fault}=always") as sandbox:
            assert await see(http, sandbox.url + PUT.replace("/2", "/1000000")) == 404


async def test_a_pair_fault_affects_only_its_pair_of_a_batch(http: aiohttp.ClientSession) -> None:
    faults = ("empty_results=contacts:1>companies:1", "association_limit=contacts:2>companies:2")
    async with with_faults(*faults) as sandbox:
        status, body, named = await batch(http, sandbox, (1, 1), (2, 2), (3, 3))
        assert (status, body["numErrors"], len(body["errors"])) == (207, 1, 1)
        assert "limit of 1" in body["errors"][0]["message"]
        assert {"3"} == named & {"1", "2", "3"}
        assert sandbox.state.associations == {("contacts", 3, "companies", 3)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if isinstance(fault, PairFault)])
async def test_no_batch_names_a_pair_that_it_did_not_link(http: aiohttp.ClientSession, name: str) -> None:
    async with with_faults(f"{name}=pairs:0.5") as sandbox:
        pairs = [(number, number) for number in range(1, 101)]
        _, body, _ = await batch(http, sandbox, *pairs)
        ends = {(int(result["from"]["id"]), int(result["to"]["id"])) for result in body["results"]}
        linked = {(pair.from_id, pair.to_id) for pair in sandbox.state.associations}
        assert ends & set(pairs) == linked
        assert 20 < len(linked) < 80


async def test_a_call_fault_of_one_pair_fails_every_batch_that_holds_it(http: aiohttp.ClientSession) -> None:
    async with with_faults("http_500=contacts:2>companies:2") as sandbox:
        assert (await batch(http, sandbox, (1, 1), (2, 2)))[0] == 500
        assert sandbox.state.associations == set()
        assert (await batch(http, sandbox, (1, 1), (3, 3)))[0] == 200


async def test_a_batch_may_name_only_its_first_error(http: aiohttp.ClientSession) -> None:
    async with with_faults("first_error_only=always") as sandbox:
        status, body, _ = await batch(http, sandbox, (1, 1_000_000), (2, 1_000_000), (3, 3))
        assert (status, body["numErrors"], len(body["errors"])) == (207, 1, 1)
        assert sandbox.state.associations == {("contacts", 3, "companies", 3)}


async def test_a_batch_may_hide_its_errors(http: aiohttp.ClientSession) -> None:
    async with with_faults("silent_errors=always") as sandbox:
        status, body, _ = await batch(http, sandbox, (1, 1_000_000), (3, 3))
        assert (status, "errors" in body, "numErrors" in body) == (200, False, False)
    async with with_faults("errors_as_200=always") as sandbox:
        status, body, _ = await batch(http, sandbox, (1, 1_000_000), (3, 3))
        assert (status, body["numErrors"]) == (200, 1)


async def test_scopes_can_be_missing_for_one_pair_of_types(http: aiohttp.ClientSession) -> None:
    async with with_faults("scopes_missing=contacts>companies") as sandbox:
        assert await see(http, sandbox.url + PUT) == 403
        assert await see(http, sandbox.url + PUT.replace("companies", "deals")) == 200


async def test_a_token_may_expire_at_a_certain_call(http: aiohttp.ClientSession) -> None:
    async with with_faults("token_expired=after:2") as sandbox:
        assert [await see(http, sandbox.url + PUT) for _ in range(4)] == [200, 200, 401, 401]


async def test_faults_can_be_changed_while_the_sandbox_runs(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.use_faults("http_503=always")
    assert await see(http, sandbox.url + PUT) == 503
    async with http.post(sandbox.url + "/sandbox/faults", json={"faults": []}) as response:
        assert response.status == 200
    assert await see(http, sandbox.url + PUT) == 200
    with pytest.raises(ValueError, match="not a fault"):
        sandbox.use_faults("rest=always")


async def test_a_call_is_carried_out_even_if_the_client_has_disconnected(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(latency=0.3)) as sandbox:
        assert await see(http, sandbox.url + PUT, wait=0.05) == "nothing"
        async with asyncio.timeout(5):
            while PAIR not in sandbox.state.associations:  # noqa: ASYNC110 - the state has no event to await
                await asyncio.sleep(0.01)


async def test_a_sandbox_closes_at_once_although_clients_are_waiting(http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(3):
        async with with_faults("hang=always") as sandbox:
            waiting = asyncio.create_task(see(http, sandbox.url + PUT))
            while not sandbox.state.faults:  # noqa: ASYNC110 - the state has no event to await
                await asyncio.sleep(0.01)
        assert await waiting in {"closed", "reset"}
