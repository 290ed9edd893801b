"""The sorted dump of all links, and changes to links and labels from outside."""

import json
from typing import Any

import pytest

from importer.sandbox import Pair
from importer.sandbox.samples import WRONG_LINKS
from tests.sandbox.test_labels import BILLING, DECISION, PLAIN, PRIMARY, link_path, specs
from tests.support.local_hubspot import LocalHubSpot, batch_path, default_path, local_hubspot

ONE, OTHER = {"type": "contacts", "id": "1"}, {"type": "companies", "id": "2"}


async def dump(hubspot: LocalHubSpot) -> bytes:
    async with hubspot.session.get(hubspot.sandbox.url + "/sandbox/links") as response:
        return await response.read()


async def test_the_dump_lists_all_links_with_the_types_of_both_directions(hubspot: LocalHubSpot) -> None:
    await hubspot.put(link_path(1, 2), specs(DECISION))
    assert json.loads(await dump(hubspot)) == {
        "links": [
            {
                "from": OTHER,
                "to": ONE,
                "types": ["HUBSPOT_DEFINED:2", "USER_DEFINED:2", "HUBSPOT_DEFINED:280"],
                "reverse_types": ["HUBSPOT_DEFINED:1", "USER_DEFINED:1", "HUBSPOT_DEFINED:279"],
            }
        ]
    }


async def test_equal_links_give_equal_bytes_however_they_were_created(hubspot: LocalHubSpot) -> None:
    assert json.loads(await dump(hubspot)) == {"links": []}
    for company in (2, 3):
        await hubspot.put(default_path(1, company))
    await hubspot.put(link_path(1, 3), specs(DECISION))
    before = await dump(hubspot)
    await hubspot.put(default_path(1, 4))
    await hubspot.put(link_path(1, 3), specs(PRIMARY, DECISION))
    assert await dump(hubspot) != before
    await hubspot.delete(link_path(1, 4))
    await hubspot.put(link_path(1, 2), specs(PRIMARY))
    assert await dump(hubspot) == before
    await hubspot.delete(link_path(1, 2))
    await hubspot.delete(link_path(1, 3))
    await hubspot.put("/crm/v4/objects/companies/3/associations/contacts/1", specs(DECISION._replace(type_id=2)))
    await hubspot.put(link_path(1, 2), specs(PRIMARY))
    assert await dump(hubspot) == before


async def test_links_get_and_lose_labels_from_outside(hubspot: LocalHubSpot) -> None:
    link = {"from": ONE, "to": OTHER}
    await hubspot.post("/sandbox/associations", {"add": [{**link, "types": [str(DECISION), str(BILLING)]}]})
    await hubspot.post("/sandbox/associations", {"remove_labels": [{**link, "types": [str(BILLING)]}]})
    assert hubspot.state.links.types(Pair("contacts", 1, "companies", 2)) == (PRIMARY, DECISION, PLAIN)
    unknown = {**link, "types": ["USER_DEFINED:99"]}
    assert (await hubspot.post("/sandbox/associations", {"add": [unknown]}))[0] == 400


async def test_labels_are_created_renamed_and_deleted_from_outside(hubspot: LocalHubSpot) -> None:
    direction = {"from": "deals", "to": "contacts"}
    _, reply = await hubspot.post(
        "/sandbox/labels", {"add": [{**direction, "label": "Payer", "inverse_label": "Paid"}]}
    )
    (made,) = reply["added"]
    deal = {"from": {"type": "deals", "id": "1"}, "to": ONE, "types": [made["type"]]}
    await hubspot.post("/sandbox/associations", {"add": [deal]})
    await hubspot.post("/sandbox/labels", {"rename": [{**direction, "type": made["type"], "label": "Buyer"}]})
    _, body = await hubspot.get("/crm/v4/objects/deals/1/associations/contacts")
    assert [one["label"] for one in body["results"][0]["associationTypes"]] == ["Buyer", None]
    await hubspot.post("/sandbox/labels", {"remove": [{**direction, "type": made["type"]}]})
    _, body = await hubspot.get("/crm/v4/objects/deals/1/associations/contacts")
    assert [one["label"] for one in body["results"][0]["associationTypes"]] == [None]
    _, labels = await hubspot.get("/crm/v4/associations/contacts/deals/labels")
    assert [one["label"] for one in labels["results"]] == [None]


async def test_calls_are_counted_by_kind_and_as_writes_and_reads(hubspot: LocalHubSpot) -> None:
    entry: dict[str, Any] = {"from": {"id": "1"}, "to": [{"id": "2"}]}
    await hubspot.put(default_path(1, 2))
    await hubspot.put(link_path(1, 2), specs(DECISION))
    await hubspot.post(batch_path("archive"), {"inputs": [entry]})
    await hubspot.post(batch_path("read"), {"inputs": [{"id": "1"}]})
    await hubspot.get("/crm/v3/properties/contacts")
    await hubspot.get("/account-info/v3/details")
    _, state = await hubspot.get("/sandbox/state?summary=1")
    counts = state["counts"]
    assert (counts["calls"], counts["writes"], counts["reads"]) == (5, 3, 2)
    kinds = dict.fromkeys(("put", "label_put", "archive", "read", "properties", "account"), 1)
    assert counts["by_kind"] == kinds


async def test_the_sample_links_exist_on_request() -> None:
    async with local_hubspot(sample_links=True) as hubspot:
        assert hubspot.state.associations == set(WRONG_LINKS)
        labelled = [pair for pair in WRONG_LINKS if DECISION in hubspot.state.links.types(pair)]
        assert len(labelled) == len(WRONG_LINKS) / 4


@pytest.mark.slow
async def test_a_change_can_be_larger_than_a_megabyte(hubspot: LocalHubSpot) -> None:
    links = [{"from": {"type": "contacts", "id": str(number)}, "to": OTHER} for number in range(1, 20_001)]
    assert (await hubspot.post("/sandbox/associations", {"add": links}))[1]["associations"] == 20_000
    assert (await dump(hubspot)).count(b"\n{") == 20_000
