"""Association types as text and as sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.association_types import (
    NOT_LINKED,
    AssociationType,
    link_of,
    parse_type,
    parse_types,
    primary_type,
    types_in_both_directions,
    types_text,
)
from importer.model import ObjectType, Pair, RecordId

types = st.builds(
    AssociationType,
    st.sampled_from(["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED", "WORK"]),
    st.integers(1, 10**18 - 1),
)


@given(st.frozensets(types))
def test_a_set_of_types_survives_its_text(kinds: frozenset[AssociationType]) -> None:
    assert parse_types(types_text(kinds)) == kinds
    assert types_text(sorted(kinds, reverse=True)) == types_text(kinds)


def test_an_empty_set_is_a_dash() -> None:
    assert types_text([]) == "-"
    assert parse_types("-") == NOT_LINKED


@pytest.mark.parametrize("text", ["", "279", "HUBSPOT_DEFINED", "HUBSPOT_DEFINED:279;", "A:1;A:1", "A:-1", "A:1.0"])
def test_other_texts_are_not_sets_of_types(text: str) -> None:
    with pytest.raises(ValueError, match="association types"):
        parse_types(text)


def test_a_category_may_be_written_in_lower_case() -> None:
    assert parse_type(" user_defined : 12 ") == AssociationType("USER_DEFINED", 12)


def test_the_primary_type_depends_on_the_direction_and_is_found_by_type_id_too() -> None:
    contacts, companies = ObjectType("contacts"), ObjectType("companies")
    assert primary_type(contacts, companies) == AssociationType("HUBSPOT_DEFINED", 1)
    assert primary_type(companies, contacts) == AssociationType("HUBSPOT_DEFINED", 2)
    assert primary_type(ObjectType("0-1"), ObjectType("0-2")) == AssociationType("HUBSPOT_DEFINED", 1)
    assert primary_type(contacts, ObjectType("deals")) is None


def test_both_directions_of_a_link_are_one_link() -> None:
    there = Pair(ObjectType("contacts"), RecordId("7"), ObjectType("0-2"), RecordId("30"))
    back = Pair(ObjectType("companies"), RecordId("30"), ObjectType("0-1"), RecordId("7"))
    (link, is_reverse), (other_link, is_other_reverse) = link_of(there), link_of(back)
    assert link == other_link
    assert is_reverse is not is_other_reverse


def test_types_are_in_both_directions_by_name_or_by_id() -> None:
    contacts, companies, deals = map(ObjectType, ("contacts", "companies", "deals"))
    assert types_in_both_directions([(contacts, companies), (deals, companies)]) == set()
    both = {(contacts, companies), (companies, contacts)}
    assert types_in_both_directions([(contacts, ObjectType("0-2")), (companies, contacts), (deals, contacts)]) == both
    assert types_in_both_directions([(contacts, contacts)]) == {(contacts, contacts)}
