"""Search and its limits."""

from typing import Any

import pytest

from importer.sandbox.samples import COMPANIES, TWO_COMPANIES_DOMAIN
from tests.sandbox.test_labels import VERSIONS
from tests.support.local_hubspot import LocalHubSpot, ManualClock, local_hubspot


def search_path(object_type: str = "companies", version: str = "v4") -> str:
    objects = "/crm/v3/objects" if version == "v4" else f"/crm/objects/{version}"
    return f"{objects}/{object_type}/search"


def one_of(name: str, *values: str, **more: Any) -> dict[str, Any]:
    filters = [{"propertyName": name, "operator": "IN", "values": list(values)}]
    return {
        "filterGroups": [{"filters": filters}],
        "properties": [name],
        "limit": 200,
        "after": "0",
        "sorts": [],
        **more,
    }


@pytest.mark.parametrize("version", VERSIONS)
async def test_companies_are_found_by_domain_even_several_with_one_domain(version: str) -> None:
    async with local_hubspot() as hubspot:
        body = one_of("domain", COMPANIES[0][2], TWO_COMPANIES_DOMAIN, "company-12.example.com", "nowhere.example")
        status, reply = await hubspot.post(search_path(version=version), body)
        assert (status, reply["total"]) == (200, 4)
        assert {one["id"]: one["properties"]["domain"] for one in reply["results"]} == {
            "12": "company-12.example.com",
            str(COMPANIES[0][0]): COMPANIES[0][2],
            "70011": TWO_COMPANIES_DOMAIN,
            "70012": TWO_COMPANIES_DOMAIN,
        }


@pytest.mark.parametrize("domain", ["UPPER.Example", "Straße.example", "ΣΊΣΥΦΟΣ.example"])
async def test_values_match_in_lower_case_only(hubspot: LocalHubSpot, domain: str) -> None:
    await hubspot.post(
        "/sandbox/records", {"add": [{"type": "companies", "id": "7", "properties": {"domain": domain}}]}
    )
    for value, total in ((domain, 0), (domain.lower(), 1)):
        assert (await hubspot.post(search_path(), one_of("domain", value)))[1]["total"] == total


async def test_archived_and_merged_records_are_not_found(hubspot: LocalHubSpot) -> None:
    records = {
        "archive": [{"type": "companies", "id": "12"}],
        "merge": [{"type": "companies", "id": "13", "into": "14"}],
    }
    await hubspot.post("/sandbox/records", records)
    body = one_of("domain", *(f"company-{number}.example.com" for number in (12, 13, 14)))
    _, reply = await hubspot.post(search_path(), body)
    assert [one["id"] for one in reply["results"]] == ["14"]


async def test_a_record_is_found_if_all_filters_of_any_group_hold(hubspot: LocalHubSpot) -> None:
    toys = {"propertyName": "name", "operator": "EQ", "value": "harbour toys"}
    domain = {"propertyName": "domain", "operator": "NEQ", "value": TWO_COMPANIES_DOMAIN}
    lamps = {"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "lamps"}
    for groups, expected in (([[toys]], 2), ([[toys, domain]], 0), ([[toys, domain], [lamps]], 1)):
        body = {"filterGroups": [{"filters": group} for group in groups], "limit": 10}
        assert (await hubspot.post(search_path(), body))[1]["total"] == expected


async def test_results_are_paged() -> None:
    async with local_hubspot(search_limit=100) as hubspot:
        domains = [f"company-{number}.example.com" for number in range(1, 6)]
        found, after = [], "0"
        while after:
            _, reply = await hubspot.post(search_path(), one_of("domain", *domains, limit=2, after=after))
            found += [one["id"] for one in reply["results"]]
            after = reply.get("paging", {}).get("next", {}).get("after", "")
        assert found == ["1", "2", "3", "4", "5"]


FILTER = {"propertyName": "domain", "operator": "EQ", "value": "x"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        one_of("domain", "x" * 3_000),
        one_of("domain", "x", limit=201),
        one_of("domain", "x", after="9900"),
        one_of("no_such_property", "x"),
        {"filterGroups": [{"filters": [FILTER]}] * 6},
        {"filterGroups": [{"filters": [FILTER] * 5}] * 4},
        {"filterGroups": [{"filters": [{**FILTER, "operator": "LIKE"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "domain", "operator": "IN", "value": "x"}]}]},
    ],
)
async def test_a_search_above_the_limits_is_refused(hubspot: LocalHubSpot, body: Any) -> None:
    status, reply = await hubspot.post(search_path(), body)
    assert (status, reply["category"]) == (400, "VALIDATION_ERROR")


async def test_five_searches_a_second_are_allowed_and_have_no_rate_headers() -> None:
    clock = ManualClock()
    async with local_hubspot(clock=clock, limit=1) as hubspot:
        replies = [await hubspot.exchange("POST", search_path(), one_of("domain", "x")) for _ in range(6)]
        assert [reply.status for reply in replies] == [200] * 5 + [429]
        assert replies[5].body["policyName"] == "SECONDLY"
        assert not [name for reply in replies for name in reply.headers if name.startswith("X-HubSpot")]
        clock.now = 1.0
        assert (await hubspot.post(search_path("contacts"), one_of("email", "x")))[0] == 200
        _, state = await hubspot.get("/sandbox/state?summary=1")
        assert (state["rate"]["worst_search_second"], state["rate"]["worst_window"]) == (6, 0)
