"""The lifetime of the server and its options."""

import asyncio
import sys
from typing import Any

import aiohttp
import pytest

from importer.sandbox import DEFAULT_TOKEN, Sandbox, SandboxOptions, serve
from tests.conftest import sandbox_process
from tests.support.local_hubspot import LocalHubSpot, default_path, local_hubspot


async def test_serve_announces_how_to_use_it_and_stops_when_cancelled() -> None:
    announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(SandboxOptions(token="other"), 0, announced.set_result))
    text = await asyncio.wait_for(announced, 10)
    url = text.split("http://")[1].split()[0]
    assert "export HUBSPOT_ACCESS_TOKEN=other" in text
    assert f"--base-url http://{url}" in text
    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://{url}/sandbox/state?summary=1") as response:
            assert response.status == 200
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(f"http://{url}/sandbox/state")


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind(hubspot: LocalHubSpot) -> None:
    port = int(hubspot.sandbox.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        async with Sandbox(port=port):
            pass


@pytest.mark.parametrize(
    "invalid",
    [
        {"token": ""},
        {"limit": 0},
        {"window": 0.0},
        {"latency": -1.0},
        {"daily_limit": -1},
        {"page_size": 0},
        {"link_cap": -1},
    ],
)
def test_invalid_options_are_refused(invalid: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        SandboxOptions(**invalid)


@pytest.mark.slow
async def test_a_sandbox_in_its_own_process_takes_its_options_and_keeps_its_state() -> None:
    with sandbox_process(SandboxOptions(token="other", limit=7, daily_limit=50)) as process:
        async with aiohttp.ClientSession() as http:
            for token in ("other", DEFAULT_TOKEN):
                headers = {"Authorization": f"Bearer {token}"}
                async with http.put(process.url + default_path(1, 2), headers=headers) as response:
                    await response.read()
            process.change("faults", faults=["http_503=always"])
            async with http.put(
                process.url + default_path(1, 2), headers={"Authorization": "Bearer other"}
            ) as response:
                await response.read()
        state = process.state()
    assert state["counts"]["by_status"] == {"200": 1, "401": 1, "503": 1}
    assert (state["rate"]["limit"], state["rate"]["daily_limit"]) == (7, 50)
    assert (len(state["associations"]), state["asked"][0]["times"]) == (1, 3)


@pytest.mark.parametrize("header", ["", "Bearer wrong", DEFAULT_TOKEN])
async def test_any_other_token_is_refused(hubspot: LocalHubSpot, header: str) -> None:
    reply = await hubspot.exchange("PUT", default_path(1, 2), headers={"Authorization": header})
    assert (reply.status, reply.body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert hubspot.state.associations == set()


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
async def test_account_details_are_only_affected_by_faults_that_name_them(version: str) -> None:
    path = f"/account-info/{version}/details"
    async with local_hubspot(portal_id=42) as hubspot:
        for fault, expected in (("http_503=always", 200), ("http_503=put", 200), ("http_503=account", 503)):
            hubspot.sandbox.use_faults(fault)
            status, body = await hubspot.get(path)
            assert status == expected
            assert status != 200 or {"portalId", "accountType", "timeZone", "uiDomain"} <= set(body)
            assert status != 200 or body["portalId"] == 42
        assert (await hubspot.post(path))[0] == 405
        assert (await hubspot.get("/account-info/v4/details"))[0] == 404
        assert hubspot.state.calls["account"] == 3


@pytest.mark.parametrize(
    ("zone", "offset", "milliseconds"),
    [("Asia/Tokyo", "+09:00", 32_400_000), ("Asia/Kolkata", "+05:30", 19_800_000), ("no/zone", "+00:00", 0)],
)
async def test_account_details_have_the_time_zone_and_kind_of_account(
    zone: str, offset: str, milliseconds: int
) -> None:
    async with local_hubspot(time_zone=zone, account_type="STANDARD") as hubspot:
        _, body = await hubspot.get("/account-info/2026-09/details")
    assert (body["timeZone"], body["accountType"]) == (zone, "STANDARD")
    assert (body["utcOffset"], body["utcOffsetMilliseconds"]) == (offset, milliseconds)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["true", "False"])
async def test_a_truth_value_is_read_in_any_case_and_another_word_is_refused(text: str) -> None:
    command = (sys.executable, "-m", "importer.sandbox", "--limit", "0", "--rotate-refresh-tokens")
    for value, expected in ((text, "0 calls in"), ("perhaps", "invalid truth value: 'perhaps'")):
        process = await asyncio.create_subprocess_exec(*command, value, stderr=asyncio.subprocess.PIPE)
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert expected in errors.decode()
        assert "Traceback" not in errors.decode()
