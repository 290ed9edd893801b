"""Looking up records by a property: whatever the server responds, no value gets another value's record."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.lookup import (
    SEARCH_CHARACTERS,
    Ambiguous,
    Found,
    Key,
    NotFound,
    Result,
    Unread,
    search_body,
    search_chunks,
    unique_properties,
)
from importer.hubspot.lookup_requests import SearchLookup, UniqueLookup
from importer.hubspot.parse import parse_response
from importer.hubspot.response import NoResponse, RateHeaders, Response
from importer.model import ObjectType, RecordId

EMAIL = Key(ObjectType("contacts"), "email")
DOMAIN = Key(ObjectType("companies"), "domain")


def response(status: int, content: Mapping[str, Any]) -> Response:
    return parse_response(status, json.dumps(content).encode(), RateHeaders(), None)


@dataclass
class Account:
    """Records by id, as a server that lists them in any order."""

    records: dict[str, dict[str, str]] = field(default_factory=dict)
    archived: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    seed: int = 0
    calls: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    matches: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)

    async def read(self, body: dict[str, Any]) -> Response | NoResponse:
        return self._read(body, self.records, {})

    async def read_archived(self, body: dict[str, Any]) -> Response | NoResponse:
        return self._read(body, self.archived, {"archivedAt": "2026-11-03T10:00:00Z"})

    def _read(
        self, body: dict[str, Any], records: dict[str, dict[str, str]], extra: Mapping[str, str]
    ) -> Response | NoResponse:
        self.calls += 1
        values = [entry["id"] for entry in body["inputs"]]
        assert len(values) <= 100
        if self.refused & set(values):
            return response(400, {"status": "error", "message": "a value is invalid", "category": "VALIDATION_ERROR"})
        found = {
            record: properties
            for record, properties in records.items()
            if {properties[body["idProperty"]], *properties.get("hs_additional_emails", "").split(";")} & set(values)
        }
        missing = [value for value in values if all(value not in p.values() for p in found.values())]
        results = [{"id": record, "properties": p, **extra} for record, p in found.items()]
        random.Random(self.seed).shuffle(results)
        errors = [{"category": "OBJECT_NOT_FOUND", "message": "not found", "context": {"ids": missing}}]
        if self.seed % 2 or not missing:  # what was not found is in the errors, or simply absent
            return response(200, {"status": "COMPLETE", "results": results})
        return response(207, {"status": "COMPLETE", "results": results, "numErrors": len(missing), "errors": errors})

    async def search(self, body: dict[str, Any]) -> Response | NoResponse:
        self.calls += 1
        self.bodies.append(body)
        (condition,) = body["filterGroups"][0]["filters"]
        key = (condition["propertyName"], *condition["values"])
        if key not in self.matches:  # every page of a search is a part of the same list
            self.matches[key] = [
                {"id": record, "properties": properties}
                for record, properties in self.records.items()
                if properties[condition["propertyName"]].casefold() in condition["values"]
            ]
        found = self.matches[key]
        start = int(body["after"])
        page = found[start : start + body["limit"]]
        following = {"paging": {"next": {"after": str(start + len(page))}}} if start + len(page) < len(found) else {}
        return response(200, {"total": len(found), "results": page, **following})


def look_up(account: Account, values: Sequence[str], key: Key = EMAIL) -> dict[str, Result]:
    return asyncio.run(UniqueLookup(key, account.read, account.read_archived).find(values))


def search_for(account: Account, values: Sequence[str]) -> dict[str, Result]:
    return asyncio.run(SearchLookup(DOMAIN, account.search).find(values))


def people(number: int) -> dict[str, dict[str, str]]:
    return {str(1000 + n): {"email": f"p{n}@example.com"} for n in range(number)}


def test_a_hundred_values_cost_one_call() -> None:
    account = Account(people(250))
    found = look_up(account, [f"p{n}@example.com" for n in range(250)])
    assert found == {f"p{n}@example.com": Found(RecordId(str(1000 + n))) for n in range(250)}
    assert account.calls == 3


def test_a_secondary_address_finds_its_contact() -> None:
    account = Account({"7": {"email": "new@example.com", "hs_additional_emails": "old@example.com;older@example.com"}})
    assert look_up(account, ["older@example.com"]) == {"older@example.com": Found(RecordId("7"))}


def test_an_address_that_may_come_from_a_merged_contact_names_that_contact() -> None:
    emails = {"email": "New@example.com", "hs_additional_emails": "old@example.com"}
    account = Account({"7": {**emails, "hs_merged_object_ids": "3;5"}})
    found = look_up(account, ["old@example.com", "new@example.com"])
    merged = (RecordId("3"), RecordId("5"))
    assert found == {"old@example.com": Found(RecordId("7"), merged), "new@example.com": Found(RecordId("7"))}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_value_that_no_record_has_is_not_found(seed: int) -> None:
    account = Account(people(1), seed=seed)
    assert look_up(account, ["p0@example.com", "x@example.com"])["x@example.com"] == NotFound()


def test_a_deleted_record_is_not_found_with_the_day() -> None:
    account = Account(archived={"7": {"email": "gone@example.com"}})
    assert look_up(account, ["gone@example.com"]) == {"gone@example.com": NotFound("2026-11-03")}


def test_one_refused_value_leaves_the_others_found() -> None:
    account = Account(people(100), refused=frozenset({"p7@example.com"}))
    found = look_up(account, [f"p{n}@example.com" for n in range(100)])
    assert [value for value, result in found.items() if not isinstance(result, Found)] == ["p7@example.com"]
    assert found["p7@example.com"] == Unread("HubSpot responded with 400: a value is invalid.", is_refused=True)
    assert account.calls <= 2 * 8


def test_a_property_that_is_refused_altogether_costs_few_calls() -> None:
    values = [f"p{n}@example.com" for n in range(1_000)]
    account = Account(refused=frozenset(values))
    found = list(look_up(account, values).values())
    assert all(isinstance(result, Unread) for result in found)
    assert sum(isinstance(result, Unread) and result.is_refused for result in found) < 40
    assert account.calls < 120


@pytest.mark.parametrize(
    "reply",
    [
        NoResponse("the connection was closed", reached=True),
        response(502, {}),
        response(403, {"status": "error", "category": "MISSING_SCOPES", "message": "no"}),
        response(200, {"status": "COMPLETE", "results": "none"}),
        response(200, {"status": "PROCESSING", "results": []}),
        response(207, {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{"category": "INTERNAL"}]}),
        response(207, {"status": "COMPLETE", "results": [], "numErrors": 2}),
        response(200, {"status": "COMPLETE", "results": ["text"]}),
        response(200, {"status": "COMPLETE", "results": [{"id": "7"}]}),
        response(200, {"status": "COMPLETE", "results": [{"id": "x", "properties": {"email": "a@example.com"}}]}),
    ],
)
def test_what_could_not_be_read_is_never_not_found(reply: Response | NoResponse) -> None:
    async def post(body: dict[str, Any]) -> Response | NoResponse:
        return reply

    found = asyncio.run(UniqueLookup(EMAIL, post, post).find(["a@example.com", "b@example.com"]))
    assert found.keys() == {"a@example.com", "b@example.com"}
    assert all(isinstance(result, Unread) and not result.is_refused for result in found.values())


@pytest.mark.parametrize("lookup", [look_up, search_for])
def test_a_record_without_the_value_is_not_that_of_the_value(lookup: Callable[..., dict[str, Result]]) -> None:
    class Odd(Account):
        async def read(self, body: dict[str, Any]) -> Response | NoResponse:
            key = body.get("idProperty", "domain")
            return response(200, {"status": "COMPLETE", "results": [{"id": "7", "properties": {key: "other"}}]})

        search = read

    assert lookup(Odd(), ["a@example.com"]) == {
        "a@example.com": Unread("HubSpot found a record that does not have this value.", is_refused=True)
    }


@pytest.mark.parametrize("values", [["c7", "C7", "x9"], ["x9"], ["C7", "X9", "x9"]])
def test_other_values_are_compared_as_written_and_else_in_any_case(values: list[str]) -> None:
    async def read(body: dict[str, Any]) -> Response:
        records = {"1": "c7", "2": "C7", "3": "X9"} if "c7" in values else {"2": "C7", "3": "X9"}
        items = [{"id": record, "properties": {"number": value}} for record, value in records.items()]
        return response(200, {"status": "COMPLETE", "results": items})

    lookup = UniqueLookup(Key(ObjectType("contacts"), "number"), read, read)
    owners = {"c7": "1", "C7": "2", "x9": "3", "X9": "3"}
    assert asyncio.run(lookup.find(values)) == {value: Found(RecordId(owners[value])) for value in values}


def test_a_search_that_lists_fewer_records_than_it_found_is_not_trusted() -> None:
    async def search(body: dict[str, Any]) -> Response:
        return response(200, {"total": 2, "results": [{"id": "7", "properties": {"domain": "a.com"}}]})

    assert asyncio.run(SearchLookup(DOMAIN, search).find(["a.com"])) == {
        "a.com": Ambiguous((RecordId("7"),), is_complete=False)
    }


names = st.sampled_from([f"{n}@example.com" for n in range(12)])


@pytest.mark.slow
@given(
    st.dictionaries(st.integers(1, 30).map(str), st.tuples(names, st.lists(names, max_size=2))),
    st.lists(names, unique=True, min_size=1),
    st.frozensets(names, max_size=2),
    st.integers(0, 3),
)
def test_no_value_is_matched_to_a_record_that_does_not_have_it(
    records: dict[str, tuple[str, list[str]]], values: list[str], refused: frozenset[str], seed: int
) -> None:
    account = Account(
        {r: {"email": email, "hs_additional_emails": ";".join(more)} for r, (email, more) in records.items()},
        refused=refused,
        seed=seed,
    )
    owners = {v: tuple(sorted(r for r, (email, more) in records.items() if v in {email, *more})) for v in values}
    found = look_up(account, values)
    assert found.keys() == set(values)
    for value, result in found.items():
        if value in refused:
            assert isinstance(result, Unread)
        elif len(owners[value]) == 1:
            assert result == Found(RecordId(owners[value][0]))
        elif owners[value]:
            assert isinstance(result, Ambiguous)
            assert tuple(sorted(result.record_ids)) == owners[value]
        else:
            assert result == NotFound()


def test_a_search_finds_values_in_any_case_and_names_all_records_that_have_one() -> None:
    account = Account({"1": {"domain": "ACME.com"}, "2": {"domain": "twice.com"}, "3": {"domain": "twice.com"}})
    assert search_for(account, ["acme.com", "twice.com", "none.com"]) == {
        "acme.com": Found(RecordId("1")),
        "twice.com": Ambiguous((RecordId("2"), RecordId("3"))),
        "none.com": NotFound(),
    }


def test_a_search_reads_all_its_pages() -> None:
    account = Account({str(n): {"domain": f"d{n % 50}.com"} for n in range(1, 451)})
    found = search_for(account, [f"d{n}.com" for n in range(50)])
    assert all(isinstance(result, Ambiguous) and len(result.record_ids) == 9 for result in found.values())


@pytest.mark.slow
def test_values_of_more_records_than_a_search_lists_are_ambiguous_and_hide_no_others() -> None:
    account = Account({str(n): {"domain": "many.com"} for n in range(1, 10_500)} | {"20000": {"domain": "one.com"}})
    found = search_for(account, ["many.com", "one.com", "none.com"])
    assert isinstance(found["many.com"], Ambiguous)
    assert not found["many.com"].is_complete
    assert (found["one.com"], found["none.com"]) == (Found(RecordId("20000")), NotFound())


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=400))
def test_searches_keep_the_limits_and_lose_no_value(values: list[str]) -> None:
    chunks = list(search_chunks(DOMAIN, values))
    assert [value for chunk in chunks for value in chunk] == values
    for chunk in chunks:
        assert len(chunk) <= 100
        assert len(json.dumps(search_body(DOMAIN, chunk, "10000"))) <= SEARCH_CHARACTERS


def test_which_properties_are_unique_is_read_or_unknown() -> None:
    listed = {"results": [{"name": "email", "hasUniqueValue": True}, {"name": "phone"}]}
    assert unique_properties(response(200, listed)) == {"email": True, "phone": False}
    assert unique_properties(response(403, listed)) is None


def test_broken_paging_leaves_the_values_unread() -> None:
    async def search(body: dict[str, Any]) -> Response | NoResponse:
        return response(200, {"results": [], "paging": {"next": {}}})

    lookup: Callable[[Sequence[str]], Any] = SearchLookup(DOMAIN, search).find
    assert asyncio.run(lookup(["a.com"])) == {
        "a.com": Unread("HubSpot's response does not say which record has this value.")
    }
