"""Resolving blocks: every value becomes the id of its record in its own row, in as few calls as possible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.lookup import Ambiguous, Found, Key, NotFound, Result, Unread
from importer.model import ObjectType, Pair, RecordId, SourceRow
from importer.runner.lookup.known_values import KnownValues
from importer.runner.lookup.resolve import BATCH, LookupSide, Resolver
from tests.support.blocks import blocks_of, rows_of

CONTACTS, COMPANIES = ObjectType("contacts"), ObjectType("companies")
FROM, TO = LookupSide(True, "email", "Email"), LookupSide(False, "domain", "Domain")
KINDS = {NotFound: "NOT_FOUND", Ambiguous: "AMBIGUOUS", Unread: "NOT_READ"}


@dataclass
class Account:
    """Finds values by a function, and counts the calls for 100 values each."""

    result: Callable[[Key, str], Result]
    calls: dict[Key, int] = field(default_factory=dict)
    seen: set[tuple[Key, str]] = field(default_factory=set)

    def find(self, key: Key, values: list[str], *, in_full_calls: bool = False) -> dict[str, Result]:
        chosen = values[: len(values) - len(values) % 100] if in_full_calls else values
        assert not self.seen & {(key, value) for value in chosen}
        self.seen |= {(key, value) for value in chosen}
        self.calls[key] = self.calls.get(key, 0) + -(-len(chosen) // 100)
        return {value: self.result(key, value) for value in chosen}


def found(key: Key, value: str) -> Result:
    """A record for each value, whose id is the value's number."""
    return Found(RecordId(f"{len(key.name)}{value.partition('@')[0].lstrip('p')}"))


def row(number: int, *pairs: tuple[str, str]) -> SourceRow:
    made = tuple(Pair(CONTACTS, RecordId(one), COMPANIES, RecordId(other)) for one, other in pairs)
    return SourceRow(number, ("x",), made, ())


@pytest.fixture
def known(tmp_path: Path) -> Iterator[KnownValues]:
    with KnownValues(tmp_path / "known.sqlite") as values:
        yield values


@pytest.mark.slow
def test_ten_thousand_values_cost_a_hundred_calls_and_keep_their_rows(known: KnownValues) -> None:
    account = Account(found)
    rows = (row(n + 2, (f"p{n}@x", "7")) for n in range(10_000))
    resolver = Resolver([FROM], known, account.find)
    number = 0
    for block in resolver.resolve(blocks_of(rows, 777)):
        for place, one in enumerate(block.pairs.from_ids):
            assert one == f"5{number}"
            assert block.numbers[place] == block.pairs.rows[place] == number + 2
            number += 1
    assert number == 10_000
    assert account.calls == {Key(CONTACTS, "email"): 100}
    assert (resolver.counts.values, resolver.counts.found) == (10_000, 10_000)


