"""Removing links and labels."""

import pytest

from importer.sandbox import Pair
from importer.sandbox.association_types import AssociationType
from tests.sandbox.test_labels import BILLING, DECISION, PLAIN, PRIMARY, VERSIONS, link_path, specs
from tests.support.local_hubspot import LocalHubSpot, batch_path, local_hubspot

PAIR = Pair("contacts", 1, "companies", 2)
OTHER = Pair("contacts", 1, "companies", 3)


def link(hubspot: LocalHubSpot, pair: Pair = PAIR, *labels: AssociationType) -> None:
    hubspot.state.links.add_labels(pair, labels)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_delete_removes_all_types_of_a_pair_and_can_be_repeated(version: str) -> None:
    async with local_hubspot() as hubspot:
        link(hubspot, PAIR, DECISION)
        link(hubspot, OTHER)
        for _ in range(2):
            assert await hubspot.delete(link_path(1, 2, version)) == (204, None)
        assert hubspot.state.associations == {OTHER}
        assert hubspot.state.removals == {PAIR: 2}
        assert (await hubspot.delete(link_path(1, 5_000_000, version)))[0] == 404


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_batch_archive_removes_all_types_of_its_pairs(version: str) -> None:
    async with local_hubspot() as hubspot:
        link(hubspot, PAIR, DECISION)
        link(hubspot, OTHER)
        link(hubspot, OTHER._replace(to_id=4))
        body = {"inputs": [{"from": {"id": "1"}, "to": [{"id": "2"}, {"id": "3"}, {"id": "5000000"}]}]}
        status, reply = await hubspot.post(batch_path("archive", version=version), body)
        assert hubspot.state.associations == {OTHER._replace(to_id=4)}
        if version == "v4":
            assert (status, reply) == (204, None)
        else:
            assert (status, reply["status"], reply["results"], reply["numErrors"]) == (200, "COMPLETE", [], 1)


@pytest.mark.parametrize("version", VERSIONS)
async def test_labels_archive_removes_only_the_named_labels(version: str) -> None:
    async with local_hubspot() as hubspot:
        link(hubspot, PAIR, DECISION, BILLING)
        entry = {"from": {"id": "1"}, "to": {"id": "2"}, "types": specs(DECISION)}
        status, reply = await hubspot.post(batch_path("labels/archive", version=version), {"inputs": [entry]})
        assert status == (204 if version == "v4" else 200)
        assert version == "v4" or "errors" not in reply
        assert hubspot.state.links.types(PAIR) == (PRIMARY, BILLING, PLAIN)


async def test_naming_the_unlabelled_type_removes_all_types(hubspot: LocalHubSpot) -> None:
    link(hubspot, PAIR, DECISION)
    entry = {"from": {"id": "1"}, "to": {"id": "2"}, "types": specs(PLAIN)}
    await hubspot.post(batch_path("labels/archive"), {"inputs": [entry]})
    assert hubspot.state.associations == set()


async def test_a_label_named_with_the_wrong_category_stays(hubspot: LocalHubSpot) -> None:
    link(hubspot, PAIR, DECISION)
    wrong = {"from": {"id": "1"}, "to": {"id": "2"}, "types": specs(AssociationType("HUBSPOT_DEFINED", 12))}
    assert (await hubspot.post(batch_path("labels/archive"), {"inputs": [wrong]}))[0] == 204
    assert DECISION in hubspot.state.links.types(PAIR)


@pytest.mark.parametrize("action", ["archive", "labels/archive"])
async def test_an_invalid_body_is_refused_and_removes_nothing(hubspot: LocalHubSpot, action: str) -> None:
    link(hubspot)
    bodies: list[object] = [{}, [], {"inputs": []}, {"inputs": [1]}, b"{"]
    for body in bodies:
        assert (await hubspot.post(batch_path(action), body))[0] == 400
    entries: list[object] = [{}, {"from": {"id": "1"}}, {"from": {"id": "x"}, "to": [{"id": "2"}]}]
    for entry in entries:
        status, reply = await hubspot.post(batch_path(action, version="2026-09"), {"inputs": [entry]})
        assert (status, reply["numErrors"]) == (200, 1)
    assert hubspot.state.associations == {PAIR}


