"""The single default PUT, over a socket, without faults."""

import pytest

from tests.support.local_hubspot import LocalHubSpot, batch_path, default_path, local_hubspot

BATCH = batch_path("associate/default")


@pytest.mark.parametrize(
    "where",
    [
        "/crm/v4/objects/contacts/1/associations/default/companies/2",
        "/crm/objects/2026-03/contacts/1/associations/default/companies/2",
        "/crm/objects/2026-09/contacts/1/associations/default/companies/2",
        "/crm/objects/2026-09/0-1/1/associations/default/0-2/2",
    ],
)
async def test_a_put_links_and_returns_both_directions(hubspot: LocalHubSpot, where: str) -> None:
    status, body = await hubspot.put(where)
    assert (status, body["status"]) == (200, "COMPLETE")
    assert {"completedAt", "results", "startedAt", "status"} <= set(body)  # required by the API description
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
    assert hubspot.state.associations == {("contacts", 1, "companies", 2)}


async def test_a_repeated_or_reversed_put_links_nothing_new(hubspot: LocalHubSpot) -> None:
    for where in (default_path(1, 2), default_path(1, 2), default_path(2, 1, "companies", "contacts")):
        assert (await hubspot.put(where))[0] == 200
    assert hubspot.state.associations == {("contacts", 1, "companies", 2)}
    assert hubspot.state.asked == {("contacts", 1, "companies", 2): 2, ("companies", 2, "contacts", 1): 1}


async def test_custom_types_are_known_by_id_and_by_name(hubspot: LocalHubSpot) -> None:
    for to_type in ("2-101", "p1_pets", "pets"):
        status, body = await hubspot.put(default_path(1, 2, to_type=to_type))
        assert (status, body["results"][0]["associationSpec"]["associationCategory"]) == (200, "USER_DEFINED")
    assert hubspot.state.associations == {("contacts", 1, "p1_pets", 2)}


@pytest.mark.parametrize(
    ("where", "status", "category", "words"),
    [
        (default_path(1_000_000, 2), 404, "OBJECT_NOT_FOUND", "contacts 1000000"),
        (default_path(1, 1_000_000), 404, "OBJECT_NOT_FOUND", "companies 1000000"),
        (default_path(0, 2), 404, "OBJECT_NOT_FOUND", "contacts 0"),
        (default_path(1, 2, from_type="contact"), 400, "VALIDATION_ERROR", "contact"),
        (default_path(1, 2, to_type="2-999"), 400, "VALIDATION_ERROR", "2-999"),
        (default_path("abc", 2), 400, "VALIDATION_ERROR", "abc"),
        (default_path(1, "9" * 30), 400, "VALIDATION_ERROR", "999"),
        (default_path(1, "2%2F3"), 400, "VALIDATION_ERROR", "2/3"),
        (default_path(5, 5, to_type="contacts"), 400, "VALIDATION_ERROR", "itself"),
        ("/crm/v3/objects/contacts/1", 404, "OBJECT_NOT_FOUND", "path"),
        ("/crm/objects/2025-01/contacts/1/associations/default/companies/2", 404, "OBJECT_NOT_FOUND", "path"),
        (BATCH, 405, "METHOD_NOT_ALLOWED", "PUT"),
    ],
)
async def test_an_impossible_link_is_refused_with_an_error_body(
    hubspot: LocalHubSpot, where: str, status: int, category: str, words: str
) -> None:
    seen, body = await hubspot.put(where)
    assert (seen, body["category"], body["status"]) == (status, category, "error")
    assert body["correlationId"]
    assert words in body["message"]
    assert hubspot.state.associations == set()


async def test_a_link_above_the_cap_is_refused_but_repeating_a_link_is_not() -> None:
    async with local_hubspot(link_cap=2) as hubspot:
        replies = [await hubspot.put(default_path(1, company)) for company in (1, 2, 3, 1)]
        assert [status for status, _ in replies] == [200, 200, 400, 200]
        assert "limit of 2" in replies[2][1]["message"]
        assert (await hubspot.put(default_path(2, 1)))[0] == 200
        assert (await hubspot.put(default_path(3, 1)))[0] == 400
