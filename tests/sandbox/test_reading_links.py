"""Reading links of one record page by page, with the types of each."""

import pytest

from importer.sandbox import Pair
from tests.sandbox.test_labels import DECISION, PLAIN, VERSIONS, specs
from tests.support.local_hubspot import LocalHubSpot, ManualClock, batch_path, id_inputs, local_hubspot


def links_path(contact: object, version: str = "v4", query: str = "") -> str:
    objects = "/crm/v4/objects" if version == "v4" else f"/crm/objects/{version}"
    return f"{objects}/contacts/{contact}/associations/companies{query}"


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_links_of_a_record_are_listed_page_by_page(version: str) -> None:
    async with local_hubspot() as hubspot:
        for company in range(2, 7):
            hubspot.state.links.add(Pair("contacts", 1, "companies", company))
        found, query = [], "?limit=2"
        while query:
            status, body = await hubspot.get(links_path(1, version, query))
            assert status == 200
            found += [one["toObjectId"] for one in body["results"]]
            query = f"?limit=2&after={body['paging']['next']['after']}" if "paging" in body else ""
        assert found == ["2", "3", "4", "5", "6"]
        assert hubspot.state.calls["links"] == 3


async def test_each_link_has_its_types_with_labels(hubspot: LocalHubSpot) -> None:
    hubspot.state.links.add_labels(Pair("contacts", 1, "companies", 2), [DECISION])
    _, body = await hubspot.get(links_path(1))
    types = body["results"][0]["associationTypes"]
    assert [(one["category"], one["typeId"], one["label"]) for one in types] == [
        ("HUBSPOT_DEFINED", 1, "Primary"),
        ("USER_DEFINED", 1, "Decision maker"),
        ("HUBSPOT_DEFINED", 279, None),
    ]
    _, batch = await hubspot.post(batch_path("read"), id_inputs(1))
    assert batch["results"][0]["to"] == body["results"]


async def test_a_record_without_links_has_no_results_and_an_unknown_one_is_refused(hubspot: LocalHubSpot) -> None:
    assert await hubspot.get(links_path(1)) == (200, {"results": []})
    assert (await hubspot.get(links_path(5_000_000)))[0] == 404
    assert (await hubspot.get(links_path("abc")))[0] == 400


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?limit=x", "?after=x"])
async def test_an_invalid_page_is_refused(hubspot: LocalHubSpot, query: str) -> None:
    assert (await hubspot.get(links_path(1, query=query)))[0] == 400


async def test_a_merged_record_keeps_its_labels_under_its_new_id(hubspot: LocalHubSpot) -> None:
    await hubspot.put(links_path(1) + "/2", specs(DECISION))
    await hubspot.post("/sandbox/records", {"merge": [{"type": "contacts", "id": "1", "into": "9"}]})
    _, body = await hubspot.get(links_path(1))
    assert [one["typeId"] for one in body["results"][0]["associationTypes"]] == [1, 1, 279]


async def test_reads_can_lag_behind_writes() -> None:
    clock = ManualClock()
    async with local_hubspot(clock=clock, read_lag=5) as hubspot:
        await hubspot.put(links_path(1) + "/2", specs(DECISION))
        assert (await hubspot.get(links_path(1)))[1]["results"] == []
        clock.now = 4.0
        await hubspot.put(links_path(1) + "/2", specs(PLAIN))
        await hubspot.put(links_path(1) + "/3", specs(PLAIN))
        clock.now = 5.0
        assert await type_ids(hubspot) == {"2": [1, 1, 279]}
        await hubspot.delete(links_path(1) + "/2")
        clock.now = 9.0
        assert await type_ids(hubspot) == {"2": [279], "3": [279]}
        clock.now = 10.0
        assert await type_ids(hubspot) == {"3": [279]}


async def type_ids(hubspot: LocalHubSpot) -> dict[str, list[int]]:
    _, body = await hubspot.get(links_path(1))
    return {link["toObjectId"]: [one["typeId"] for one in link["associationTypes"]] for link in body["results"]}
