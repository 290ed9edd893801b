"""The order in which pairs are given out: that of the file for each record, none between records."""

import random

from hypothesis import given
from hypothesis import strategies as st

from importer.journal import PendingPair
from importer.model import ObjectType, Pair, RecordId
from importer.pool.ordering import OrderedPairs, order_keys

CONTACTS, COMPANIES = ObjectType("contacts"), ObjectType("companies")

pairs = st.builds(
    lambda types, a, b: Pair(types[0], RecordId(str(a)), types[1], RecordId(str(b))),
    st.sampled_from([(CONTACTS, COMPANIES), (COMPANIES, CONTACTS), (CONTACTS, ObjectType("deals"))]),
    st.integers(1, 4),
    st.integers(1, 4),
)


def pending_of(found: list[Pair]) -> list[PendingPair]:
    return [PendingPair(number, number + 1, pair) for number, pair in enumerate(found, 1)]


def drain(pairs: list[PendingPair], size: int, workers: int, seed: int) -> list[tuple[str, list[PendingPair]]]:
    """Take and finish chunks in a random order, as workers do; return what was begun and done, in that order."""
    ordered, rng = OrderedPairs(), random.Random(seed)
    waiting, events = list(pairs), list[tuple[str, list[PendingPair]]]()
    in_flight: list[list[PendingPair]] = []
    while waiting or len(ordered) or in_flight:
        for _ in range(rng.randint(0, 5)):
            if waiting:
                ordered.add(waiting.pop(0))
        first = ordered.largest()
        if first is not None and len(in_flight) < workers and rng.random() < 0.7:
            chunk = ordered.take(first, size)
            assert 0 < len(chunk) <= size
            assert len({(p.pair.from_type, p.pair.to_type) for p in chunk}) == 1
            in_flight.append(chunk)
            events.append(("begun", chunk))
        elif in_flight:
            chunk = in_flight.pop(rng.randrange(len(in_flight)))
            ordered.done(chunk)
            events.append(("done", chunk))
    return events


@given(st.lists(pairs, max_size=40), st.integers(1, 7), st.integers(1, 5), st.integers(0, 999))
def test_every_pair_is_given_out_once_and_no_record_is_overtaken(
    found: list[Pair], size: int, workers: int, seed: int
) -> None:
    pending = pending_of(found)
    events = drain(pending, size, workers, seed)
    begun = [one.id for kind, chunk in events if kind == "begun" for one in chunk]
    assert sorted(begun) == [one.id for one in pending]
    open_chunks: list[list[PendingPair]] = []
    last: dict[object, int] = {}
    for kind, chunk in events:
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


def test_pairs_of_different_records_go_in_parallel() -> None:
    ordered = OrderedPairs()
    for pending in pending_of([Pair(CONTACTS, RecordId(str(n)), COMPANIES, RecordId("9")) for n in range(1, 6)]):
        ordered.add(pending)
    taken = [ordered.take(first, 1) for _ in range(5) if (first := ordered.largest()) is not None]
    assert len(taken) == 5


def test_a_full_chunk_takes_the_pairs_of_one_record_together() -> None:
    ordered = OrderedPairs()
    pending = pending_of([Pair(CONTACTS, RecordId("1"), COMPANIES, RecordId(str(n))) for n in range(1, 6)])
    for one in pending:
        ordered.add(one)
    assert ordered.take(pending[0], 10) == pending


def test_memory_of_finished_pairs_is_freed() -> None:
    ordered = OrderedPairs()
    for one in pending_of(
        [Pair(CONTACTS, RecordId(str(n % 7 + 1)), COMPANIES, RecordId(str(n))) for n in range(1, 99)]
    ):
        ordered.add(one)
        first = ordered.largest()
        if first is not None:
            ordered.done(ordered.take(first, 3))
    while (first := ordered.largest()) is not None:
        ordered.done(ordered.take(first, 3))
    assert len(ordered) == 0
    assert not any(getattr(ordered, name) for name in ("_ready", "_last", "_blockers", "_followers"))
