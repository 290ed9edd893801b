"""The sandbox's own pages: its state and changes to it."""

from typing import Any

import pytest

from tests.support.local_hubspot import LocalHubSpot, batch_path, default_path, pair_inputs

BATCH = batch_path("associate/default")
READ = batch_path("read")


async def test_reading_the_state_is_not_counted(hubspot: LocalHubSpot) -> None:
    await hubspot.put(default_path(1, 2))
    await hubspot.put(default_path(1, 2))
    await hubspot.put(default_path(1, 1_000_000))
    _, state = await hubspot.get("/sandbox/state")
    ends = {"from": {"type": "contacts", "id": "1"}, "to": {"type": "companies", "id": "2"}}
    assert state["associations"] == [{**ends, "types": ["HUBSPOT_DEFINED:1", "HUBSPOT_DEFINED:279"]}]
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
        "association_limit": None,
        "worst_association_window": 3,
        "search_limit": 5,
        "worst_search_second": 0,
        "daily_limit": 250_000,
        "daily_used": 3,
    }
    assert state["records"]["contacts"] == {
        "id": "0-1",
        "first": 1,
        "last": 999_999,
        "added": [],
        "removed": [],
        "archived": ["7000000002"],
        "merged": {"7000000001": "500120"},
    }


@pytest.mark.slow
async def test_a_large_state_is_complete_and_its_summary_has_no_lists(hubspot: LocalHubSpot) -> None:
    for start in range(0, 12_000, 2_000):
        await hubspot.post(BATCH, pair_inputs(*((start + one, 7) for one in range(1, 2001))))
    _, state = await hubspot.get("/sandbox/state")
    assert len({link["from"]["id"] for link in state["associations"]}) == len(state["asked"]) == 12_000
    _, summary = await hubspot.get("/sandbox/state?summary=1")
    assert set(state) - set(summary) == {"associations", "asked", "removals"}
    assert summary["counts"]["associations"] == 12_000


async def test_records_and_links_can_be_changed_from_outside(hubspot: LocalHubSpot) -> None:
    big = {"type": "contacts", "id": "123450000123"}
    company = {"type": "0-2", "id": "2"}
    await hubspot.post("/sandbox/records", {"add": [big], "remove": [{"type": "companies", "id": "3"}]})
    assert (await hubspot.put(default_path(123450000123, 2)))[0] == 200
    assert (await hubspot.put(default_path(1, 3)))[0] == 404
    _, counts = await hubspot.post("/sandbox/associations", {"remove": [{"from": company, "to": big}]})
    assert counts["associations"] == 0
    await hubspot.post("/sandbox/associations", {"add": [{"from": big, "to": company}]})
    assert hubspot.state.associations == {("contacts", 123450000123, "companies", 2)}


async def test_a_merged_record_is_found_by_its_old_id_and_named_by_its_new_one(hubspot: LocalHubSpot) -> None:
    await hubspot.put(default_path(1, 2))
    await hubspot.post("/sandbox/records", {"merge": [{"type": "contacts", "id": "1", "into": "9"}]})
    _, body = await hubspot.post(READ, {"inputs": [{"id": "1"}]})
    assert [(result["from"]["id"], result["to"][0]["toObjectId"]) for result in body["results"]] == [("9", "2")]
    _, body = await hubspot.put(default_path(1, 3))
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
async def test_an_invalid_change_is_refused(hubspot: LocalHubSpot, where: str, body: Any, status: int) -> None:
    assert (await hubspot.post(where, body))[0] == status
