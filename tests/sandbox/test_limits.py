"""Rate limits and the daily limit."""

import time

from tests.support.local_hubspot import LocalHubSpot, ManualClock, batch_path, default_path, local_hubspot, pair_inputs

BATCH = batch_path("associate/default")


async def limit_headers(hubspot: LocalHubSpot) -> dict[str, str]:
    reply = await hubspot.exchange("PUT", default_path(1, 2))
    return {name: value for name, value in reply.headers.items() if name.startswith("X-HubSpot")}


async def test_responses_carry_the_limit_headers() -> None:
    async with local_hubspot(limit=190, daily_limit=1000) as hubspot:
        assert await limit_headers(hubspot) == {
            "X-HubSpot-RateLimit-Max": "190",
            "X-HubSpot-RateLimit-Remaining": "189",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": "1000",
            "X-HubSpot-RateLimit-Daily-Remaining": "999",
        }


async def test_an_account_without_a_daily_limit_sends_no_daily_headers() -> None:
    async with local_hubspot(daily_limit=None) as hubspot:
        assert not [name for name in await limit_headers(hubspot) if "Daily" in name]


async def test_a_call_over_the_limit_is_refused_until_the_window_has_passed() -> None:
    clock = ManualClock()
    async with local_hubspot(clock=clock, limit=3, window=10) as hubspot:
        replies = [await hubspot.put(default_path(number, 2)) for number in range(1, 5)]
        assert [status for status, _ in replies] == [200, 200, 200, 429]
        body = replies[3][1]
        assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
        assert hubspot.state.worst_window == 4
        assert len(hubspot.state.associations) == 3
        clock.now = 9.9
        assert (await hubspot.put(default_path(4, 2)))[0] == 429
        clock.now = 10.0
        assert (await hubspot.put(default_path(4, 2)))[0] == 200


async def test_the_daily_limit_refuses_single_calls_and_batches() -> None:
    async with local_hubspot(daily_limit=1) as hubspot:
        assert (await hubspot.put(default_path(1, 2)))[0] == 200
        for status, body in (await hubspot.put(default_path(1, 3)), await hubspot.post(BATCH, pair_inputs((1, 3)))):
            assert (status, body["policyName"]) == (429, "DAILY")
        assert hubspot.state.daily_used == 1
        assert len(hubspot.state.associations) == 1


async def test_batch_calls_are_exempt_from_the_window_but_count_for_the_day() -> None:
    async with local_hubspot(limit=1) as hubspot:
        for number in range(1, 6):
            assert (await hubspot.post(BATCH, pair_inputs((number, 2))))[0] == 200
        assert (hubspot.state.worst_window, hubspot.state.daily_used) == (0, 5)


async def test_latency_delays_each_response() -> None:
    async with local_hubspot(latency=0.05, jitter=0.01) as hubspot:
        before = time.monotonic()
        await hubspot.put(default_path(1, 2))
        assert time.monotonic() - before >= 0.049


async def test_single_association_calls_can_have_a_lower_limit_that_headers_do_not_show() -> None:
    clock = ManualClock()
    async with local_hubspot(clock=clock, limit=190, association_limit=3) as hubspot:
        single = "/crm/v4/objects/contacts/1/associations/companies"
        statuses = [
            (await hubspot.put(default_path(1, 2)))[0],
            (await hubspot.get(single))[0],
            (await hubspot.delete(f"{single}/2"))[0],
            (await hubspot.put(default_path(1, 2)))[0],
            (await hubspot.get("/crm/v3/objects/contacts"))[0],
        ]
        assert statuses == [200, 200, 204, 429, 200]
        assert (await limit_headers(hubspot))["X-HubSpot-RateLimit-Max"] == "190"
        _, state = await hubspot.get("/sandbox/state?summary=1")
        assert (state["rate"]["association_limit"], state["rate"]["worst_association_window"]) == (3, 5)


async def test_labels_and_batches_are_exempt_from_the_window_and_lookups_are_not() -> None:
    async with local_hubspot(limit=1) as hubspot:
        for _ in range(2):
            assert (await hubspot.get("/crm/v4/associations/contacts/companies/labels"))[0] == 200
            assert (await hubspot.post(batch_path("archive"), {"inputs": [{"from": {"id": "1"}, "to": []}]}))[0] == 204
            assert (await hubspot.post(batch_path("read"), {"inputs": [{"id": "1"}]}))[0] == 207
        assert hubspot.state.worst_window == 0
        lookups = [
            await hubspot.post("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": "1"}]}) for _ in range(2)
        ]
        assert [status for status, _ in lookups] == [200, 429]


async def test_rate_headers_can_be_missing() -> None:
    async with local_hubspot("no_rate_headers=put") as hubspot:
        assert await limit_headers(hubspot) == {}
        assert len(hubspot.state.links) == 1


async def test_records_at_and_near_a_limit_of_links_are_listed() -> None:
    async with local_hubspot(link_cap=5) as hubspot:
        for contact, number in ((1, 5), (2, 4), (3, 3)):
            for company in range(1, number + 1):
                assert (await hubspot.put(default_path(contact, company)))[0] == 200
        bodies = []
        for area in ("v3/limits", "limits/2026-03", "limits/2026-09"):
            status, body = await hubspot.get(f"/crm/{area}/associations/records/0-1/0-2")
            assert status == 200
            bodies.append(body)
        assert bodies[0] == bodies[1] == bodies[2]
        assert (body["limit"], body["totalRecordsAtLimit"], body["totalRecordsNearLimit"]) == (5, 1, 1)
        assert [one["objectId"] for one in body["atLimitFromRecordSamples"]] == [1]
        (near,) = body["nearLimitFromRecordSamples"]
        assert (near["objectId"], near["usage"], near["percentage"]) == (2, 4, 80)
        _, other = await hubspot.get("/crm/v3/limits/associations/records/deals/companies")
        assert (other["limit"], other["totalRecordsAtLimit"], other["nearLimitFromRecordSamples"]) == (5, 0, [])
