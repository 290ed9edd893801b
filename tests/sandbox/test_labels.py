"""Association types: reading their definitions, labelled PUT and batch create."""

from typing import Any

import pytest

from importer.sandbox.association_types import MAX_LABELS, AssociationType
from tests.support.local_hubspot import LocalHubSpot, batch_path, default_path, id_inputs, local_hubspot

VERSIONS = ("v4", "2026-03", "2026-09")
PLAIN, PRIMARY = AssociationType("HUBSPOT_DEFINED", 279), AssociationType("HUBSPOT_DEFINED", 1)
DECISION, BILLING = AssociationType("USER_DEFINED", 1), AssociationType("USER_DEFINED", 3)
"""The sample labels from contacts to companies; the numbers between are those of the other direction."""


def specs(*types: AssociationType) -> list[dict[str, Any]]:
    return [{"associationCategory": one.category, "associationTypeId": one.type_id} for one in types]


def link_path(from_id: int, to_id: int, version: str = "v4") -> str:
    objects = "/crm/v4/objects" if version == "v4" else f"/crm/objects/{version}"
    return f"{objects}/contacts/{from_id}/associations/companies/{to_id}"


async def types_of(hubspot: LocalHubSpot, from_id: int, *, reverse: bool = False) -> dict[str, list[str]]:
    """Return the types of all links of a contact (reverse: a company), as a batch read lists them."""
    types = ("companies", "contacts") if reverse else ("contacts", "companies")
    _, body = await hubspot.post(batch_path("read", *types), id_inputs(from_id))
    links = body["results"][0]["to"] if body["results"] else []
    return {
        link["toObjectId"]: [f"{one['category']}:{one['typeId']}" for one in link["associationTypes"]] for link in links
    }


