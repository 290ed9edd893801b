"""Batch reads: the links they list, and the records that stay unread."""

from typing import Any

import pytest

from importer.hubspot.batch_read import Link, classify_read_response, parse_page
from importer.hubspot.classify import Action, classify_response
from importer.model import Status
from tests.support.responses import PAIR, error, parsed

UNLABELLED = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
MANAGER = {"category": "USER_DEFINED", "typeId": 12, "label": "Manager"}


def listed(record: object, *others: object, types: object = (UNLABELLED,), **extra: Any) -> dict[str, Any]:
    """Return one item of the `results` of a read."""
    links = [{"toObjectId": other, "associationTypes": types} for other in others]
    return {"from": {"id": record}, "to": links, **extra}


def no_links(record: str) -> dict[str, Any]:
    """Return the error about a record without links."""
    return error(
        "OBJECT_NOT_FOUND", subCategory="crm.associations.NO_ASSOCIATIONS_FOUND", context={"fromObjectId": [record]}
    )


def read(*results: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"status": "COMPLETE", "results": list(results), **extra}


# ---- the call


def test_a_read_that_names_results_can_be_trusted() -> None:
    for status in (200, 207):
        decision = classify_read_response(parsed(status, read(errors=[error()])), PAIR)
        assert (decision.action, decision.outcome.status) == (Action.DONE, Status.ALREADY_LINKED)


@pytest.mark.parametrize("body", [b"", b"<html>", [], {}, {"results": None}, {"results": {"a": 1}}])
def test_a_read_without_results_is_retried(body: object) -> None:
    decision = classify_read_response(parsed(200, body), PAIR)
    action = Action.NOT_HUBSPOT if body == b"<html>" else Action.RETRY
    assert (decision.action, decision.outcome.status) == (action, Status.UNCONFIRMED)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_rejected_read_is_classified_like_any_call(status: int) -> None:
    assert classify_read_response(parsed(status, b""), PAIR) == classify_response(parsed(status, b""), PAIR)


# ---- covered records


def test_a_record_counts_as_read_only_if_results_or_a_no_links_error_name_it() -> None:
    errors = [
        no_links("2"),
        error("OBJECT_NOT_FOUND", context={"objectId": ["3"]}),
        error("TRY_LATER", context={"id": ["4"]}),
    ]
    body = read(listed("1", 7), errors=[*errors, error("INTERNAL_ERROR", context={"fromObjectId": ["5"]})])
    page = parse_page(parsed(207, body), {str(number): {"7"} for number in range(1, 7)})
    assert page.answered == {"1", "2", "3"}
    assert page.links == {("1", "7"): Link("HUBSPOT_DEFINED:279", is_unlabelled=True)}


NOTHING_SAID = [
    error("OBJECT_NOT_FOUND"),  # without a record
    error("OBJECT_NOT_FOUND", message="No contact 12 in portal 1"),
    error("OBJECT_NOT_FOUND", context={"objectId": ["999"]}),
    error("OBJECT_NOT_FOUND", context={"fromObjectType": ["0-1"], "toObjectType": ["0-2"]}),
    error(subCategory="crm.associations.NO_ASSOCIATIONS_FOUND", context={"index": ["1"]}),
    error("RATE_LIMIT", message="Try contact 1 again later", context={"fromObjectId": ["1"]}),
    {"message": "odd", "subCategory": {"name": "crm.associations.NO_ASSOCIATIONS_FOUND"}},
]


@pytest.mark.parametrize("item", NOTHING_SAID)
def test_any_other_error_leaves_a_record_unread(item: dict[str, Any]) -> None:
    page = parse_page(parsed(207, read(errors=[item])), {"0": {"7"}, "1": {"7"}, "2": {"7"}})
    assert page.answered == set()


SAID = [
    no_links("1"),
    error(subCategory="crm.associations.NO_ASSOCIATIONS_FOUND", context="{fromObjectId=[1]}"),
    error(errors=[error(code="NO_ASSOCIATIONS_FOUND", context={"objectId": ["1"]})]),
    error("OBJECT_NOT_FOUND", message="Object not found: contact 1 does not exist"),
    {"subCategory": {"name": "crm.associations.NO_ASSOCIATIONS_FOUND"}, "context": {"id": "1"}},
]


