"""Everything written to a journal is read back unchanged."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.journal import Journal, SourceCounts, open_for_run, write_journal
from importer.model import Outcome, Pair, PairOutcome, Problem, RowOutcome, SourceRow, Status
from tests.support.blocks import blocks_of
from tests.support.journals import (
    FAILED,
    INFO,
    LINKED,
    NOT_SENT,
    PROBLEM,
    UNCONFIRMED,
    claim,
    claim_pending,
    pair,
    row,
    written,
)


def test_a_row_with_more_cells_than_the_header_is_detected(tmp_path: Path) -> None:
    for surplus in (0, 1):
        path = tmp_path / f"{surplus}.sqlite"
        cells = ("x",) * (len(INFO.header) + surplus)
        write_journal(path, INFO, blocks_of([row(2, pair(1)), SourceRow(3, cells, (), (PROBLEM,))]))
        with Journal(path) as journal:
            assert journal.has_extra_cells() is bool(surplus)


texts = st.text(st.characters(exclude_categories=()), max_size=8)
problems_ = st.builds(Problem, st.sampled_from(["MISSING_ID", "BAD_ID"]), texts, texts, texts)
pairs_ = st.builds(pair, st.integers(1, 5), st.integers(1, 3))
makings = st.one_of(
    st.tuples(st.lists(pairs_, min_size=1, max_size=4).map(tuple), st.just(())),
    st.tuples(st.just(()), st.lists(problems_, max_size=3).map(tuple)),  # without a problem the row is blank
)


@st.composite
def tables(draw: st.DrawFn) -> list[SourceRow]:
    made = draw(st.lists(st.tuples(st.lists(texts, max_size=5).map(tuple), makings, st.integers(1, 3)), max_size=12))
    number, rows = 1, []
    for cells, (pairs, problems), step in made:
        number += step
        rows.append(SourceRow(number, cells, pairs, problems))
    return rows


def shown(problem: Problem) -> Problem:
    """Return a problem as it is stored: characters that UTF-8 cannot encode are escaped."""

    def text(value: str) -> str:
        return value.encode("utf-8", "backslashreplace").decode()

    return Problem(problem.code, text(problem.column), text(problem.message), text(problem.advice))


def expected(rows: Sequence[SourceRow], known: dict[Pair, Outcome]) -> list[RowOutcome]:
    first: dict[Pair, int] = {}
    found = []
    for given_row in rows:
        made = tuple(
            PairOutcome(one, known.get(one, NOT_SENT), first.setdefault(one, given_row.number))
            for one in given_row.pairs
        )
        problems = tuple(map(shown, given_row.problems))
        found.append(RowOutcome(given_row.number, given_row.cells, problems, made))
    return found


@pytest.mark.slow
@given(tables(), st.dictionaries(pairs_, st.sampled_from([LINKED, FAILED, UNCONFIRMED])))
@settings(max_examples=60)
def test_every_row_is_read_back_with_its_cells_problems_and_outcomes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[SourceRow], known: dict[Pair, Outcome]
) -> None:
    path = tmp_path_factory.mktemp("j") / "r.sqlite"
    write_journal(path, INFO, blocks_of(rows, 5))
    with open_for_run(path) as journal:
        assert journal.info == INFO
        numbers = claim(journal)
        assert len(numbers) == len({one for row in rows for one in row.pairs}) == journal.counts().pairs
        journal.record([(numbers[one], outcome) for one, outcome in known.items() if one in numbers])
        journal.release([number for one, number in numbers.items() if one not in known])
        assert list(journal.rows(NOT_SENT)) == expected(rows, known)
    with Journal(path) as journal:
        assert list(journal.rows(NOT_SENT)) == expected(rows, known)
        assert journal.counts() == SourceCounts(
            len(rows),
            len({one for row in rows for one in row.pairs}),
            sum(bool(row.problems) for row in rows),
            sum(any(p.first_row != row.number for p in row.pairs) for row in expected(rows, {})),
            sum(not row.pairs and not row.problems for row in rows),
        )


def test_the_types_before_and_after_belong_to_every_row_with_the_pair(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", row(2, pair(1)), row(3, pair(2)), row(4, pair(1)), row(5, pair(3)))
    with open_for_run(path) as journal:
        assert not journal.has_types_before()
        numbers = claim(journal)
        before = [(numbers[pair(1)], "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279"), (numbers[pair(2)], "-")]
        journal.record([(numbers[pair(1)], LINKED)], before=before, after=[(numbers[pair(1)], "USER_DEFINED:7")])
        journal.release([numbers[pair(2)], numbers[pair(3)]])
    with Journal(path) as journal:
        journal.verify()
        assert journal.has_types_before()
        assert [pending.before for pending in journal.pending(0, 9)] == ["-", None]
        found = [(made.before, made.after) for given in journal.rows(NOT_SENT) for made in given.pairs]
    linked = ("HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279", "USER_DEFINED:7")
    assert found == [linked, ("-", None), linked, (None, None)]


NASTY = (
    "\0",
    "a\0b",
    'say "x"',
    "it's",
    "a\r\nb",
    "\u2028",
    "🚀",
    "\ufeff",
    "\ud800",
    "\udfff\ud800",
    "'; DROP TABLE run; --",
)


def test_texts_that_are_hard_to_store_are_read_back(path: Path) -> None:
    rows = [SourceRow(2, NASTY, (), tuple(Problem("BAD_ID", text, text, text) for text in NASTY))]
    with Journal(written(path, *rows)) as journal:
        assert list(journal.rows(NOT_SENT)) == expected(rows, {})


@pytest.mark.slow
def test_rows_beyond_one_block_keep_their_order_pairs_and_problems(path: Path) -> None:
    rows = [
        row(n, problems=(PROBLEM, PROBLEM)) if n % 7 == 0 else row(n, pair(n), pair(n % 400 + 1))
        for n in range(2, 3000)
    ]
    written(path, *rows)
    with Journal(path) as journal:
        assert list(journal.rows(NOT_SENT)) == expected(rows, {})


def test_rows_with_large_cells_are_read_back(path: Path) -> None:
    rows = [SourceRow(n, ("x" * 400_000, "\0\r\n"), (pair(n),), ()) for n in range(2, 9)]
    with Journal(written(path, *rows)) as journal:
        assert [made.cells for made in journal.rows(NOT_SENT)] == [made.cells for made in rows]


def test_a_table_without_rows_yields_a_journal_without_rows(path: Path) -> None:
    with Journal(written(path)) as journal:
        assert journal.counts() == SourceCounts(0, 0, 0, 0)
        assert list(journal.rows(NOT_SENT)) == []
        assert claim_pending(journal) == []


def test_a_pair_is_sent_once_and_every_row_with_it_has_its_outcome(path: Path) -> None:
    written(path, row(2, pair(1)), row(3, pair(2), pair(1)), row(4, pair(1), pair(1)), row(5, pair(1)))
    with open_for_run(path) as journal:
        numbers = claim(journal)
        assert list(numbers) == [pair(1), pair(2)]
        journal.record([(numbers[pair(1)], FAILED), (numbers[pair(2)], LINKED)])
        assert [[(p.outcome.status, p.first_row) for p in made.pairs] for made in journal.rows(NOT_SENT)] == [
            [(Status.FAILED, 2)],
            [(Status.LINKED, 3), (Status.FAILED, 2)],
            [(Status.FAILED, 2), (Status.FAILED, 2)],
            [(Status.FAILED, 2)],
        ]
        assert journal.counts() == SourceCounts(rows=4, pairs=2, invalid=0, duplicates=3)
        assert journal.outcome_counts() == {Status.FAILED: 1, Status.LINKED: 1}


def test_a_row_that_repeats_its_own_pair_is_not_a_duplicate(path: Path) -> None:
    with Journal(written(path, row(2, pair(1), pair(1)))) as journal:
        assert journal.counts() == SourceCounts(rows=1, pairs=1, invalid=0, duplicates=0)


def test_the_reversed_pair_is_another_pair(path: Path) -> None:
    one = pair(1, 2)
    other = Pair(one.to_type, one.to_id, one.from_type, one.from_id)
    with open_for_run(written(path, row(2, one), row(3, other))) as journal:
        assert list(claim(journal)) == [one, other]
