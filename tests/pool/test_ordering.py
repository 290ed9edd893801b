"""The order in which pairs are handed out: that of the file for each record, none between records."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.journal import PendingPair
from importer.model import ObjectType, Pair, RecordId, Status
from importer.pool.ordering import OrderedPairs, order_keys, primary_of

CONTACTS, COMPANIES, DEALS, LEADS = (ObjectType(name) for name in ("contacts", "companies", "deals", "leads"))
TYPES = [(CONTACTS, COMPANIES), (COMPANIES, CONTACTS), (CONTACTS, DEALS), (LEADS, COMPANIES)]

pairs = st.builds(
    lambda types, a, b: Pair(types[0], RecordId(str(a)), types[1], RecordId(str(b))),
    st.sampled_from(TYPES),
    st.integers(1, 4),
    st.integers(1, 4),
)
Results = dict[int, Status]


def pending_of(found: Iterable[Pair]) -> list[PendingPair]:
    return [PendingPair(number, number + 1, pair) for number, pair in enumerate(found, 1)]


def companies_of(contact: int, companies: Iterable[int]) -> list[Pair]:
    return [Pair(CONTACTS, RecordId(str(contact)), COMPANIES, RecordId(str(number))) for number in companies]


def ordered(found: Iterable[PendingPair]) -> OrderedPairs:
    queue = OrderedPairs()
    queue.add(found)
    return queue


def linked(chunk: Iterable[PendingPair]) -> Results:
    return {pending.id: Status.LINKED for pending in chunk}


def take_all(queue: OrderedPairs, size: int = 1) -> list[list[PendingPair]]:
    """Take chunks until nothing can go."""
    taken = []
    while (first := queue.largest()) is not None:
        taken.append(queue.take(first, size))
    return taken


def drain(
    pairs: list[PendingPair], size: int, workers: int, rng: random.Random, outcomes: list[Status | None]
) -> list[tuple[str, list[PendingPair], Results]]:
    """Take and finish chunks in a random order, as workers do; return what was begun and done, in that order."""
    queue = OrderedPairs()
    waiting, events = list(pairs), list[tuple[str, list[PendingPair], Results]]()
    in_flight: list[list[PendingPair]] = []
    while waiting or len(queue) or in_flight:
        number = rng.randint(0, 5)
        queue.add(waiting[:number])
        del waiting[:number]
        first = queue.largest()
        if first is not None and len(in_flight) < workers and rng.random() < 0.7:
            chunk = queue.take(first, size)
            assert 0 < len(chunk) <= size
            assert len({(p.pair.from_type, p.pair.to_type) for p in chunk}) == 1
            in_flight.append(chunk)
            events.append(("begun", chunk, {}))
        elif in_flight:
            chunk = in_flight.pop(rng.randrange(len(in_flight)))
            drawn = {pending.id: rng.choice(outcomes) for pending in chunk}
            final = {number: status for number, status in drawn.items() if status is not None}
            queue.done(chunk, final)
            events.append(("done", chunk, final))
    state = (queue._ready, queue._last, queue._blockers, queue._followers, queue._decided)
    assert not any(state), "memory of finished pairs is kept"
    return events


chunk_sizes, workers = st.integers(1, 7), st.integers(1, 5)
randoms = st.randoms(use_true_random=False)


@pytest.mark.slow
@given(st.lists(pairs, max_size=40), chunk_sizes, workers, randoms)
def test_every_pair_is_handed_out_once_and_no_record_is_overtaken(
    found: list[Pair], size: int, workers: int, rng: random.Random
) -> None:
    pending = pending_of(dict.fromkeys(found))
    events = drain(pending, size, workers, rng, [Status.LINKED, Status.FAILED, Status.UNCONFIRMED])
    begun = [one.id for kind, chunk, _ in events if kind == "begun" for one in chunk]
    assert sorted(begun) == [one.id for one in pending]
    open_chunks: list[list[PendingPair]] = []
    last: dict[object, int] = {}
    for kind, chunk, _ in events:
        if kind == "done":
            open_chunks.remove(chunk)
            continue
        busy = {key for other in open_chunks for one in other for key in order_keys(one)}
        for one in chunk:
            for key in order_keys(one):
                assert key not in busy, "a record is in two chunks at once"
                assert last.get(key, 0) < one.id, "a record is overtaken"
                last[key] = one.id
        open_chunks.append(chunk)


@pytest.mark.slow
@given(st.lists(pairs, max_size=40), chunk_sizes, workers, randoms)
def test_pairs_that_may_decide_a_primary_go_one_by_one_until_one_is_linked(
    found: list[Pair], size: int, workers: int, rng: random.Random
) -> None:
    possible = [Status.LINKED, Status.FAILED, Status.UNCONFIRMED, None]
    events = drain(pending_of(dict.fromkeys(found)), size, workers, rng, possible)
    decided: set[object] = set()
    held: set[object] = set()
    for kind, chunk, final in events:
        primaries = [primary for one in chunk if (primary := primary_of(one)) is not None]
        if kind == "begun":
            assert not held.intersection(primaries), "a pair overtakes one that the next pass sends"
            undecided = [primary for primary in primaries if primary not in decided]
            assert len(undecided) == len(set(undecided)), "the order within a call would decide the primary"
        for one in chunk if kind == "done" else ():
            if final.get(one.id) is Status.LINKED:
                decided.add(primary_of(one))
            elif one.id not in final and primary_of(one) not in {None, *decided}:
                held.add(primary_of(one))


def test_pairs_of_different_records_go_in_parallel() -> None:
    queue = ordered(pending_of(pair for contact in range(1, 6) for pair in companies_of(contact, [9])))
    assert len(take_all(queue)) == 5


def test_a_chunk_takes_the_pairs_of_one_record_together_where_none_becomes_primary() -> None:
    pending = pending_of(Pair(CONTACTS, RecordId("1"), DEALS, RecordId(str(n))) for n in range(1, 6))
    assert ordered(pending).take(pending[0], 10) == pending
    pending = pending_of(Pair(COMPANIES, RecordId("1"), CONTACTS, RecordId(str(n))) for n in range(1, 6))
    assert ordered(pending).take(pending[0], 10) == pending


def test_the_first_company_of_a_contact_goes_alone_and_the_others_together_behind_it() -> None:
    pending = pending_of(companies_of(1, range(1, 6)))
    queue = ordered(pending)
    assert take_all(queue, 10) == [pending[:1]]
    queue.done(pending[:1], linked(pending[:1]))
    assert take_all(queue, 10) == [pending[1:]]


def test_after_a_company_that_was_refused_the_next_one_goes_alone() -> None:
    pending = pending_of(companies_of(1, range(1, 4)))
    queue = ordered(pending)
    (first,) = take_all(queue, 10)
    queue.done(first, {first[0].id: Status.FAILED})
    assert take_all(queue, 10) == [pending[1:2]]


def test_a_pair_that_is_left_to_the_next_pass_does_not_join_a_chunk_behind_another_pair() -> None:
    found = [(CONTACTS, "2", COMPANIES, "1"), (COMPANIES, "2", CONTACTS, "1"), (COMPANIES, "2", CONTACTS, "2")]
    pending = pending_of(Pair(a, RecordId(b), c, RecordId(d)) for a, b, c, d in found)
    queue = ordered(pending)
    assert queue.take(pending[0], 2) == pending[:1]
    queue.done(pending[:1], {})
    assert queue.take(pending[1], 2) == pending[1:2]
    queue.done(pending[1:2], linked(pending[1:2]))
    assert len(queue) == 0


def test_a_pair_without_a_final_outcome_leaves_those_behind_it_to_the_next_pass() -> None:
    pending = pending_of([*companies_of(1, range(1, 4)), *companies_of(2, range(1, 4))])
    queue = ordered(pending)
    (chunk,) = take_all(queue, 10)
    queue.done(chunk, {pending[3].id: Status.LINKED})
    queue.add([PendingPair(7, 8, companies_of(1, [9])[0])])
    assert take_all(queue, 10) == [pending[4:]]
    assert len(queue) == 0


def test_a_contact_that_companies_are_linked_to_keeps_the_order_too() -> None:
    pending = pending_of(Pair(COMPANIES, RecordId(str(n)), CONTACTS, RecordId("1")) for n in range(1, 4))
    queue = ordered(pending)
    assert take_all(queue) == [pending[:1]]
    queue.done(pending[:1], linked(pending[:1]))
    assert take_all(queue) == [pending[1:2]]