@pytest.mark.parametrize("item", SAID)
def test_the_record_of_an_error_is_found_in_every_known_form(item: dict[str, Any]) -> None:
    page = parse_page(parsed(207, read(errors=[item])), {"0": {"7"}, "1": {"7"}, "2": {"7"}})
    assert page.answered == {"1"}


def test_more_errors_than_details_keep_are_all_parsed() -> None:
    wanted = {str(number): {"7"} for number in range(1000)}
    page = parse_page(parsed(207, read(errors=[no_links(record) for record in wanted])), wanted)
    assert page.answered == wanted.keys()


TO = [{"toObjectId": 7, "associationTypes": [UNLABELLED]}]
INCOMPLETE = [
    read({"from": {"id": "1"}, "to": None}),
    read({"from": {"id": "1"}}),
    read({"from": {"id": "1"}, "to": "later"}),
    read({"from": {"id": "1"}, "to": [*TO, "more"]}),
    read({"from": {"id": "1"}, "to": [*TO, {"associationTypes": [UNLABELLED]}]}),
    read({"from": {"id": "1"}, "to": TO, "paging": {"next": {"link": "x?after=5"}}}),
    read({"from": {"id": "1"}, "to": TO, "paging": {"next": {"after": None}}}),
    read({"from": {"id": "1"}, "to": TO, "paging": {"next": "5"}}),
    read({"from": {"id": "1"}, "to": TO, "paging": "5"}),
    read({"from": {"id": "1"}, "to": TO}, errors=[error("INTERNAL_ERROR", context={"fromObjectId": ["1"]})]),
    read({"from": {"id": "1"}, "to": TO}, errors=[error("INTERNAL_ERROR")]),
    read({"from": {"id": "1"}, "to": TO}, errors="later"),
    read({"from": {"id": "1"}, "to": TO}, numErrors=1),
    read({"from": {"id": "1"}, "to": TO}, numErrors=2, errors=[no_links("2")]),
]


@pytest.mark.parametrize("body", INCOMPLETE)
def test_a_record_whose_list_may_be_incomplete_is_not_read_though_what_it_lists_is_linked(body: object) -> None:
    page = parse_page(parsed(207, body), {"1": {"7", "8"}, "2": {"7"}})
    assert "1" not in page.answered
    assert page.links.keys() <= {("1", "7")}


@pytest.mark.parametrize("paging", [None, {}, {"next": None}])
def test_a_record_without_a_next_page_is_read(paging: object) -> None:
    body = read({"from": {"id": "1"}, "to": TO, "paging": paging}, numErrors=1, errors=[no_links("2")])
    assert parse_page(parsed(207, body), {"1": {"7"}, "2": {"7"}}).answered == {"1", "2"}


# ---- merged records


def test_a_record_requested_alone_shows_what_it_was_merged_into() -> None:
    body = read(listed("99", 7, paging={"next": {"after": "x"}}))
    page = parse_page(parsed(200, body), {"1": {"7"}})
    assert (page.answered, page.merged_into, page.after) == ({"1"}, {"1": "99"}, {"1": "x"})
    assert ("1", "7") in page.links


def test_among_several_records_a_surviving_record_cannot_be_attributed() -> None:
    page = parse_page(parsed(200, read(listed("99", 7), listed("2"))), {"1": {"7"}, "2": {"7"}})
    assert (page.answered, page.merged_into, page.has_unknown_ids) == ({"2"}, {}, True)


@pytest.mark.parametrize("results", [[listed("98", 7), listed("99", 7)], [listed("1"), listed("99", 7)]])
def test_two_results_for_one_requested_record_are_not_a_merge(results: list[dict[str, Any]]) -> None:
    page = parse_page(parsed(200, read(*results)), {"1": {"7"}})
    assert (page.merged_into, page.links) == ({}, {})


