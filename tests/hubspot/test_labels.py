"""Labels by name, as an account's response lists them."""

import json

import pytest

from importer.hubspot.association_types import AssociationType
from importer.hubspot.labels import (
    AmbiguousLabel,
    Label,
    Labels,
    UnknownLabel,
    labelled_body,
    parse_labels,
)
from importer.hubspot.parse import parse_response
from importer.hubspot.response import RateHeaders, Response

UNLABELLED = AssociationType("HUBSPOT_DEFINED", 279)
PRIMARY = AssociationType("HUBSPOT_DEFINED", 1)
DECISION_MAKER = AssociationType("USER_DEFINED", 1)
BILLING = AssociationType("USER_DEFINED", 7)

LABELS = Labels(
    (
        Label(UNLABELLED, ""),
        Label(PRIMARY, "Primary"),
        Label(DECISION_MAKER, "Decision maker"),
        Label(BILLING, "Billing contact"),
    ),
    (Label(AssociationType("USER_DEFINED", 2), "Employer"),),
)


def response(*results: object, status: int = 200) -> Response:
    return parse_response(status, json.dumps({"results": results}).encode(), RateHeaders(), None)


@pytest.mark.parametrize("text", ["Decision maker", "  decision MAKER ", "USER_DEFINED:1", "user_defined:1"])
def test_a_label_is_found_trimmed_in_any_case_and_by_its_type(text: str) -> None:
    assert LABELS.resolve(text) == DECISION_MAKER


def test_equal_ids_of_two_categories_are_two_labels() -> None:
    assert LABELS.resolve("Primary") == PRIMARY
    assert LABELS.resolve("HUBSPOT_DEFINED:1") == PRIMARY


def test_an_unknown_label_comes_with_those_that_exist() -> None:
    assert LABELS.resolve("Boss") == UnknownLabel("Boss", ("Billing contact", "Decision maker", "Primary"), False)


def test_a_label_of_the_other_direction_is_recognised() -> None:
    found = LABELS.resolve("employer")
    assert isinstance(found, UnknownLabel)
    assert found.is_reversed


def test_a_name_that_two_labels_have_is_ambiguous_until_the_type_is_given() -> None:
    twice = Labels((*LABELS.forward, Label(AssociationType("USER_DEFINED", 9), "billing contact")))
    assert twice.resolve("Billing contact") == AmbiguousLabel(
        "Billing contact", (BILLING, AssociationType("USER_DEFINED", 9))
    )
    assert twice.resolve("USER_DEFINED:9") == AssociationType("USER_DEFINED", 9)
    assert BILLING in LABELS.names
    assert set(LABELS.names) - set(twice.names) == {BILLING}


def test_the_unlabelled_type_has_no_name() -> None:
    assert LABELS.unlabelled == UNLABELLED
    assert isinstance(LABELS.resolve(""), UnknownLabel)
    assert Labels(()).unlabelled is None


def test_a_response_lists_types_with_numbers_or_texts_as_ids() -> None:
    found = parse_labels(
        response(
            {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
            {"category": "USER_DEFINED", "typeId": "7", "label": "Billing contact"},
        )
    )
    assert found == (Label(UNLABELLED, ""), Label(BILLING, "Billing contact"))


@pytest.mark.parametrize(
    "item",
    [
        "text",
        {"category": "USER_DEFINED", "typeId": True, "label": "x"},
        {"category": 3, "typeId": 3, "label": "x"},
        {"category": "USER_DEFINED", "label": "x"},
        {"category": "USER_DEFINED", "typeId": 3, "label": 3},
    ],
)
def test_a_response_with_an_item_that_cannot_be_read_is_not_used(item: object) -> None:
    assert parse_labels(response({"category": "USER_DEFINED", "typeId": 7, "label": "Billing"}, item)) is None


def test_a_refusal_lists_no_labels() -> None:
    assert parse_labels(response(status=403)) is None
    assert parse_labels(response()) == ()


def test_a_labelled_write_names_category_and_id() -> None:
    assert labelled_body([BILLING]) == [{"associationCategory": "USER_DEFINED", "associationTypeId": 7}]
