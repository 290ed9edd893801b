"""Batch associate and batch read, without faults."""

from typing import Any

import pytest

from tests.support.local_hubspot import LocalHubSpot, batch_path, default_path, local_hubspot, pair_inputs

BATCH = batch_path("associate/default")
READ = batch_path("read")


@pytest.mark.parametrize("version", ["/crm/v4/associations", "/crm/associations/2026-03", "/crm/associations/2026-09"])
async def test_a_batch_links_all_and_names_each_pair(hubspot: LocalHubSpot, version: str) -> None:
    where = f"{version}/contacts/companies/batch/associate/default"
    status, body = await hubspot.post(where, pair_inputs(*((number, number) for number in range(1, 2001))))
    assert (status, body["status"]) == (200, "COMPLETE")
    assert {"errors", "numErrors"} & set(body) == set()
    assert {(result["from"]["id"], result["to"]["id"]) for result in body["results"]} == {
        (str(number), str(number)) for number in range(1, 2001)
    }
    assert len(hubspot.state.associations) == 2000


async def test_a_batch_links_valid_pairs_and_lists_errors_for_the_others(hubspot: LocalHubSpot) -> None:
    pairs = ((1, 1), (2, 1_000_000), ("x", 3), (4, 4))
    status, body = await hubspot.post(BATCH, pair_inputs(*pairs))
    assert (status, body["numErrors"]) == (207, 2)
    assert {"category", "context", "errors", "links", "message", "status"} <= set(body["errors"][0])
    assert sorted(error["category"] for error in body["errors"]) == ["OBJECT_NOT_FOUND", "VALIDATION_ERROR"]
    assert {result["from"]["id"] for result in body["results"]} == {"1", "4"}
    assert hubspot.state.associations == {("contacts", 1, "companies", 1), ("contacts", 4, "companies", 4)}


@pytest.mark.parametrize("where", [BATCH, READ])
@pytest.mark.parametrize("body", [{}, [], {"inputs": []}, {"inputs": [1]}, {"inputs": [{"id": "1"}] * 2001}])
async def test_an_invalid_batch_body_is_refused(hubspot: LocalHubSpot, where: str, body: Any) -> None:
    status, reply = await hubspot.post(where, body)
    assert (status, reply["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "where",
    [
        "/crm/v4/associations/contacts/companies/batch/associate/default",
        "/crm/associations/2026-09/contacts/companies/batch/read",
        "/sandbox/records",
        "/sandbox/faults",
    ],
)
async def test_json_nested_too_deeply_is_a_bad_request(hubspot: LocalHubSpot, where: str) -> None:
    for deep in (b"[" * 50_000, b'{"inputs": ' * 20_000, b'{"inputs": [' + b'{"id": [' * 20_000):
        status, body = await hubspot.post(where, deep)
        assert status == 400
        assert "message" in body


async def test_a_read_takes_a_thousand_ids_and_no_more(hubspot: LocalHubSpot) -> None:
    ids = [{"id": str(number)} for number in range(1, 1002)]
    assert (await hubspot.post(READ, {"inputs": ids}))[0] == 400
    assert (await hubspot.post(READ, {"inputs": ids[:1000]}))[0] == 207


async def test_a_read_lists_links_created_in_either_direction_and_records_without_links(hubspot: LocalHubSpot) -> None:
    await hubspot.put(default_path(1, 2))
    await hubspot.put(default_path(3, 1, "companies", "contacts"))
    status, body = await hubspot.post(READ, {"inputs": [{"id": "1"}, {"id": "9"}, {"id": "1000000"}]})
    assert status == 207
    primary = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
    plain = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
    assert body["results"] == [
        {
            "from": {"id": "1"},
            "to": [
                {"toObjectId": "2", "associationTypes": [primary, plain]},
                {"toObjectId": "3", "associationTypes": [plain]},
            ],
        }
    ]
    assert [error["subCategory"] for error in body["errors"]] == [
        "crm.associations.NO_ASSOCIATIONS_FOUND",
        "crm.associations.FROM_OBJECT_NOT_FOUND",
    ]


async def test_a_read_is_paged_by_record() -> None:
    async with local_hubspot(page_size=2) as hubspot:
        await hubspot.post(BATCH, pair_inputs(*((1, company) for company in range(1, 6))))
        found, after = [], None
        for _ in range(3):
            one = {"id": "1", "after": after} if after else {"id": "1"}
            status, body = await hubspot.post(READ, {"inputs": [one]})
            assert status == 200
            found += [to["toObjectId"] for to in body["results"][0]["to"]]
            after = body["results"][0].get("paging", {}).get("next", {}).get("after")
        assert (found, after) == (["1", "2", "3", "4", "5"], None)