@pytest.mark.slow
def test_few_values_among_many_rows_do_not_hold_all_rows(known: KnownValues, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.runner.lookup.resolve.MAX_HELD_ROWS", 5_000)
    account = Account(found)
    taken = 0

    def rows() -> Iterator[SourceRow]:
        nonlocal taken
        for taken in range(3 * 5_000):
            yield row(taken + 2, (f"p{taken % 50}@x", "7"))

    blocks = Resolver([FROM], known, account.find).resolve(blocks_of(rows(), 1_000))
    next(blocks)
    assert taken <= 5_000 + 1_000
    assert sum(1 for _ in blocks) == 3 * 5_000 // 1_000 - 1
    assert account.calls == {Key(CONTACTS, "email"): 1}


@pytest.mark.slow
def test_both_sides_and_types_are_looked_up_separately(known: KnownValues) -> None:
    account = Account(found)
    rows = [row(n + 2, (f"p{n}@x", f"{n % 7}")) for n in range(2 * BATCH + 10)]
    resolved = rows_of(Resolver([FROM, TO], known, account.find).resolve(blocks_of(rows)))
    assert [(one.pairs[0].from_id, one.pairs[0].to_id) for one in resolved] == [
        (f"5{n}", f"6{n % 7}") for n in range(len(rows))
    ]
    assert account.calls == {Key(CONTACTS, "email"): 2 * BATCH // 100 + 1, Key(COMPANIES, "domain"): 1}


@pytest.mark.parametrize(
    "result",
    [
        NotFound(),
        NotFound("2026-10-01"),
        Ambiguous((RecordId("7"), RecordId("8"))),
        Ambiguous(tuple(RecordId(str(n)) for n in range(1, 30)), is_complete=False),
        Unread("HubSpot responded with 400.", is_refused=True),
    ],
)
def test_a_row_with_a_value_that_no_single_record_has_is_invalid(known: KnownValues, result: Result) -> None:
    account = Account(lambda key, value: result if value == "bad" else found(key, value))
    rows = [row(2, ("p1@x", "7"), ("bad", "7"), ("bad", "8")), row(3, ("p1@x", "7"))]
    first, second = rows_of(Resolver([FROM], known, account.find).resolve(blocks_of(rows)))
    assert first.pairs == ()
    (problem,) = first.problems
    assert (problem.code, problem.column) == (KINDS[type(result)], "Email")
    assert "'bad'" in problem.message
    if isinstance(result, NotFound):
        assert (result.deleted_on in problem.message) is True
    if isinstance(result, Ambiguous):
        assert "7, 8" in problem.message
    assert [(pair.from_id, pair.to_id) for pair in second.pairs] == [("51", "7")]


def test_two_values_of_one_record_make_one_pair(known: KnownValues) -> None:
    account = Account(lambda key, value: Found(RecordId("9")))
    (one,) = rows_of(Resolver([FROM], known, account.find).resolve(blocks_of([row(2, ("a@x", "7"), ("b@x", "7"))])))
    assert one.pairs == (Pair(CONTACTS, RecordId("9"), COMPANIES, RecordId("7")),)


def test_a_record_is_not_linked_to_itself(known: KnownValues) -> None:
    account = Account(lambda key, value: Found(RecordId("9")))
    pairs = (Pair(CONTACTS, RecordId("a@x"), CONTACTS, RecordId("9")),)
    (one,) = rows_of(Resolver([FROM], known, account.find).resolve(blocks_of([SourceRow(2, ("x",), pairs, ())])))
    assert [problem.code for problem in one.problems] == ["SELF_ASSOCIATION"]
    assert one.pairs == ()


texts = st.text(min_size=1, max_size=3)


@given(
    st.lists(st.lists(st.tuples(texts, texts), max_size=3), max_size=12),
    st.dictionaries(
        texts,
        st.one_of(
            st.integers(1, 4).map(lambda n: Found(RecordId(str(n)))),
            st.builds(NotFound, st.sampled_from(["", "2026-10-01"])),
            st.just(Ambiguous((RecordId("1"), RecordId("2")))),
            st.just(Unread("no", is_refused=True)),
        ),
    ),
    st.integers(1, 4),
)
def test_each_row_has_the_ids_that_its_values_lead_to(
    values: list[list[tuple[str, str]]], results: dict[str, Result], size: int
) -> None:
    def result(key: Key, value: str) -> Result:
        return results.get(value, NotFound())

    rows = [row(number, *pairs) for number, pairs in enumerate(values, 2)]
    with TemporaryDirectory() as folder, KnownValues(Path(folder, "known.sqlite")) as known:
        resolved = rows_of(Resolver([FROM, TO], known, Account(result).find).resolve(blocks_of(rows, size)))
    assert [one.number for one in resolved] == [one.number for one in rows]
    for one, pairs in zip(resolved, values, strict=True):
        ids = [tuple(results.get(value, NotFound()) for value in pair) for pair in pairs]
        if all(isinstance(side, Found) for pair in ids for side in pair):
            expected = dict.fromkeys((a.record_id, b.record_id) for a, b in ids)  # type: ignore[union-attr]
            assert [(pair.from_id, pair.to_id) for pair in one.pairs] == list(expected)
            assert one.problems == ()
        else:
            assert one.pairs == ()
            bad = {KINDS[type(side)] for pair in ids for side in pair if not isinstance(side, Found)}
            assert {problem.code for problem in one.problems} == bad