# ---- definitions


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v4/associations/{}/{}/labels",
        "/crm/associations/v4/{}/{}/labels",
        "/crm/associations/2026-03/{}/{}/labels",
        "/crm/associations/2026-09/{}/{}/labels",
    ],
)
async def test_labels_are_listed_for_one_direction(hubspot: LocalHubSpot, path: str) -> None:
    status, body = await hubspot.get(path.format("contacts", "companies"))
    assert status == 200
    assert body["results"] == [
        {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
        {"category": "USER_DEFINED", "typeId": 1, "label": "Decision maker"},
        {"category": "USER_DEFINED", "typeId": 3, "label": "Billing contact"},
        {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
    ]
    _, reverse = await hubspot.get(path.format("0-2", "0-1"))
    assert [one["typeId"] for one in reverse["results"]] == [2, 2, 4, 280]


async def test_both_texts_of_a_paired_label_are_listed_for_one_type(hubspot: LocalHubSpot) -> None:
    _, body = await hubspot.get("/crm/v4/associations/contacts/contacts/labels")
    assert [(one["typeId"], one["label"]) for one in body["results"]] == [(5, "Manager"), (6, "Employee"), (449, None)]


async def test_a_label_can_be_created_until_there_are_too_many() -> None:
    async with local_hubspot(sample_records=False) as hubspot:
        path = "/crm/associations/v4/deals/tickets/labels"
        status, body = await hubspot.post(path, {"label": "Caused by", "name": "caused_by", "inverseLabel": "Causes"})
        assert (status, [one["label"] for one in body["results"]]) == (200, ["Caused by", "Causes"])
        for number in range(1, MAX_LABELS):
            assert (await hubspot.post(path, {"label": f"Label {number}", "name": f"l{number}"}))[0] == 200
        status, body = await hubspot.post(path, {"label": "One more", "name": "more"})
        assert (status, body["status"]) == (437, "error")


# ---- labelled PUT


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_labelled_put_replaces_labels_and_keeps_the_unlabelled_type(version: str) -> None:
    async with local_hubspot() as hubspot:
        status, body = await hubspot.put(link_path(1, 2, version), specs(DECISION, BILLING))
        assert (status, body) == (
            201,
            {
                "fromObjectTypeId": "0-1",
                "fromObjectId": "1",
                "toObjectTypeId": "0-2",
                "toObjectId": "2",
                "labels": ["Primary", "Decision maker", "Billing contact"],
            },
        )
        status, body = await hubspot.put(link_path(1, 2, version), specs(BILLING))
        assert (status, body["labels"]) == (201, ["Billing contact"])
        assert await types_of(hubspot, 1) == {"2": ["USER_DEFINED:3", "HUBSPOT_DEFINED:279"]}
        assert await types_of(hubspot, 2, reverse=True) == {"1": ["USER_DEFINED:4", "HUBSPOT_DEFINED:280"]}
        status, body = await hubspot.put(link_path(1, 2, version), specs(PLAIN))
        assert (status, body["labels"]) == (201, [])


async def test_a_default_put_keeps_existing_labels(hubspot: LocalHubSpot) -> None:
    await hubspot.put(link_path(1, 2), specs(DECISION))
    await hubspot.put(default_path(1, 2))
    assert await types_of(hubspot, 1) == {"2": ["HUBSPOT_DEFINED:1", "USER_DEFINED:1", "HUBSPOT_DEFINED:279"]}


async def test_a_paired_label_has_its_other_text_in_the_other_direction(hubspot: LocalHubSpot) -> None:
    manager = specs(AssociationType("USER_DEFINED", 5))
    await hubspot.put("/crm/v4/objects/contacts/1/associations/contacts/2", manager)
    _, body = await hubspot.get("/crm/v4/objects/contacts/2/associations/contacts")
    assert [one["label"] for one in body["results"][0]["associationTypes"]] == ["Employee", None]


@pytest.mark.parametrize(
    "unknown",
    [
        AssociationType("USER_DEFINED", 2),
        AssociationType("HUBSPOT_DEFINED", 280),
        AssociationType("HUBSPOT_DEFINED", 3),
        AssociationType("USER_DEFINED", 279),
    ],
)
async def test_a_type_of_another_direction_or_category_is_refused(
    hubspot: LocalHubSpot, unknown: AssociationType
) -> None:
    status, body = await hubspot.put(link_path(1, 2), specs(DECISION, unknown))
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["subCategory"] == "crm.associations.INVALID_ASSOCIATION_TYPE"
    assert len(hubspot.state.links) == 0


@pytest.mark.parametrize("body", [[], {}, [1], [{"associationTypeId": 1}], [{"associationCategory": "USER_DEFINED"}]])
async def test_an_invalid_list_of_types_is_refused(hubspot: LocalHubSpot, body: Any) -> None:
    assert (await hubspot.put(link_path(1, 2), body))[0] == 400


async def test_unknown_records_cannot_be_labelled(hubspot: LocalHubSpot) -> None:
    assert (await hubspot.put(link_path(1, 5_000_000), specs(DECISION)))[0] == 404


# ---- batch create


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_batch_create_labels_valid_pairs_and_lists_errors(version: str) -> None:
    async with local_hubspot() as hubspot:
        path = batch_path("create", version=version)
        entry = {"from": {"id": "1"}, "to": {"id": "2"}, "types": specs(DECISION)}
        status, body = await hubspot.post(path, {"inputs": [entry]})
        assert (status, body["status"], body["results"][0]["labels"]) == (
            201,
            "COMPLETE",
            ["Primary", "Decision maker"],
        )
        invalid = {**entry, "types": specs(AssociationType("USER_DEFINED", 99))}
        unknown = {**entry, "to": {"id": "5000000"}}
        status, body = await hubspot.post(path, {"inputs": [{**entry, "types": specs(BILLING)}, invalid, unknown]})
        assert (status, body["numErrors"], len(body["errors"]), len(body["results"])) == (207, 2, 2, 1)
        assert await types_of(hubspot, 1) == {"2": ["USER_DEFINED:3", "HUBSPOT_DEFINED:279"]}


# ---- limits of labels


async def test_a_limit_of_a_label_is_listed_and_enforced_on_new_links(hubspot: LocalHubSpot) -> None:
    limit = {"from": "contacts", "to": "companies", "type": "USER_DEFINED:1", "max": 1}
    assert (await hubspot.post("/sandbox/labels", {"limit": [limit]}))[0] == 200
    for path in ("associations/v4", "associations/2026-09"):
        _, body = await hubspot.get(f"/crm/{path}/definitions/configurations/contacts/companies")
        assert body["results"] == [
            {"category": "USER_DEFINED", "typeId": 1, "label": "Decision maker", "userEnforcedMaxToObjectIds": 1}
        ]
    assert (await hubspot.put(link_path(1, 2), specs(DECISION)))[0] == 201
    assert (await hubspot.put(link_path(1, 2), specs(DECISION, BILLING)))[0] == 201
    status, body = await hubspot.put(link_path(1, 3), specs(DECISION))
    assert (status, body["subCategory"]) == (400, "crm.associations.ASSOCIATION_LIMIT_EXCEEDED")
    assert (await hubspot.put(link_path(1, 3), specs(BILLING)))[0] == 201


async def test_a_limit_of_the_unlabelled_type_applies_to_default_links(hubspot: LocalHubSpot) -> None:
    limit = {"from": "companies", "to": "contacts", "type": "HUBSPOT_DEFINED:280", "max": 1}
    await hubspot.post("/sandbox/labels", {"limit": [limit]})
    assert [(await hubspot.put(default_path(contact, 2)))[0] for contact in (1, 1, 3)] == [200, 200, 400]


async def test_without_an_unlabelled_type_default_links_are_refused(hubspot: LocalHubSpot) -> None:
    await hubspot.post("/sandbox/labels", {"remove_default": [{"from": "contacts", "to": "2-101"}]})
    status, body = await hubspot.put(default_path(1, 2, to_type="p1_pets"))
    assert (status, body["subCategory"]) == (400, "crm.associations.INVALID_ASSOCIATION_TYPE")
    assert await hubspot.get("/crm/v4/associations/p1_pets/contacts/labels") == (200, {"results": []})
