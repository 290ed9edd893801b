"""The work queue: claiming, recording and releasing pairs; what a crash leaves in flight."""

from dataclasses import replace
from pathlib import Path

from importer.journal import CUT_OFF, Journal, SourceCounts, open_for_run, write_journal
from importer.model import ObjectType, Pair, RecordId, SourceRow, Status
from tests.support.blocks import rows_of
from tests.support.journals import (
    FAILED,
    INFO,
    LINKED,
    NOT_SENT,
    PROBLEM,
    UNCONFIRMED,
    claim,
    claim_pending,
    count_pending,
    outcomes,
    pair,
    row,
    written,
)


def test_pairs_are_claimed_in_order_and_in_chunks(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 12)))
    with open_for_run(path) as journal:
        first = claim_pending(journal, 0, 4)
        second = claim_pending(journal, first[-1].id, 100)
        assert [int(p.pair.from_id) for p in first + second] == list(range(2, 12))
        assert claim_pending(journal, second[-1].id, 100) == []
        assert count_pending(journal) == 10


def test_pending_pairs_are_counted_by_their_types(path: Path) -> None:
    deal = Pair(ObjectType("contacts"), RecordId("1"), ObjectType("deals"), RecordId("1"))
    with open_for_run(written(path, row(2, pair(1)), row(3, deal, pair(2)), row(4, pair(1)))) as journal:
        assert sorted(journal.pending_by_types()) == [1, 2]
        journal.record([(claim(journal)[deal], LINKED)])
        assert journal.pending_by_types() == [2]


def test_a_pair_with_a_final_outcome_is_never_claimed_again(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 6)))
    with open_for_run(path) as journal:
        numbers = claim(journal)
        final = (LINKED, FAILED, UNCONFIRMED, replace(LINKED, status=Status.ALREADY_LINKED))
        journal.record(list(zip(numbers.values(), final, strict=True)))
        assert count_pending(journal) == 0
        assert claim_pending(journal) == []


def test_a_pair_that_was_not_sent_is_claimed_again(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        numbers = claim(journal)
        journal.record([(numbers[pair(1)], NOT_SENT), (numbers[pair(2)], LINKED)])
        assert count_pending(journal) == 1
        assert list(claim(journal)) == [pair(1)]


def test_a_provisional_outcome_is_reported_and_the_pair_is_claimed_again(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        numbers = claim(journal)
        journal.record([], [(numbers[pair(1)], UNCONFIRMED)])
    assert outcomes(path) == {2: [Status.UNCONFIRMED]}
    with open_for_run(path) as journal:
        assert count_pending(journal) == 1
        assert claim(journal) == numbers
        journal.record([(numbers[pair(1)], LINKED)])
        assert count_pending(journal) == 0
    assert outcomes(path) == {2: [Status.LINKED]}


def test_a_released_pair_is_not_sent_and_is_claimed_again(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        numbers = claim(journal)
        journal.release([numbers[pair(1)]])
        assert [made.pairs[0].outcome for made in journal.rows(NOT_SENT)] == [NOT_SENT, CUT_OFF]
        assert count_pending(journal) == 2


def test_pairs_can_be_queried_by_status(path: Path) -> None:
    with open_for_run(written(path, *(row(n, pair(n)) for n in range(2, 7)))) as journal:
        numbers = claim(journal)
        kinds = (LINKED, UNCONFIRMED, UNCONFIRMED, FAILED, UNCONFIRMED)
        journal.record(list(zip(numbers.values(), kinds, strict=True)))
        first = journal.with_status(Status.UNCONFIRMED, 0, 2)
        rest = journal.with_status(Status.UNCONFIRMED, first[-1].id, 2)
        assert [int(p.pair.from_id) for p in first + rest] == [3, 4, 6]


def test_rows_to_retry_have_only_the_pairs_that_are_not_linked(path: Path, tmp_path: Path) -> None:
    rows = [
        row(2, pair(1)),
        row(3, pair(2), pair(3)),
        row(4, problems=(PROBLEM,)),
        row(6, pair(4)),
        row(7, pair(5)),
        row(8, pair(2)),
    ]
    with open_for_run(written(path, *rows)) as journal:
        numbers = claim(journal)
        kinds = {1: LINKED, 2: FAILED, 3: LINKED, 4: UNCONFIRMED}
        journal.record([(numbers[pair(n)], outcome) for n, outcome in kinds.items()])
        journal.release([numbers[pair(5)]])
        again = rows_of(journal.blocks_to_retry())
        assert again == [
            SourceRow(3, rows[1].cells, (pair(2),), ()),
            SourceRow(6, rows[3].cells, (pair(4),), ()),
            SourceRow(7, rows[4].cells, (pair(5),), ()),
            SourceRow(8, rows[5].cells, (pair(2),), ()),
        ]
        child = tmp_path / "child.sqlite"
        write_journal(child, replace(INFO, run_id="child", parent="r"), journal.blocks_to_retry())
    with Journal(child) as journal:
        assert journal.info.parent == "r"
        assert journal.counts() == SourceCounts(rows=4, pairs=3, invalid=0, duplicates=1)


def test_a_pair_in_flight_at_a_crash_may_be_linked_when_it_is_claimed_again(path: Path) -> None:
    with Journal(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        (first, _) = claim_pending(journal)
        assert first.earlier is None
        assert not first.may_be_linked
    with Journal(path) as journal:
        (again, _) = claim_pending(journal)
        assert again.earlier == CUT_OFF
        assert again.may_be_linked


def test_a_pair_that_was_not_sent_and_then_cut_off_is_reported_as_cut_off(path: Path) -> None:
    with Journal(written(path, row(2, pair(1)))) as journal:
        (claimed,) = claim_pending(journal)
        journal.record([], [(claimed.id, replace(NOT_SENT, attempts=3))])
        (again,) = claim_pending(journal)
        assert not again.may_be_linked  # a 429 means that HubSpot did not accept it
        (found,) = journal.rows(NOT_SENT)
        assert found.pairs[0].outcome == replace(CUT_OFF, attempts=3)


def test_looking_at_pending_pairs_does_not_mark_them_as_in_flight(path: Path) -> None:
    with Journal(written(path, row(2, pair(1)))) as journal:
        assert [found.pair for found in journal.pending(0, 10)] == [pair(1)]
        (found,) = journal.rows(NOT_SENT)
        assert found.pairs[0].outcome.status is Status.NOT_SENT


def test_pairs_in_flight_that_an_undo_may_change_are_counted(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 8)), row(20, pair(2)))
    with open_for_run(path) as journal:
        numbers = claim(journal)
        journal.record([(numbers[pair(2)], NOT_SENT)])
        assert list(claim(journal, 1)) == [pair(2)]
        provisional = UNCONFIRMED, LINKED, FAILED, replace(LINKED, status=Status.ALREADY_LINKED)
        journal.record([], list(zip((numbers[pair(n)] for n in range(4, 8)), provisional, strict=True)))
    with Journal(path) as journal:
        undone = [entry.pair for found in journal.rows_to_undo() for entry in found.pairs]
        assert undone == [pair(n) for n in (2, 3, 4, 5)]
        assert journal.count_in_flight_to_undo() == len(undone)
        assert journal.outcome_counts() == {}
