"""A damaged journal is refused; pairs whose outcome may be in a lost part of the log are unconfirmed."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.corrections import Correction
from importer.errors import JournalError
from importer.journal import (
    CUT_OFF,
    Account,
    Journal,
    PauseReason,
    PauseSpan,
    Second,
    integrity,
    journal_file,
    open_for_run,
    wal,
    write_journal,
)
from importer.journal.integrity import checksum
from importer.journal.writer import set_value
from importer.model import (
    LARGEST_ID,
    ObjectType,
    Outcome,
    RecordId,
    RowOutcome,
    SourceBlock,
    Status,
    is_object_type,
    is_record_id,
)
from importer.reader.columns.object_types import parse_object_type
from importer.reader.rows.ids import parse_id
from tests.support.bit_flips import flip_bit, journal_files
from tests.support.blocks import blocks_of
from tests.support.errors import raises
from tests.support.journals import (
    FAILED,
    INFO,
    LINKED,
    NOT_SENT,
    PROBLEM,
    UNCONFIRMED,
    claim,
    pair,
    row,
    run_python,
    written,
)

pytestmark = pytest.mark.slow

ACCOUNT = Account(42, "00" * 32, "ff")
SECOND = Second(at=7, begun=3, responses=2, busiest=3, rate="100/10", p50=90, p95=400)


def finished(path: Path) -> Path:
    """Write a journal with a row in every table."""
    rows = [
        row(n, problems=(PROBLEM,)) if n % 9 == 0 else row(n, pair(n % 50 + 1), pair(n % 7 + 1)) for n in range(2, 122)
    ]
    write_journal(path, INFO, corrected(blocks_of(rows, 30)), ACCOUNT)
    with open_for_run(path) as journal:
        journal.begin()
        journal.record_activity([SECOND], [PauseSpan(7.0, 9.0, PauseReason.BACKOFF)], None)
        known = list(claim(journal, 60).values())[:-2]  # two stay in flight
        kinds = (LINKED, FAILED, UNCONFIRMED, NOT_SENT)
        types = [(number, "HUBSPOT_DEFINED:279" if number % 2 else "-") for number in known]
        journal.record([(number, kinds[number % 4]) for number in known], before=types, after=types)
        journal.end({"status": "finished"})
    return path


def corrected(blocks: Iterable[SourceBlock]) -> Iterator[SourceBlock]:
    """Yield the blocks with a correction of the first cell of each."""
    for block in blocks:
        block.corrections = [Correction(block.numbers[0], 0, "was \ud800", str(block.cells[0][0]))]
        yield block


def verify(path: Path) -> None:
    with Journal(path) as journal:
        journal.verify()


def test_an_intact_journal_passes(path: Path) -> None:
    with Journal(finished(path)) as journal:
        journal.verify()
        assert journal.account == ACCOUNT
        assert len(list(journal.rows(NOT_SENT))) == 120


def test_texts_that_sqlite_writes_in_another_form_are_intact(path: Path) -> None:
    finished(path)
    with open_for_run(path) as journal:
        journal.begin()
        journal.record([(1, replace(FAILED, error_message='\x00 \x01\x1f\x7f " \\ / \u2028 é 🚀', http_status=None))])
        journal.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run SET value = replace(value, 'v4', 'v5') WHERE key = 'info'",
        "UPDATE run SET key = 'summarx' WHERE key = 'summary'",
        "UPDATE run SET value = '{\"status\": \"stopped\"}' WHERE key = 'summary'",
        "DELETE FROM run WHERE key = 'info'",
        "DELETE FROM run WHERE key = 'totals'",
        "DELETE FROM blocks WHERE number = 2",
        "DELETE FROM blocks WHERE number = 4",
        "DELETE FROM blocks",
        "UPDATE blocks SET number = 9 WHERE number = 4",
        "UPDATE blocks SET row_count = row_count + 1 WHERE number = 1",
        "UPDATE blocks SET last_pair = last_pair + 1 WHERE number = 4",
        "UPDATE blocks SET numbers = cells WHERE number = 1",
        "UPDATE blocks SET pairs = (SELECT pairs FROM blocks WHERE number = 2) WHERE number = 1",
        "UPDATE blocks SET cells = CAST(cells AS TEXT) WHERE number = 1",
        "UPDATE problems SET row = row + 1 WHERE rowid = 1",
        "UPDATE problems SET message = 'fine' WHERE rowid = 2",
        "DELETE FROM problems WHERE rowid = 3",
        "UPDATE duplicates SET first = first + 1 WHERE pair = (SELECT min(pair) FROM duplicates)",
        "DELETE FROM duplicates WHERE pair = (SELECT max(pair) FROM duplicates)",
        "UPDATE outcomes SET status = 'linked' WHERE status = 'failed'",
        "UPDATE outcomes SET pair = pair + 1000 WHERE pair = (SELECT max(pair) FROM outcomes)",
        "UPDATE outcomes SET http_status = 201 WHERE pair = (SELECT min(pair) FROM outcomes WHERE status = 'linked')",
        "UPDATE outcomes SET advice = x'00ff' WHERE pair = (SELECT min(pair) FROM outcomes)",
        "UPDATE before SET types = '-' WHERE types <> '-'",
        "UPDATE after SET pair = pair + 1000 WHERE pair = (SELECT max(pair) FROM after)",
        "UPDATE in_flight SET pair = pair + 1000",
        "UPDATE corrections SET original = 'x' WHERE rowid = 1",
        "DELETE FROM corrections WHERE rowid = 2",
        "UPDATE activity SET begun = begun + 1",
        "UPDATE processes SET ended_by = 'killed'",
        "ALTER TABLE outcomes RENAME COLUMN status TO statux",
        "CREATE TABLE more (a)",
        "DROP TABLE in_flight",
    ],
)
def test_any_change_behind_the_journals_back_is_refused(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(finished(path))) as db, db:
        db.execute(statement)
    with raises(JournalError, "JOURNAL_DAMAGED"):
        verify(path)


VALID: dict[str, Any] = {"target": "http://localhost:8080", "places": {"from_object_id": 1}, "api_version": "2026-09"}
INVALID: dict[str, Any] = {
    "target": "http://example.com",
    "api_version": "v5",
    "run_id": 5,
    "parent": 5,
    "header": "abc",
    "reading": [],
    "places": {"from_object_id": 9},
    "extra": 1,
}


def test_the_description_of_a_run_is_validated_as_strictly_as_settings(path: Path) -> None:
    def with_info(change: dict[str, Any]) -> Path:
        with closing(sqlite3.connect(path)) as db, db:
            (text,) = db.execute("SELECT value FROM run WHERE key = 'info'").fetchone()
            set_value(db, "info", {**original, **change} if original else json.loads(text))
        return path

    original: dict[str, Any] = {}
    with closing(sqlite3.connect(finished(path))) as db:
        original = json.loads(db.execute("SELECT value FROM run WHERE key = 'info'").fetchone()[0])
    with Journal(with_info(VALID)) as journal:
        assert journal.info.target == VALID["target"]
    for name, value in INVALID.items():
        with raises(JournalError, "JOURNAL_DAMAGED"):
            verify(with_info({name: value}))


@pytest.mark.parametrize(
    "bad",
    [
        replace(pair(1), from_id=RecordId("1e5")),
        replace(pair(1), to_id=RecordId("0")),
        replace(pair(1), to_id=RecordId(str(LARGEST_ID + 1))),
        replace(pair(1), from_type=ObjectType("con/tacts")),
        replace(pair(1), to_type=ObjectType("")),
    ],
)
def test_pairs_that_no_reader_creates_are_refused_although_their_checksum_is_right(path: Path, bad: Any) -> None:
    with raises(JournalError, "JOURNAL_DAMAGED"):
        verify(written(path, row(2, pair(1)), row(3, bad)))


@given(st.one_of(st.text(max_size=20), st.from_regex(r"\d{1,20}", fullmatch=True), st.just(str(LARGEST_ID))))
def test_the_journal_accepts_the_ids_that_the_reader_creates_and_no_others(text: str) -> None:
    if is_record_id(text):
        assert parse_id(text, "c") == text
    made = parse_id(text, "c")
    if isinstance(made, str) and len(made) < 19:
        assert is_record_id(made)


@given(st.one_of(st.text(max_size=20), st.from_regex(r"[0-9a-z_-]{1,12}", fullmatch=True)))
def test_the_journal_accepts_the_object_types_that_the_reader_creates(text: str) -> None:
    made = parse_object_type(text)
    assert made is None or is_object_type(made)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text()), min_size=1), st.data())
def test_different_values_have_different_checksums(values: list[object], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.one_of(st.none(), st.integers(0, 9), st.text(max_size=3)))
    if other != values[place]:
        assert checksum(*values) != checksum(*values[:place], other, *values[place + 1 :])


# ---- the log of a killed run

KILLED = """
with open_for_run(path) as journal:
    journal.begin()
    for number in range(40):
        (pending,) = journal.pending(number, 1)
        journal.claim([pending])
        journal.record([(pending.id, LINKED)])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path) -> Path:
    """Write a journal whose process was killed when 40 of 60 pairs were linked, all of it in the log."""
    written(path, *(row(n, pair(n)) for n in range(2, 62)))
    assert run_python(KILLED, path).returncode == -9
    assert wal.committed_frames(path) > 40
    return path


