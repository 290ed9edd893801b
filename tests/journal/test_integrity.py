"""A journal that was changed by something else, or that no reader can have created, is refused."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import JournalError
from importer.journal import Journal, open_for_run
from importer.journal.integrity import checksum
from importer.journal.writer import set_value
from importer.model import LARGEST_ID, ObjectType, RecordId, is_object_type, is_record_id
from importer.reader.columns.object_types import parse_object_type
from importer.reader.rows.ids import parse_id
from tests.support.errors import raises
from tests.support.journals import FAILED, NOT_SENT, pair, row, written
from tests.support.used_journals import ACCOUNT, finished


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


@pytest.mark.slow
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


@pytest.mark.slow
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text()), min_size=1), st.data())
def test_different_values_have_different_checksums(values: list[object], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.one_of(st.none(), st.integers(0, 9), st.text(max_size=3)))
    if other != values[place]:
        assert checksum(*values) != checksum(*values[:place], other, *values[place + 1 :])