@pytest.mark.parametrize(("named", "merged_into"), [("99", {"1": "99"}), ("1", {})])
def test_a_merged_record_without_links_is_read_if_requested_alone(named: str, merged_into: dict[str, str]) -> None:
    page = parse_page(parsed(207, read(errors=[no_links(named)])), {"1": {"7"}})
    assert (page.answered, page.merged_into) == ({"1"}, merged_into)


# ---- the unlabelled type

TYPES = [
    ([UNLABELLED], True, "HUBSPOT_DEFINED:279"),
    ([PRIMARY, UNLABELLED], True, "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279"),
    ([{"category": "USER_DEFINED", "typeId": "44", "label": None}], True, "USER_DEFINED:44"),
    ([{"category": "HUBSPOT_DEFINED", "typeId": 279}], True, "HUBSPOT_DEFINED:279"),  # `label` is optional
    ([MANAGER], False, "USER_DEFINED:12"),
    ([PRIMARY], False, "HUBSPOT_DEFINED:1"),
    ([PRIMARY, MANAGER], False, "HUBSPOT_DEFINED:1;USER_DEFINED:12"),
    ([], False, ""),
    (None, False, ""),
    ("HUBSPOT_DEFINED", False, ""),
    ([None, 279, {}], False, ""),
    ([{"category": "HUBSPOT_DEFINED", "label": None}], False, ""),
]


@pytest.mark.parametrize(("types", "is_unlabelled", "text"), TYPES)
def test_a_listed_link_counts_only_with_the_unlabelled_type(types: object, is_unlabelled: bool, text: str) -> None:
    page = parse_page(parsed(200, read(listed("1", "7", types=types))), {"1": {"7"}})
    (link,) = page.links.values()
    assert (link.types, link.is_unlabelled) == (text, is_unlabelled)


@pytest.mark.parametrize("order", [(UNLABELLED, MANAGER), (MANAGER, UNLABELLED)])
def test_a_link_that_is_listed_once_for_each_type_has_all_of_them(order: tuple[dict[str, Any], ...]) -> None:
    one, other = ({"toObjectId": 7, "associationTypes": [kind]} for kind in order)
    types = ";".join(f"{kind['category']}:{kind['typeId']}" for kind in order)
    for results in (
        [{"from": {"id": "1"}, "to": [one, other]}],
        [{"from": {"id": "1"}, "to": [to]} for to in (one, other)],
    ):
        page = parse_page(parsed(200, read(*results)), {"1": {"7"}})
        (link,) = page.links.values()
        assert (link.types, link.is_unlabelled) == (types, True)
        assert page.answered == {"1"}


def test_a_record_listed_twice_with_different_cursors_is_not_read() -> None:
    parts = [listed("1", number, paging={"next": {"after": cursor}}) for number, cursor in ((7, "a"), (8, "b"))]
    assert parse_page(parsed(200, read(*parts)), {"1": {"9"}, "2": {"9"}}).answered == set()
    same = [listed("1", number, paging={"next": {"after": "a"}}) for number in (7, 8)]
    page = parse_page(parsed(200, read(*same)), {"1": {"9"}})
    assert (page.answered, page.after, page.listed) == ({"1"}, {"1": "a"}, {"1": frozenset({"7", "8"})})


def test_a_listed_link_without_types_does_not_count() -> None:
    body = read({"from": {"id": "1"}, "to": [{"toObjectId": 7}]})
    assert parse_page(parsed(200, body), {"1": {"7"}}).links == {("1", "7"): Link("", is_unlabelled=False)}


def test_links_that_are_not_wanted_are_not_kept() -> None:
    page = parse_page(parsed(200, read(listed("1", *range(100)))), {"1": {"7"}})
    assert page.links.keys() == {("1", "7")}


def test_a_cursor_is_kept_whole_however_long_it_is() -> None:
    cursor = "c" * 5000
    page = parse_page(parsed(200, read(listed("1", 7, paging={"next": {"after": cursor}}))), {"1": {"8"}})
    assert (page.after, page.listed) == ({"1": cursor}, {"1": frozenset({"7"})})