@pytest.mark.parametrize("fault", ["association_limit", "empty_results", "num_errors"])
async def test_a_pair_fault_prevents_the_removal_of_its_pair(fault: str) -> None:
    async with local_hubspot(f"{fault}=contacts:1>companies:2") as hubspot:
        link(hubspot)
        link(hubspot, OTHER)
        entry = {"from": {"id": "1"}, "to": [{"id": "2"}, {"id": "3"}]}
        assert (await hubspot.post(batch_path("archive"), {"inputs": [entry]}))[0] == 204
        assert hubspot.state.associations == {PAIR}
        await hubspot.delete(link_path(1, 2))
        assert hubspot.state.associations == {PAIR}


async def test_a_fault_can_affect_one_kind_of_removal() -> None:
    async with local_hubspot("http_503=archive", "lost_504=labels_archive") as hubspot:
        link(hubspot, PAIR, DECISION)
        entry = {"from": {"id": "1"}, "to": [{"id": "2"}]}
        assert (await hubspot.post(batch_path("archive"), {"inputs": [entry]}))[0] == 503
        assert PAIR in hubspot.state.links
        labelled = {"from": {"id": "1"}, "to": {"id": "2"}, "types": specs(DECISION)}
        assert (await hubspot.post(batch_path("labels/archive"), {"inputs": [labelled]}))[0] == 504
        assert hubspot.state.links.types(PAIR) == (PRIMARY, PLAIN)


# ---- leads


LEAD_CONTACT, LEAD_COMPANY = AssociationType("HUBSPOT_DEFINED", 578), AssociationType("HUBSPOT_DEFINED", 580)
LEAD_PAIRS = (Pair("leads", 9, "contacts", 1), Pair("leads", 9, "companies", 2))


async def test_a_lead_that_loses_its_last_primary_association_is_deleted(hubspot: LocalHubSpot) -> None:
    link(hubspot, LEAD_PAIRS[0], LEAD_CONTACT)
    link(hubspot, LEAD_PAIRS[1], LEAD_COMPANY)
    link(hubspot, Pair("leads", 9, "deals", 4))
    await hubspot.delete("/crm/v4/objects/leads/9/associations/contacts/1")
    assert hubspot.state.records.resolve("leads", 9) == 9
    entry = {"from": {"id": "2"}, "to": [{"id": "9"}]}
    await hubspot.post(batch_path("archive", "companies", "leads"), {"inputs": [entry]})
    assert hubspot.state.records.resolve("leads", 9) is None
    assert ("leads", 9) in hubspot.state.records.archived
    assert hubspot.state.associations == set()


async def test_a_lead_is_kept_when_other_links_are_removed(hubspot: LocalHubSpot) -> None:
    link(hubspot, LEAD_PAIRS[0], LEAD_CONTACT)
    link(hubspot, LEAD_PAIRS[0]._replace(to_id=5))
    await hubspot.delete("/crm/v4/objects/leads/9/associations/contacts/5")
    await hubspot.delete("/crm/v4/objects/leads/7/associations/contacts/5")
    assert hubspot.state.records.resolve("leads", 9) == 9
    assert hubspot.state.records.resolve("leads", 7) == 7


async def test_links_of_deals_to_leads_cannot_be_read(hubspot: LocalHubSpot) -> None:
    link(hubspot, Pair("leads", 9, "deals", 4))
    assert len((await hubspot.get("/crm/v4/objects/leads/9/associations/deals"))[1]["results"]) == 1
    assert (await hubspot.get("/crm/v4/objects/deals/4/associations/leads"))[1]["results"] == []
