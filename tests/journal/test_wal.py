"""The log of a killed run is read; pairs whose outcome may be in a lost part of it are unconfirmed."""

from pathlib import Path

import pytest

from importer.journal import CUT_OFF, open_for_run, wal
from importer.model import Status
from tests.support.journals import LINKED, claim, pair, row, written
from tests.support.used_journals import killed, statuses

pytestmark = pytest.mark.slow


def test_the_whole_log_of_a_killed_run_is_read(path: Path) -> None:
    assert statuses(killed(path)) == [Status.LINKED] * 40 + [Status.NOT_SENT] * 20


def damage(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("place", [0, 9, 17, 21, 25])
def test_if_the_log_is_damaged_at_its_beginning_every_pair_may_have_been_sent(path: Path, place: int) -> None:
    damage(wal.log_path(killed(path)), place)
    for _ in range(2):  # recorded the first time, because the log is gone by then
        assert statuses(path) == [Status.UNCONFIRMED] * 60
    with open_for_run(path) as journal:
        assert {found.earlier for found in journal.pending(0, 100)} == {CUT_OFF}


def test_if_the_log_is_damaged_in_the_middle_earlier_outcomes_are_kept(path: Path) -> None:
    log = wal.log_path(killed(path))
    damage(log, log.stat().st_size // 2)
    found = statuses(path)
    linked = found.count(Status.LINKED)
    assert 0 < linked < 40
    assert found == [Status.LINKED] * linked + [Status.UNCONFIRMED] * (60 - linked)


def test_an_uncommitted_transaction_is_not_damage(path: Path) -> None:
    log = wal.log_path(killed(path))
    with log.open("ab") as file:  # as left by a process that dies while writing
        file.write(log.read_bytes()[32:5_000])
    assert statuses(path) == [Status.LINKED] * 40 + [Status.NOT_SENT] * 20


@pytest.mark.parametrize("share", [None, 0.0, 0.3, 0.9])
def test_if_the_log_is_shorter_than_it_was_pairs_without_an_outcome_are_unconfirmed(
    path: Path, share: float | None
) -> None:
    log = wal.log_path(killed(path))
    if share is None:
        log.unlink()
    else:
        with log.open("r+b") as file:
            file.truncate(int(log.stat().st_size * share))
    for _ in range(2):
        found = statuses(path)
        linked = found.count(Status.LINKED)
        assert linked < 40
        assert found == [Status.LINKED] * linked + [Status.UNCONFIRMED] * (60 - linked)


def test_if_the_log_and_its_index_are_deleted_every_pair_may_have_been_sent(path: Path) -> None:
    wal.log_path(killed(path)).unlink()
    path.with_name(f"{path.name}-shm").unlink()
    for _ in range(2):
        assert statuses(path) == [Status.UNCONFIRMED] * 60


def test_a_missing_log_is_normal_after_the_killed_run_was_read_or_ended(path: Path) -> None:
    expected = [Status.LINKED] * 40 + [Status.NOT_SENT] * 20
    for _ in range(2):
        assert statuses(killed(path) if not path.exists() else path) == expected
        assert not wal.log_path(path).exists()
    with open_for_run(path) as journal:
        journal.begin()
        assert wal.log_path(path).exists()
    assert statuses(path) == expected


def test_the_log_of_a_running_process_is_left_alone(path: Path) -> None:
    written(path, row(2, pair(1)), row(3, pair(2)))
    with open_for_run(path) as journal:
        numbers = claim(journal, 1)
        journal.record([(numbers[pair(1)], LINKED)])
        assert statuses(path) == [Status.LINKED, Status.NOT_SENT]
