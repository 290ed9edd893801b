"""Figures of a run: SQLite's sums equal a plain computation over the same outcomes and calls."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.journal import (
    CUT_OFF,
    CallFigures,
    CompletedPairs,
    FailureKind,
    FullestWindow,
    Journal,
    Second,
    TypeChange,
    open_for_run,
    write_journal,
)
from importer.model import GOOD_STATUSES, Outcome, Status
from tests.support.blocks import blocks_of
from tests.support.journals import INFO, pair, row

START, END = 1_000_000_000, 1_000_000_600
TIMES = {
    "2001-09-09T01:46:40Z": START,
    "2001-09-09T01:46:41.999Z": START + 1,
    "2001-09-09T01:48:20.123456Z": START + 100,
    "2001-09-09T03:51:40+02:00": START + 300,
    "1999-01-01T00:00:00Z": START,
    "2031-01-01T00:00:00Z": END,
    "": END,
    "yesterday": END,
    "9999-12-31T23:59:59Z": END,
}
PAIR_STATUSES = [Status.LINKED, Status.ALREADY_LINKED, Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT]
TYPES = ("-", "HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pair as drawn: its outcome, if any, whether it is in flight, its types; `sent` are those that a call leaves."""

    outcome: Outcome | None
    in_flight: bool
    before: str | None
    after: str | None
    sent: str | None = None

    @property
    def left(self) -> str:
        """The types after the run, as far as they are known."""
        is_linked = self.outcome is not None and self.outcome.status is Status.LINKED
        return self.after or (is_linked and self.sent) or ""


OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(PAIR_STATUSES),
    st.sampled_from([None, 200, 404, 502]),
    error_category=st.sampled_from(["", "OBJECT_NOT_FOUND"]),
    error_message=st.sampled_from(["", "one", "other"]),
    advice=st.sampled_from(["", "Look."]),
    completed_at=st.sampled_from(list(TIMES)),
)
DRAWN = st.builds(
    Drawn,
    st.none() | OUTCOMES,
    st.booleans(),
    st.none() | st.sampled_from(TYPES),
    st.none() | st.sampled_from(TYPES),
    st.none() | st.sampled_from(TYPES),
)
NUMBERS = st.integers(0, 50)
SECONDS = st.builds(
    Second,
    st.integers(START, END - 1),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["", "100/10", "19/1", "150/10"]),
    p50=st.none() | NUMBERS,
    p95=st.none() | NUMBERS,
)
figures = settings(max_examples=40, deadline=None)

pytestmark = pytest.mark.slow


