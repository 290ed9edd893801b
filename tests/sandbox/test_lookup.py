"""Reading records by id and by unique properties, lists of records and property definitions."""

from typing import Any

import pytest

from importer.sandbox.pairs import Pair
from importer.sandbox.samples import (
    ARCHIVED_CONTACT,
    ARCHIVED_EMAIL,
    MERGED_CONTACT,
    MERGED_EMAIL,
    PEOPLE,
    SECONDARY_EMAIL,
)
from tests.sandbox.test_labels import VERSIONS
from tests.support.local_hubspot import LocalHubSpot, id_inputs, local_hubspot

ADA, BEN = PEOPLE[0], PEOPLE[1]


def records_path(object_type: str = "contacts", version: str = "v4", rest: str = "/batch/read") -> str:
    objects = "/crm/v3/objects" if version == "v4" else f"/crm/objects/{version}"
    return f"{objects}/{object_type}{rest}"


def by(id_property: str, *values: str, properties: tuple[str, ...] = ()) -> dict[str, Any]:
    return {**id_inputs(*values), "idProperty": id_property, "properties": list(properties)}


async def ids_of(hubspot: LocalHubSpot, body: object, object_type: str = "contacts", query: str = "") -> list[str]:
    status, reply = await hubspot.post(records_path(object_type) + query, body)
    assert status in {200, 207}
    return sorted(one["id"] for one in reply["results"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_contacts_are_read_by_email(version: str) -> None:
    async with local_hubspot() as hubspot:
        body = by("email", ADA[3].upper(), "contact-12@example.com", "nobody@nowhere.example", properties=("email",))
        status, reply = await hubspot.post(records_path(version=version), body)
        assert (status, reply["status"], reply["numErrors"]) == (207, "COMPLETE", 1)
        assert reply["errors"][0]["category"] == "OBJECT_NOT_FOUND"
        assert reply["errors"][0]["context"] == {"ids": ["nobody@nowhere.example"]}
        assert {one["id"]: one["properties"]["email"] for one in reply["results"]} == {
            str(ADA[0]): ADA[3],
            "12": "contact-12@example.com",
        }
        assert all(one["archived"] is False and "createdAt" in one for one in reply["results"])


async def test_results_do_not_identify_their_input_and_have_requested_properties_only(hubspot: LocalHubSpot) -> None:
    _, reply = await hubspot.post(records_path(), by("email", ADA[3], BEN[3], properties=("firstname", "no_such")))
    assert [one["id"] for one in reply["results"]] == [str(BEN[0]), str(ADA[0])]
    assert set(reply["results"][0]["properties"]) == {"createdate", "hs_lastmodifieddate", "hs_object_id", "firstname"}
    assert set(reply["results"][0]) == {"id", "properties", "createdAt", "updatedAt", "archived"}


async def test_an_additional_email_finds_its_contact(hubspot: LocalHubSpot) -> None:
    body = by("email", SECONDARY_EMAIL, properties=("email", "hs_additional_emails"))
    _, reply = await hubspot.post(records_path(), body)
    assert reply["results"][0]["properties"]["email"] == ADA[3]
    assert reply["results"][0]["properties"]["hs_additional_emails"] == SECONDARY_EMAIL


async def test_a_merged_contact_is_found_by_its_old_id_and_email_as_the_survivor(hubspot: LocalHubSpot) -> None:
    body = {**id_inputs(MERGED_CONTACT), "properties": ["hs_merged_object_ids"]}
    _, reply = await hubspot.post(records_path(), body)
    assert reply["results"][0]["id"] == str(BEN[0])
    assert reply["results"][0]["properties"]["hs_merged_object_ids"] == str(MERGED_CONTACT)
    assert await ids_of(hubspot, by("email", MERGED_EMAIL)) == [str(BEN[0])]
    assert await ids_of(hubspot, id_inputs(MERGED_CONTACT, BEN[0])) == [str(BEN[0])]


async def test_archived_records_are_read_on_request_only(hubspot: LocalHubSpot) -> None:
    assert await ids_of(hubspot, by("email", ARCHIVED_EMAIL)) == []
    status, reply = await hubspot.post(records_path() + "?archived=true", by("email", ARCHIVED_EMAIL, ADA[3]))
    assert (status, [one["id"] for one in reply["results"]]) == (207, [str(ARCHIVED_CONTACT)])
    assert (reply["results"][0]["archived"], "archivedAt" in reply["results"][0]) == (True, True)


@pytest.mark.parametrize(
    ("object_type", "name"),
    [("companies", "domain"), ("contacts", "hs_object_id"), ("contacts", "firstname"), ("deals", "email")],
)
async def test_a_property_that_is_not_unique_is_refused(hubspot: LocalHubSpot, object_type: str, name: str) -> None:
    status, reply = await hubspot.post(records_path(object_type), by(name, "1"))
    assert (status, reply["category"]) == (400, "VALIDATION_ERROR")


async def test_a_property_with_unique_values_identifies_records(hubspot: LocalHubSpot) -> None:
    assert await ids_of(hubspot, by("account_code", "a12", "A13"), "companies") == ["12", "13"]
    await hubspot.post("/sandbox/properties", {"add": [{"type": "deals", "name": "order_number", "unique": True}]})
    deal = {"type": "deals", "id": "77", "properties": {"order_number": "SO-1"}}
    await hubspot.post("/sandbox/records", {"add": [deal]})
    assert await ids_of(hubspot, by("order_number", "so-1"), "deals") == ["77"]


async def test_a_batch_read_takes_a_hundred_inputs(hubspot: LocalHubSpot) -> None:
    assert (await hubspot.post(records_path(), id_inputs(*range(1, 101))))[0] == 200
    assert (await hubspot.post(records_path(), id_inputs(*range(1, 102))))[0] == 400
    assert (await hubspot.post(records_path(), []))[0] == 400
    assert (await hubspot.post(records_path("contact"), id_inputs(1)))[0] == 400


async def test_a_changed_value_no_longer_finds_its_record(hubspot: LocalHubSpot) -> None:
    contact = {"type": "contacts", "id": "12", "properties": {"email": "new@example.com"}}
    await hubspot.post("/sandbox/records", {"add": [contact]})
    assert await ids_of(hubspot, by("email", "contact-12@example.com")) == []
    assert await ids_of(hubspot, by("email", "new@example.com")) == ["12"]


async def test_a_lookup_can_omit_a_record_without_an_error() -> None:
    async with local_hubspot("unnamed_records=lookup") as hubspot:
        assert await ids_of(hubspot, id_inputs(1, 2)) == ["2"]


# ---- lists and definitions


@pytest.mark.parametrize("version", VERSIONS)
async def test_records_are_listed_page_by_page(version: str) -> None:
    async with local_hubspot(records=5, sample_records=False) as hubspot:
        hubspot.state.records.add(("deals", 123_450_000_123))
        hubspot.state.records.remove(("deals", 2))
        hubspot.state.merge(("deals", 3), 4)
        found, query = [], "?limit=2&properties=dealname"
        while query:
            _, body = await hubspot.get(records_path("deals", version, "") + query)
            found += [one["id"] for one in body["results"]]
            assert all(one["properties"]["dealname"] == f"Deal {one['id']}" for one in body["results"])
            query = f"?limit=2&properties=dealname&after={body['paging']['next']['after']}" if "paging" in body else ""
        assert found == ["1", "4", "5", "123450000123"]


async def test_a_list_of_many_records_has_the_first_ones_and_those_with_links_or_values() -> None:
    async with local_hubspot(sample_records=False) as hubspot:
        hubspot.state.links.add(Pair("deals", 500_000, "companies", 400_000))
        hubspot.state.records.add(("deals", 600_000), {"dealname": "A"})
        assert list(hubspot.state.records.listed_ids("deals", 998, hubspot.state.links.linked("deals"))) == [
            999,
            1_000,
            500_000,
            600_000,
        ]
        status, body = await hubspot.get(records_path("deals", rest="?limit=100&after=1000"))
        assert (status, [one["id"] for one in body["results"]]) == (200, ["500000", "600000"])


async def test_archived_records_are_listed_on_request(hubspot: LocalHubSpot) -> None:
    _, body = await hubspot.get(records_path(rest="?limit=100&archived=true"))
    assert [one["id"] for one in body["results"]] == [str(ARCHIVED_CONTACT)]
    assert (await hubspot.get(records_path(rest="?limit=101")))[0] == 400


@pytest.mark.parametrize("path", ["/crm/v3/properties", "/crm/properties/2026-03", "/crm/properties/2026-09"])
async def test_property_definitions_say_which_values_are_unique(hubspot: LocalHubSpot, path: str) -> None:
    status, body = await hubspot.get(f"{path}/companies")
    unique = {one["name"]: one["hasUniqueValue"] for one in body["results"]}
    assert (status, unique["domain"], unique["account_code"]) == (200, False, True)
    assert (await hubspot.get(f"{path}/company"))[0] == 400


async def test_the_missing_scope_of_a_lookup_is_that_to_read_records() -> None:
    async with local_hubspot("scopes_missing=lookup") as hubspot:
        status, reply = await hubspot.post(records_path(), id_inputs(1))
        assert status == 403
        assert reply["errors"][0]["context"]["missingScopes"] == ["crm.objects.contacts.read"]


async def test_a_fault_can_affect_the_lookup_of_single_values() -> None:
    async with local_hubspot("http_500=lookup,pairs:0.2") as hubspot:
        emails = [f"contact-{number}@example.com" for number in range(1, 51)]
        statuses = [(await hubspot.post(records_path(), by("email", email)))[0] for email in emails]
        assert 2 <= statuses.count(500) <= 20
        assert [(await hubspot.post(records_path(), by("email", email)))[0] for email in emails] == statuses
