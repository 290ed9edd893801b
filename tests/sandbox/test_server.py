"""The sandbox as a client sees it, over a socket, without faults."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from importer.sandbox import DEFAULT_TOKEN, Sandbox, SandboxOptions, serve
from tests.conftest import sandbox_process

HEADERS = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        yield session


def path(from_id: object, to_id: object, from_type: str = "contacts", to_type: str = "companies") -> str:
    return f"/crm/v4/objects/{from_type}/{from_id}/associations/default/{to_type}/{to_id}"


async def put(http: aiohttp.ClientSession, sandbox: Sandbox, where: str) -> tuple[int, Any]:
    async with http.put(sandbox.url + where) as answer:
        return answer.status, await answer.json()


async def post(http: aiohttp.ClientSession, sandbox: Sandbox, where: str, body: Any) -> tuple[int, Any]:
    async with http.post(sandbox.url + where, json=body) as answer:
        return answer.status, await answer.json()


def inputs(*pairs: tuple[object, object]) -> Any:
    return {"inputs": [{"from": {"id": str(one)}, "to": {"id": str(other)}} for one, other in pairs]}


BATCH = "/crm/v4/associations/contacts/companies/batch/associate/default"
READ = "/crm/v4/associations/contacts/companies/batch/read"


# ---- the account


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
async def test_the_account_says_its_number_and_no_fault_strikes_that_does_not_name_it(
    http: aiohttp.ClientSession, version: str
) -> None:
    async with Sandbox(SandboxOptions(portal_id=42)) as sandbox:
        url = f"{sandbox.url}/account-info/{version}/details"
        for fault, status in (("http_503=always", 200), ("http_503=put", 200), ("http_503=account", 503)):
            sandbox.use_faults(fault)
            async with http.get(url) as answer:
                assert answer.status == status
                assert status != 200 or (await answer.json())["portalId"] == 42
        async with http.post(url) as answer:
            assert answer.status == 405
        async with http.get(f"{sandbox.url}/account-info/v4/details") as answer:
            assert answer.status == 404
        assert sandbox.state.calls["account"] == 3


# ---- the single PUT


@pytest.mark.parametrize(
    "where",
    [
        "/crm/v4/objects/contacts/1/associations/default/companies/2",
        "/crm/objects/2026-03/contacts/1/associations/default/companies/2",
        "/crm/objects/2026-09/contacts/1/associations/default/companies/2",
        "/crm/objects/2026-09/0-1/1/associations/default/0-2/2",
    ],
)
async def test_a_put_links_and_answers_both_directions(
    http: aiohttp.ClientSession, sandbox: Sandbox, where: str
) -> None:
    status, body = await put(http, sandbox, where)
    assert (status, body["status"]) == (200, "COMPLETE")
    assert {"completedAt", "results", "startedAt", "status"} <= set(body)  # what the API description requires
    assert body["results"] == [
        {
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279},
            "from": {"id": "1"},
            "to": {"id": "2"},
        },
        {
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280},
            "from": {"id": "2"},
            "to": {"id": "1"},
        },
    ]
    assert sandbox.state.associations == {("contacts", 1, "companies", 2)}


async def test_a_repeated_or_reversed_put_links_nothing_new(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    for where in (path(1, 2), path(1, 2), path(2, 1, "companies", "contacts")):
        assert (await put(http, sandbox, where))[0] == 200
    assert sandbox.state.associations == {("contacts", 1, "companies", 2)}
    assert sandbox.state.asked == {("contacts", 1, "companies", 2): 2, ("companies", 2, "contacts", 1): 1}


async def test_custom_types_are_known_by_id_and_by_name(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    for to_type in ("2-101", "p1_pets", "pets"):
        status, body = await put(http, sandbox, path(1, 2, to_type=to_type))
        assert (status, body["results"][0]["associationSpec"]["associationCategory"]) == (200, "USER_DEFINED")
    assert sandbox.state.associations == {("contacts", 1, "p1_pets", 2)}


@pytest.mark.parametrize(
    ("where", "status", "category", "words"),
    [
        (path(1_000_000, 2), 404, "OBJECT_NOT_FOUND", "contacts 1000000"),
        (path(1, 1_000_000), 404, "OBJECT_NOT_FOUND", "companies 1000000"),
        (path(0, 2), 404, "OBJECT_NOT_FOUND", "contacts 0"),
        (path(1, 2, from_type="contact"), 400, "VALIDATION_ERROR", "contact"),
        (path(1, 2, to_type="2-999"), 400, "VALIDATION_ERROR", "2-999"),
        (path("abc", 2), 400, "VALIDATION_ERROR", "abc"),
        (path(1, "9" * 30), 400, "VALIDATION_ERROR", "999"),
        (path(1, "2%2F3"), 400, "VALIDATION_ERROR", "2/3"),
        (path(5, 5, to_type="contacts"), 400, "VALIDATION_ERROR", "itself"),
        ("/crm/v3/objects/contacts/1", 404, "OBJECT_NOT_FOUND", "path"),
        ("/crm/objects/2025-01/contacts/1/associations/default/companies/2", 404, "OBJECT_NOT_FOUND", "path"),
        (BATCH, 405, "METHOD_NOT_ALLOWED", "PUT"),
    ],
)
async def test_what_cannot_be_linked_is_refused_with_an_error_body(
    http: aiohttp.ClientSession, sandbox: Sandbox, where: str, status: int, category: str, words: str
) -> None:
    seen, body = await put(http, sandbox, where)
    assert (seen, body["category"], body["status"]) == (status, category, "error")
    assert body["correlationId"]
    assert words in body["message"]
    assert sandbox.state.associations == set()


async def test_a_cap_of_links_is_refused_and_named_but_repeating_a_link_is_not(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(link_cap=2)) as sandbox:
        answers = [await put(http, sandbox, path(1, company)) for company in (1, 2, 3, 1)]
        assert [status for status, _ in answers] == [200, 200, 400, 200]
        assert "limit of 2" in answers[2][1]["message"]
        assert (await put(http, sandbox, path(2, 1)))[0] == 200
        assert (await put(http, sandbox, path(3, 1)))[0] == 400


@pytest.mark.parametrize("header", [None, "Bearer wrong", DEFAULT_TOKEN])
async def test_any_other_token_is_refused(sandbox: Sandbox, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    async with aiohttp.ClientSession(headers=headers) as http:
        status, body = await put(http, sandbox, path(1, 2))
    assert (status, body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert sandbox.state.associations == set()


# ---- limits


async def test_answers_carry_the_limit_headers(http: aiohttp.ClientSession) -> None:
    async with (
        Sandbox(SandboxOptions(limit=190, daily_limit=1000)) as sandbox,
        http.put(sandbox.url + path(1, 2)) as answer,
    ):
        limits = {name: value for name, value in answer.headers.items() if name.startswith("X-HubSpot")}
    assert limits == {
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": "189",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "1000",
        "X-HubSpot-RateLimit-Daily-Remaining": "999",
    }


async def test_an_account_without_a_daily_limit_sends_no_daily_headers(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(daily_limit=None)) as sandbox, http.put(sandbox.url + path(1, 2)) as answer:
        assert not [name for name in answer.headers if "Daily" in name]


async def test_the_call_over_the_limit_is_refused_until_the_window_has_moved_on(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(limit=3, window=0.4)) as sandbox:
        answers = [await put(http, sandbox, path(number, 2)) for number in range(1, 5)]
        assert [status for status, _ in answers] == [200, 200, 200, 429]
        body = answers[3][1]
        assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
        assert sandbox.state.worst_window == 4
        assert len(sandbox.state.associations) == 3
        async with asyncio.timeout(5):
            while sandbox.state.window.count(time.monotonic()):  # noqa: ASYNC110 - a window has no event to await
                await asyncio.sleep(0.01)
        assert (await put(http, sandbox, path(4, 2)))[0] == 200


async def test_the_daily_limit_refuses_singles_and_batches_alike(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(daily_limit=1)) as sandbox:
        assert (await put(http, sandbox, path(1, 2)))[0] == 200
        for status, body in (await put(http, sandbox, path(1, 3)), await post(http, sandbox, BATCH, inputs((1, 3)))):
            assert (status, body["policyName"]) == (429, "DAILY")
        assert sandbox.state.daily_used == 1
        assert len(sandbox.state.associations) == 1


async def test_batch_calls_are_exempt_from_the_window_and_count_for_the_day(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(limit=1)) as sandbox:
        for number in range(1, 6):
            assert (await post(http, sandbox, BATCH, inputs((number, 2))))[0] == 200
        assert (sandbox.state.worst_window, sandbox.state.daily_used) == (0, 5)


async def test_latency_delays_each_answer(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(latency=0.2, jitter=0.05)) as sandbox:
        before = time.monotonic()
        await put(http, sandbox, path(1, 2))
        assert time.monotonic() - before >= 0.19


# ---- batches


@pytest.mark.parametrize("version", ["/crm/v4/associations", "/crm/associations/2026-03", "/crm/associations/2026-09"])
async def test_a_batch_links_all_and_names_each_pair(
    http: aiohttp.ClientSession, sandbox: Sandbox, version: str
) -> None:
    where = f"{version}/contacts/companies/batch/associate/default"
    status, body = await post(http, sandbox, where, inputs(*((number, number) for number in range(1, 2001))))
    assert (status, body["status"]) == (200, "COMPLETE")
    assert {"errors", "numErrors"} & set(body) == set()
    assert {(result["from"]["id"], result["to"]["id"]) for result in body["results"]} == {
        (str(number), str(number)) for number in range(1, 2001)
    }
    assert len(sandbox.state.associations) == 2000


async def test_a_batch_links_the_good_and_names_the_bad(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    pairs = ((1, 1), (2, 1_000_000), ("x", 3), (4, 4))
    status, body = await post(http, sandbox, BATCH, inputs(*pairs))
    assert (status, body["numErrors"]) == (207, 2)
    assert {"category", "context", "errors", "links", "message", "status"} <= set(body["errors"][0])
    assert sorted(error["category"] for error in body["errors"]) == ["OBJECT_NOT_FOUND", "VALIDATION_ERROR"]
    assert {result["from"]["id"] for result in body["results"]} == {"1", "4"}
    assert sandbox.state.associations == {("contacts", 1, "companies", 1), ("contacts", 4, "companies", 4)}


@pytest.mark.parametrize("where", [BATCH, READ])
@pytest.mark.parametrize("body", [{}, [], {"inputs": []}, {"inputs": [1]}, {"inputs": [{"id": "1"}] * 2001}])
async def test_a_batch_body_that_makes_no_sense_is_refused(
    http: aiohttp.ClientSession, sandbox: Sandbox, where: str, body: Any
) -> None:
    status, answer = await post(http, sandbox, where, body)
    assert (status, answer["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "where",
    [
        "/crm/v4/associations/contacts/companies/batch/associate/default",
        "/crm/associations/2026-09/contacts/companies/batch/read",
        "/sandbox/records",
        "/sandbox/faults",
    ],
)
async def test_json_nested_too_deep_is_a_bad_request(http: aiohttp.ClientSession, sandbox: Sandbox, where: str) -> None:
    for deep in (b"[" * 50_000, b'{"inputs": ' * 20_000, b'{"inputs": [' + b'{"id": [' * 20_000):
        async with http.post(sandbox.url + where, data=deep) as answer:
            assert answer.status == 400
            assert "message" in await answer.json()


async def test_a_read_takes_a_thousand_ids_and_no_more(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    ids = [{"id": str(number)} for number in range(1, 1002)]
    assert (await post(http, sandbox, READ, {"inputs": ids}))[0] == 400
    assert (await post(http, sandbox, READ, {"inputs": ids[:1000]}))[0] == 207


async def test_a_read_names_links_made_in_either_direction_and_records_without(
    http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    await put(http, sandbox, path(1, 2))
    await put(http, sandbox, path(3, 1, "companies", "contacts"))
    status, body = await post(http, sandbox, READ, {"inputs": [{"id": "1"}, {"id": "9"}, {"id": "1000000"}]})
    assert status == 207
    kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]
    assert body["results"] == [
        {"from": {"id": "1"}, "to": [{"toObjectId": number, "associationTypes": kinds} for number in ("2", "3")]}
    ]
    assert [error["subCategory"] for error in body["errors"]] == [
        "crm.associations.NO_ASSOCIATIONS_FOUND",
        "crm.associations.FROM_OBJECT_NOT_FOUND",
    ]


async def test_a_read_is_paged_by_record(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(page_size=2)) as sandbox:
        await post(http, sandbox, BATCH, inputs(*((1, company) for company in range(1, 6))))
        found, after = [], None
        for _ in range(3):
            one = {"id": "1", "after": after} if after else {"id": "1"}
            status, body = await post(http, sandbox, READ, {"inputs": [one]})
            assert status == 200
            found += [to["toObjectId"] for to in body["results"][0]["to"]]
            after = body["results"][0].get("paging", {}).get("next", {}).get("after")
        assert (found, after) == (["1", "2", "3", "4", "5"], None)


# ---- the sandbox's own pages


async def test_the_state_tells_everything_and_is_not_counted(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    await put(http, sandbox, path(1, 2))
    await put(http, sandbox, path(1, 2))
    await put(http, sandbox, path(1, 1_000_000))
    async with http.get(sandbox.url + "/sandbox/state") as answer:
        state = await answer.json()
    ends = {"from": {"type": "contacts", "id": "1"}, "to": {"type": "companies", "id": "2"}}
    assert state["associations"] == [ends]
    assert state["asked"] == [
        {**ends, "times": 2},
        {"from": ends["from"], "to": {"type": "companies", "id": "1000000"}, "times": 1},
    ]
    assert state["counts"]["by_status"] == {"200": 2, "404": 1}
    assert {key: state["counts"][key] for key in ("associations", "calls", "puts", "pairs_asked")} == {
        "associations": 1,
        "calls": 3,
        "puts": 3,
        "pairs_asked": 2,
    }
    assert state["rate"] == {
        "limit": 100,
        "window": 10.0,
        "worst_window": 3,
        "daily_limit": 250_000,
        "daily_used": 3,
    }
    assert state["records"]["contacts"] == {"id": "0-1", "first": 1, "last": 999_999, "added": [], "removed": []}


async def test_a_large_state_comes_whole_and_its_summary_without_lists(
    http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    for start in range(0, 12_000, 2_000):
        await post(http, sandbox, BATCH, inputs(*((start + one, 7) for one in range(1, 2001))))
    async with http.get(sandbox.url + "/sandbox/state") as answer:
        state = await answer.json()
    assert len({link["from"]["id"] for link in state["associations"]}) == len(state["asked"]) == 12_000
    async with http.get(sandbox.url + "/sandbox/state?summary=1") as answer:
        summary = await answer.json()
    assert set(state) - set(summary) == {"associations", "asked"}
    assert summary["counts"]["associations"] == 12_000


async def test_records_and_links_can_be_changed_from_outside(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    big = {"type": "contacts", "id": "123450000123"}
    company = {"type": "0-2", "id": "2"}
    await post(http, sandbox, "/sandbox/records", {"add": [big], "remove": [{"type": "companies", "id": "3"}]})
    assert (await put(http, sandbox, path(123450000123, 2)))[0] == 200
    assert (await put(http, sandbox, path(1, 3)))[0] == 404
    _, counts = await post(http, sandbox, "/sandbox/associations", {"remove": [{"from": company, "to": big}]})
    assert counts["associations"] == 0
    await post(http, sandbox, "/sandbox/associations", {"add": [{"from": big, "to": company}]})
    assert sandbox.state.associations == {("contacts", 123450000123, "companies", 2)}


async def test_a_merged_record_answers_to_its_old_id_with_its_new_one(
    http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    await put(http, sandbox, path(1, 2))
    await post(http, sandbox, "/sandbox/records", {"merge": [{"type": "contacts", "id": "1", "into": "9"}]})
    _, body = await post(http, sandbox, READ, {"inputs": [{"id": "1"}]})
    assert [(result["from"]["id"], result["to"][0]["toObjectId"]) for result in body["results"]] == [("9", "2")]
    _, body = await put(http, sandbox, path(1, 3))
    assert body["results"][0]["from"] == {"id": "9"}


@pytest.mark.parametrize(
    ("where", "body", "status"),
    [
        ("/sandbox/records", {"add": [{"type": "contact", "id": "1"}]}, 400),
        ("/sandbox/records", {"add": 7}, 400),
        ("/sandbox/records", [], 400),
        ("/sandbox/faults", {"faults": ["rest=0.1"]}, 400),
        ("/sandbox/nothing", {}, 404),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    http: aiohttp.ClientSession, sandbox: Sandbox, where: str, body: Any, status: int
) -> None:
    assert (await post(http, sandbox, where, body))[0] == status


# ---- the server's life


async def test_serve_announces_how_to_use_it_and_ends_when_cancelled(http: aiohttp.ClientSession) -> None:
    announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(SandboxOptions(token="other"), 0, announced.set_result))
    text = await asyncio.wait_for(announced, 10)
    url = text.split("http://")[1].split()[0]
    assert "export HUBSPOT_ACCESS_TOKEN=other" in text
    assert f"--base-url http://{url}" in text
    async with http.get(f"http://{url}/sandbox/state?summary=1") as answer:
        assert answer.status == 200
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(aiohttp.ClientConnectorError):
        await http.get(f"http://{url}/sandbox/state")


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        async with Sandbox(port=port):
            pass


@pytest.mark.parametrize(
    "wrong",
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
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        SandboxOptions(**wrong)


async def test_a_sandbox_of_its_own_process_takes_its_options_and_keeps_its_state(http: aiohttp.ClientSession) -> None:
    with sandbox_process(SandboxOptions(token="other", limit=7, daily_limit=50)) as process:
        for token in ("other", DEFAULT_TOKEN):
            async with http.put(process.url + path(1, 2), headers={"Authorization": f"Bearer {token}"}) as answer:
                await answer.read()
        process.change("faults", faults=["http_503=always"])
        async with http.put(process.url + path(1, 2), headers={"Authorization": "Bearer other"}) as answer:
            await answer.read()
        state = process.state()
    assert state["counts"]["by_status"] == {"200": 1, "401": 1, "503": 1}
    assert (state["rate"]["limit"], state["rate"]["daily_limit"]) == (7, 50)
    assert (len(state["associations"]), state["asked"][0]["times"]) == (1, 3)