@contextmanager
def journal_of(drawn: list[Drawn], seconds: list[Second] | None = None) -> Iterator[Journal]:
    """Write a run of these pairs, in rows of one, two or three, the first of which is repeated at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.sqlite"
        pairs = [pair(number) for number in range(1, len(drawn) + 1)]
        rows, number = [], 2
        while pairs:
            size = 1 + number % 3
            rows.append(row(number, *pairs[:size]))
            pairs, number = pairs[size:], number + 2
        rows.append(row(number, pair(1)))
        write_journal(path, INFO, blocks_of(rows, 3))
        with open_for_run(path) as journal:
            pending = journal.pending(0, len(drawn))
            journal.claim([pending[index] for index, one in enumerate(drawn) if one.in_flight])
            outcomes = [(index, one) for index, one in enumerate(drawn, 1) if one.outcome is not None]
            journal.record(
                [(index, one.outcome) for index, one in outcomes if not one.in_flight and one.outcome],
                [(index, one.outcome) for index, one in outcomes if one.in_flight and one.outcome],
                [(index, one.before) for index, one in enumerate(drawn, 1) if one.before],
                [(index, one.after) for index, one in enumerate(drawn, 1) if one.after],
                sent=[(index, one.sent) for index, one in enumerate(drawn, 1) if one.sent],
            )
            journal.claim([pending[index - 1] for index, one in outcomes if one.in_flight])
            journal.record_activity(seconds or [], [], None)
            yield journal


@figures
@given(st.lists(DRAWN, min_size=1, max_size=30), st.integers(1, 700))
def test_the_pairs_of_an_interval_are_those_that_got_their_outcome_in_it(drawn: list[Drawn], seconds: int) -> None:
    outcomes = [one.outcome for one in drawn if one.outcome is not None]
    expected = Counter((TIMES[one.completed_at] // seconds * seconds, one.status) for one in outcomes)
    with journal_of(drawn) as journal:
        found = journal.completed_over_time(seconds, START, END)
    assert found == [CompletedPairs(*key, number) for key, number in sorted(expected.items())]


def test_the_times_of_the_other_tests_are_what_python_reads() -> None:
    for text, at in TIMES.items():
        if START < at < END:
            assert int(datetime.fromisoformat(text).timestamp()) == at


@figures
@given(st.lists(SECONDS, max_size=40, unique_by=lambda one: one.at), st.integers(1, 700))
def test_the_calls_of_an_interval_are_those_of_its_seconds(seconds: list[Second], length: int) -> None:
    groups: dict[int, list[Second]] = defaultdict(list)
    for one in sorted(seconds, key=lambda one: one.at):
        groups[one.at // length].append(one)
    with journal_of([Drawn(None, False, None, None)], seconds) as journal:
        assert journal.calls_over_time(length) == [expected_calls(group, length) for group in groups.values()]
        fullest = max(seconds, key=lambda one: (one.busiest, -one.at), default=None)
        window = fullest and FullestWindow(fullest.at, fullest.busiest, limit(fullest) or 0.0)
        assert journal.fullest_window() == window


def expected_calls(group: list[Second], length: int) -> CallFigures:
    weighted = sorted(p50 for one in group if (p50 := one.p50) is not None for _ in range(2 * one.responses))
    unweighted = [one.p50 for one in group if one.p50 is not None]
    return CallFigures(
        start=group[0].at // length * length,
        end=(group[0].at // length + 1) * length,
        begun=sum(one.begun for one in group),
        retries=sum(one.retries for one in group),
        rate_limited=sum(one.rate_limited for one in group),
        busiest=max(one.busiest for one in group),
        limit=max((found for one in group if (found := limit(one)) is not None), default=None),
        p50=weighted[len(weighted) // 2 - 1] if weighted else min(unweighted, default=None),
        p95=max((one.p95 for one in group if one.p95 is not None), default=None),
    )


def limit(second: Second) -> float | None:
    """Return the rate limit of a second in calls per ten seconds."""
    calls, _, seconds = second.rate.partition("/")
    return float(calls) * 10 / float(seconds) if seconds else None


@figures
@given(st.lists(DRAWN, min_size=1, max_size=30))
def test_every_pair_is_good_or_of_one_kind_of_failure(drawn: list[Drawn]) -> None:
    kinds: dict[tuple[Status, int, str], list[int]] = defaultdict(list)
    texts: dict[tuple[Status, int, str], set[tuple[str, str]]] = defaultdict(set)
    good = 0
    for number, one in enumerate(drawn, 1):
        outcome = one.outcome or Outcome(Status.NOT_SENT)
        if outcome.status is Status.NOT_SENT and one.in_flight:
            outcome = CUT_OFF
        if outcome.status in GOOD_STATUSES:
            good += 1
            continue
        key = (outcome.status, outcome.http_status or 0, outcome.error_category)
        if one.outcome is None and not one.in_flight:
            key = (Status.NOT_SENT, -1, "")  # never reached: not of the same kind as those with an outcome
        kinds[key].append(number)
        texts[key].add((outcome.error_message, outcome.advice))
    with journal_of(drawn) as journal:
        found = journal.failure_kinds(most=60, first=2)
    assert sum(kind.pairs for kind in found) + good == len(drawn)
    assert [kind.pairs for kind in found] == sorted((kind.pairs for kind in found), reverse=True)
    expected = [expected_kind(key, numbers, texts[key]) for key, numbers in kinds.items()]
    assert Counter(found) == Counter(expected)


def expected_kind(key: tuple[Status, int, str], numbers: list[int], texts: set[tuple[str, str]]) -> FailureKind:
    status, http_status, category = key
    messages, advice = ({text[place] for text in texts} for place in (0, 1))
    return FailureKind(
        status=status,
        http_status=max(0, http_status),
        category=category,
        pairs=len(numbers),
        message=messages.pop() if len(messages) == 1 else "",
        advice=advice.pop() if len(advice) == 1 else "",
        first=() if http_status < 0 else tuple(numbers[:2]),
    )


@figures
@given(st.lists(DRAWN, min_size=1, max_size=30))
def test_changes_of_types_are_counted_and_pairs_belong_to_their_rows(drawn: list[Drawn]) -> None:
    changes = Counter((one.before or "", one.left, one.outcome.status) for one in drawn if one.outcome is not None)
    with journal_of(drawn) as journal:
        found = journal.type_changes(60)
        rows = {number: made for made in journal.rows(Outcome(Status.NOT_SENT)) for number in [made.number]}
        numbers = journal.rows_of_pairs(range(1, len(drawn) + 1))
    assert Counter({(one.before, one.after, one.status): one.pairs for one in found}) == changes
    assert [one.pairs for one in found] == sorted(changes.values(), reverse=True)
    for number, row_number in numbers.items():
        assert pair(number) in [made.pair for made in rows[row_number].pairs]


def test_only_the_most_frequent_kinds_and_changes_are_returned() -> None:
    drawn = [
        Drawn(Outcome(Status.FAILED, 400, error_category=f"C{number % 5}"), False, TYPES[number % 3], None)
        for number in range(12)
    ]
    with journal_of(drawn) as journal:
        assert [kind.category for kind in journal.failure_kinds(2, 1)] == ["C0", "C1"]
        assert journal.type_changes(1) == [TypeChange("-", "", Status.FAILED, 4)]
