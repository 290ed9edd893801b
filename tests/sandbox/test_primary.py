"""The rules of the Primary type."""

from hypothesis import given
from hypothesis import strategies as st

from importer.sandbox.association_types import AssociationType, AssociationTypes
from importer.sandbox.links import Links
from importer.sandbox.pairs import Pair
from tests.sandbox.test_labels import PLAIN, PRIMARY, link_path, specs, types_of
from tests.support.local_hubspot import LocalHubSpot, default_path


async def test_the_first_company_becomes_primary_and_setting_another_moves_it(hubspot: LocalHubSpot) -> None:
    for company in (2, 3):
        await hubspot.put(default_path(1, company))
    assert await types_of(hubspot, 1) == {
        "2": ["HUBSPOT_DEFINED:1", "HUBSPOT_DEFINED:279"],
        "3": ["HUBSPOT_DEFINED:279"],
    }
    await hubspot.put(link_path(1, 3), specs(PRIMARY))
    assert await types_of(hubspot, 1) == {
        "2": ["HUBSPOT_DEFINED:279"],
        "3": ["HUBSPOT_DEFINED:1", "HUBSPOT_DEFINED:279"],
    }
    assert await types_of(hubspot, 3, reverse=True) == {"1": ["HUBSPOT_DEFINED:2", "HUBSPOT_DEFINED:280"]}


async def test_a_company_can_be_primary_for_many_contacts_even_if_linked_from_its_side(hubspot: LocalHubSpot) -> None:
    for contact in (1, 4):
        await hubspot.put(default_path(2, contact, "companies", "contacts"))
    assert await types_of(hubspot, 2, reverse=True) == {
        "1": ["HUBSPOT_DEFINED:2", "HUBSPOT_DEFINED:280"],
        "4": ["HUBSPOT_DEFINED:2", "HUBSPOT_DEFINED:280"],
    }


async def test_the_second_company_does_not_become_primary_when_the_first_is_removed(hubspot: LocalHubSpot) -> None:
    for company in (2, 3):
        await hubspot.put(default_path(1, company))
    await hubspot.delete(link_path(1, 2))
    assert await types_of(hubspot, 1) == {"3": ["HUBSPOT_DEFINED:279"]}


LABEL = AssociationType("USER_DEFINED", 1)
PAIRS = st.builds(Pair, st.just("contacts"), st.integers(1, 2), st.just("companies"), st.integers(1, 3))
ENDS = st.builds(lambda pair, turn: pair.reverse() if turn else pair, PAIRS, st.booleans())
Step = tuple[str, Pair, set[AssociationType]]
STEPS = st.tuples(st.sampled_from(["add", "remove", "set", "take"]), ENDS, st.sets(st.sampled_from([PRIMARY, LABEL])))


@given(st.lists(STEPS, max_size=30))
def test_any_history_of_changes_is_consistent_in_both_directions(
    steps: list[Step],
) -> None:
    types = AssociationTypes()
    types.add_label("contacts", "companies", "Decision maker")
    links = Links(types)
    for action, end, wanted in steps:
        labels = (
            wanted if end.from_type == "contacts" else {types.inverse("contacts", "companies", one) for one in wanted}
        )
        if action == "add":
            links.add(end)
        elif action == "remove":
            links.remove(end)
        elif action == "set":
            links.set_labels(end, labels)
        else:
            links.remove_labels(end, labels)
        check_consistency(links, types)


def check_consistency(links: Links, types: AssociationTypes) -> None:
    for contact in (1, 2):
        companies = links.of("contacts", contact, "companies")
        own = [Pair("contacts", contact, "companies", company) for company in companies]
        assert sum(PRIMARY in links.types(pair) for pair in own) <= 1
        assert {("companies", pair.to_id) for pair in own if PRIMARY in links.types(pair)} == links.primary_records(
            ("contacts", contact)
        )
        for pair in own:
            assert links.types(pair)[-1] == PLAIN
            inverse = {types.inverse("contacts", "companies", one) for one in links.labels(pair)}
            assert set(links.labels(pair.reverse())) == inverse
            assert contact in links.of("companies", pair.to_id, "contacts")
    assert sum(len(links.of("contacts", contact, "companies")) for contact in (1, 2)) == len(links)


async def test_a_record_keeps_its_primary_company_when_another_is_merged_into_it(hubspot: LocalHubSpot) -> None:
    for contact, company in ((1, 2), (1, 3), (5, 4)):
        await hubspot.put(default_path(contact, company))
    await hubspot.post("/sandbox/records", {"merge": [{"type": "contacts", "id": "1", "into": "5"}]})
    primary, plain = ["HUBSPOT_DEFINED:1", "HUBSPOT_DEFINED:279"], ["HUBSPOT_DEFINED:279"]
    assert await types_of(hubspot, 5) == {"4": primary, "2": plain, "3": plain}
