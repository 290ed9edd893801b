"""Records, links and rolling windows."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from importer.sandbox.limits import RollingWindow
from importer.sandbox.state import Links, Pair, Records, State

PAIR = Pair("contacts", 1, "companies", 2)


def test_records_1_to_999999_exist_and_no_others() -> None:
    records = Records()
    known = [number for number in (0, 1, 999_999, 1_000_000) if records.resolve("contacts", number)]
    assert known == [1, 999_999]


def test_an_added_record_exists_and_a_removed_one_does_not() -> None:
    records = Records()
    records.add(("contacts", 123_450_000_123))
    records.remove(("contacts", 7))
    assert records.resolve("contacts", 123_450_000_123) == 123_450_000_123
    assert records.resolve("companies", 123_450_000_123) is None
    assert records.resolve("contacts", 7) is None
    records.add(("contacts", 7))
    records.remove(("contacts", 123_450_000_123))
    assert records.resolve("contacts", 7) == 7
    assert records.resolve("contacts", 123_450_000_123) is None


def test_a_link_has_no_direction_and_is_created_once() -> None:
    links = Links()
    links.add(PAIR)
    links.add(PAIR.reverse())
    assert list(links) == [PAIR]
    assert PAIR.reverse() in links


def test_links_are_found_from_either_end_even_if_created_after_the_first_read() -> None:
    links = Links()
    links.add(PAIR)
    assert links.of("companies", 2, "contacts") == [1]
    links.add(Pair("companies", 2, "contacts", 9))
    assert links.of("companies", 2, "contacts") == [1, 9]
    assert links.of("contacts", 9, "companies") == [2]
    assert links.of("contacts", 9, "deals") == []


def test_a_removed_link_is_gone_from_either_end() -> None:
    links = Links()
    links.add(PAIR)
    assert links.of("contacts", 1, "companies") == [2]
    links.remove(PAIR.reverse())
    assert PAIR not in links
    assert links.of("contacts", 1, "companies") == []
    assert links.of("companies", 2, "contacts") == []


def test_a_merge_moves_links_to_the_survivor() -> None:
    state = State(10)
    state.links.add(PAIR)
    state.links.add(Pair("contacts", 1, "contacts", 5))
    state.links.add(Pair("contacts", 8, "contacts", 1))
    state.merge(("contacts", 1), 5)
    assert state.associations == {("contacts", 5, "companies", 2), ("contacts", 5, "contacts", 8)}
    assert state.records.resolve("contacts", 1) == 5


@given(st.lists(st.floats(0, 3) | st.sampled_from([0.0, 1.0, 2.5]), max_size=60))
def test_the_worst_window_is_the_maximum_of_arrivals_in_any_window(gaps: Sequence[float]) -> None:
    moments = [sum(gaps[: end + 1]) for end in range(len(gaps))]
    window = RollingWindow(5.0)
    for moment in moments:
        window.arrive(moment)
    expected = [sum(start - 5.0 < other <= start for other in moments) for start in moments]
    assert window.worst == max(expected, default=0)