def statuses(path: Path) -> list[Status]:
    with Journal(path) as journal:
        journal.verify()
        return [made.pairs[0].outcome.status for made in journal.rows(NOT_SENT)]


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


class EndsMeanwhile:
    """Calls a function as it is, but ends a run just before or after its first call."""

    def __init__(self, function: Callable[..., object], end: Callable[[], None], *, before: bool) -> None:
        self._function = function
        self._end: Callable[[], None] | None = end
        self._before = before

    def __call__(self, *arguments: object) -> object:
        if self._before:
            self._end_once()
        found = self._function(*arguments)
        self._end_once()
        return found

    def _end_once(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()


MOMENTS = [
    (wal, "readable_frames", False),
    (wal, "committed_frames", True),
    (wal, "committed_frames", False),
    (integrity, "read_run", True),
    (integrity, "read_run", False),
    (journal_file, "is_held", True),
]


@pytest.mark.parametrize("status", ["stopped", "killed"])
@pytest.mark.parametrize(("module", "name", "before"), MOMENTS)
def test_a_run_that_ends_while_its_journal_is_being_opened_has_lost_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, before: bool, status: str
) -> None:
    stack = ExitStack()
    if status == "killed":  # and another process that only reads its journal closes it
        stack.enter_context(Journal(killed(path)))
    else:
        journal = stack.enter_context(open_for_run(written(path, *(row(n, pair(n)) for n in range(2, 62)))))
        journal.begin()
        for number in range(40):
            claimed = journal.pending(number, 1)
            journal.claim(claimed)
            journal.record([(claimed[0].id, LINKED)])
        stack.callback(journal.end, {"status": "stopped", "rows": 60})
    monkeypatch.setattr(module, name, EndsMeanwhile(getattr(module, name), stack.close, before=before))
    with Journal(path):
        pass
    assert statuses(path) == [Status.LINKED] * 40 + [Status.NOT_SENT] * 20
    with Journal(path) as opened:
        assert opened.summary == (None if status == "killed" else {"status": "stopped", "rows": 60})


# ---- any flipped bit

Look = Callable[[Path], tuple[object, list[RowOutcome]]]


def look(path: Path) -> tuple[object, list[RowOutcome]]:
    with Journal(path) as journal:
        journal.verify()
        return (journal.info, journal.counts()), list(journal.rows(NOT_SENT))


def is_unconfirmed(found: Outcome, true: Outcome) -> bool:
    return found.status is Status.UNCONFIRMED and found != true


@pytest.mark.parametrize("make", [finished, killed], ids=["finished", "killed"])
def test_with_any_bit_flipped_a_journal_is_refused_or_right(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path / "kept" / "r.sqlite").parent
    true = look(shutil.copytree(folder, tmp_path / "true") / "r.sqlite")
    refused = 0
    for seed in range(40):
        path = shutil.copytree(folder, tmp_path / str(seed)) / "r.sqlite"
        flipped = flip_bit(journal_files(path), random.Random(seed))
        try:
            found = look(path)
        except JournalError:
            refused += 1
            continue
        assert found[0] == true[0], flipped
        for actual, wanted in zip(found[1], true[1], strict=True):
            assert (actual.number, actual.cells, actual.problems) == (wanted.number, wanted.cells, wanted.problems), (
                flipped
            )
            for one, other in zip(actual.pairs, wanted.pairs, strict=True):
                assert one.pair == other.pair, flipped
                assert one.outcome == other.outcome or is_unconfirmed(one.outcome, other.outcome), flipped
    assert refused > 2
