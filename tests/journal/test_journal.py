"""The journal: what goes in comes out, across processes, crashes, full disks and other programs' files."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import importer
from importer.errors import BusyError, JournalError
from importer.journal import (
    CUT_OFF,
    Counts,
    Journal,
    ProblemGroup,
    RunInfo,
    is_held,
    list_journals,
    open_for_run,
    write_journal,
)
from importer.model import (
    ObjectType,
    Outcome,
    Pair,
    PairOutcome,
    Problem,
    RecordId,
    RowOutcome,
    SourceBlock,
    SourceRow,
    Status,
)
from tests.support.blocks import blocks_of, rows_of

INFO = RunInfo(
    run_id="r",
    created_at="2026-11-23T19:45:33Z",
    parent=None,
    source="/data/deals.csv",
    source_sha256="ab" * 32,
    source_modified_at="2026-11-22T10:00:00Z",
    header=("Contact ID", 'Größe; "x"\n', "\ud800"),
    delimiter=";",
    reading={"limit": 3, "columns": {"from_object_id": "A"}, "statuses": None},
    target="https://api.hubapi.com",
    api_version="v4",
    results="/data/deals.results.csv",
)
NOT_SENT = Outcome(Status.NOT_SENT, advice="Resume.")
LINKED = Outcome(Status.LINKED, 200, "COMPLETE", association_types="HUBSPOT_DEFINED:279", attempts=1)
FAILED = Outcome(
    Status.FAILED, 404, "", 1, "OBJECT_NOT_FOUND", 'No such\n"record" 🚀', "{}", "c-1", "", 2, "t", "Look."
)
UNCONFIRMED = Outcome(Status.UNCONFIRMED, 502, attempts=3)
PROBLEM = Problem("MISSING_ID", "Company ID", "'' is not an id.", "Fill it in.")


def pair(number: int, to: int = 1) -> Pair:
    return Pair(ObjectType("contacts"), RecordId(str(number)), ObjectType("companies"), RecordId(str(to)))


def row(number: int, *pairs: Pair, problems: tuple[Problem, ...] = ()) -> SourceRow:
    return SourceRow(number, (f"cell of {number}",), pairs, problems)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "r.sqlite"


def written(path: Path, *rows: SourceRow) -> Path:
    write_journal(path, INFO, blocks_of(rows))
    return path


def outcomes(path: Path) -> dict[int, list[Status]]:
    """The statuses of each row's pairs, as another process would read them now."""
    with Journal(path) as journal:
        return {row.number: [made.outcome.status for made in row.pairs] for row in journal.rows(NOT_SENT)}


def taken(journal: Journal, limit: int = 1000) -> dict[Pair, int]:
    return {pending.pair: pending.id for pending in journal.claim(0, limit)}


def pending(journal: Journal) -> int:
    return sum(journal.pending_by_types())


def test_a_row_with_more_cells_than_the_header_is_noted(tmp_path: Path) -> None:
    for surplus in (0, 1):
        path = tmp_path / f"{surplus}.sqlite"
        cells = ("x",) * (len(INFO.header) + surplus)
        write_journal(path, INFO, blocks_of([row(2, pair(1)), SourceRow(3, cells, (), (PROBLEM,))]))
        with Journal(path) as journal:
            assert journal.has_extra_cells() is bool(surplus)


# ---- written and read back

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
    """A problem as it is stored: what UTF-8 cannot hold is shown by its number."""

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


@given(tables(), st.dictionaries(pairs_, st.sampled_from([LINKED, FAILED, UNCONFIRMED])))
@settings(max_examples=60)
@pytest.mark.slow
def test_every_row_comes_back_with_its_cells_problems_and_outcomes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[SourceRow], known: dict[Pair, Outcome]
) -> None:
    path = tmp_path_factory.mktemp("j") / "r.sqlite"
    write_journal(path, INFO, blocks_of(rows, 5))
    with open_for_run(path) as journal:
        assert journal.info == INFO
        numbers = taken(journal)
        assert len(numbers) == len({one for row in rows for one in row.pairs}) == journal.counts().pairs
        journal.record([(numbers[one], outcome) for one, outcome in known.items() if one in numbers])
        journal.release([number for one, number in numbers.items() if one not in known])
        assert list(journal.rows(NOT_SENT)) == expected(rows, known)
    with Journal(path) as journal:
        assert list(journal.rows(NOT_SENT)) == expected(rows, known)
        assert journal.counts() == Counts(
            len(rows),
            len({one for row in rows for one in row.pairs}),
            sum(bool(row.problems) for row in rows),
            sum(any(p.first_row != row.number for p in row.pairs) for row in expected(rows, {})),
            sum(not row.pairs and not row.problems for row in rows),
        )


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


def test_texts_that_are_hard_to_store_come_back(path: Path) -> None:
    rows = [SourceRow(2, NASTY, (), tuple(Problem("BAD_ID", text, text, text) for text in NASTY))]
    with Journal(written(path, *rows)) as journal:
        assert list(journal.rows(NOT_SENT)) == expected(rows, {})


def test_rows_beyond_one_block_keep_their_order_pairs_and_problems(path: Path) -> None:
    rows = [
        row(n, problems=(PROBLEM, PROBLEM)) if n % 7 == 0 else row(n, pair(n), pair(n % 400 + 1))
        for n in range(2, 3000)
    ]
    written(path, *rows)
    with Journal(path) as journal:
        assert list(journal.rows(NOT_SENT)) == expected(rows, {})


def test_rows_with_large_cells_come_back_whole(path: Path) -> None:
    rows = [SourceRow(n, ("x" * 400_000, "\0\r\n"), (pair(n),), ()) for n in range(2, 9)]
    with Journal(written(path, *rows)) as journal:
        assert [made.cells for made in journal.rows(NOT_SENT)] == [made.cells for made in rows]


def test_a_table_without_rows_makes_a_journal_without_rows(path: Path) -> None:
    with Journal(written(path)) as journal:
        assert journal.counts() == Counts(0, 0, 0, 0)
        assert list(journal.rows(NOT_SENT)) == []
        assert journal.claim(0, 10) == []


# ---- duplicates


def test_a_pair_is_sent_once_and_every_row_that_made_it_has_its_outcome(path: Path) -> None:
    written(path, row(2, pair(1)), row(3, pair(2), pair(1)), row(4, pair(1), pair(1)), row(5, pair(1)))
    with open_for_run(path) as journal:
        numbers = taken(journal)
        assert list(numbers) == [pair(1), pair(2)]
        journal.record([(numbers[pair(1)], FAILED), (numbers[pair(2)], LINKED)])
        assert [[(p.outcome.status, p.first_row) for p in made.pairs] for made in journal.rows(NOT_SENT)] == [
            [(Status.FAILED, 2)],
            [(Status.LINKED, 3), (Status.FAILED, 2)],
            [(Status.FAILED, 2), (Status.FAILED, 2)],
            [(Status.FAILED, 2)],
        ]
        assert journal.counts() == Counts(rows=4, pairs=2, invalid=0, duplicates=3)
        assert journal.outcome_counts() == {Status.FAILED: 1, Status.LINKED: 1}


def test_a_row_that_repeats_its_own_pair_is_no_duplicate(path: Path) -> None:
    with Journal(written(path, row(2, pair(1), pair(1)))) as journal:
        assert journal.counts() == Counts(rows=1, pairs=1, invalid=0, duplicates=0)


def test_the_reversed_pair_is_another_pair(path: Path) -> None:
    one = pair(1, 2)
    other = Pair(one.to_type, one.to_id, one.from_type, one.from_id)
    with open_for_run(written(path, row(2, one), row(3, other))) as journal:
        assert list(taken(journal)) == [one, other]


# ---- taking, recording, giving back


def test_pairs_are_taken_in_order_and_in_portions(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 12)))
    with open_for_run(path) as journal:
        first = journal.claim(0, 4)
        second = journal.claim(first[-1].id, 100)
        assert [int(p.pair.from_id) for p in first + second] == list(range(2, 12))
        assert journal.claim(second[-1].id, 100) == []
        assert pending(journal) == 10


def test_pairs_to_send_are_counted_by_their_types(path: Path) -> None:
    deal = Pair(ObjectType("contacts"), RecordId("1"), ObjectType("deals"), RecordId("1"))
    with open_for_run(written(path, row(2, pair(1)), row(3, deal, pair(2)), row(4, pair(1)))) as journal:
        assert sorted(journal.pending_by_types()) == [1, 2]
        journal.record([(taken(journal)[deal], LINKED)])
        assert journal.pending_by_types() == [2]


def test_a_settled_pair_is_never_taken_again(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 6)))
    with open_for_run(path) as journal:
        numbers = taken(journal)
        final = (LINKED, FAILED, UNCONFIRMED, replace(LINKED, status=Status.ALREADY_LINKED))
        journal.record(list(zip(numbers.values(), final, strict=True)))
        assert pending(journal) == 0
        assert journal.claim(0, 10) == []


def test_a_pair_that_was_not_sent_is_taken_again(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        numbers = taken(journal)
        journal.record([(numbers[pair(1)], NOT_SENT), (numbers[pair(2)], LINKED)])
        assert pending(journal) == 1
        assert list(taken(journal)) == [pair(1)]


def test_an_unsettled_outcome_stands_in_a_report_and_the_pair_is_taken_again(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        numbers = taken(journal)
        journal.record([], [(numbers[pair(1)], UNCONFIRMED)])
    assert outcomes(path) == {2: [Status.UNCONFIRMED]}
    with open_for_run(path) as journal:
        assert pending(journal) == 1
        assert taken(journal) == numbers
        journal.record([(numbers[pair(1)], LINKED)])
        assert pending(journal) == 0
    assert outcomes(path) == {2: [Status.LINKED]}


def test_given_back_pairs_are_not_sent_and_taken_again(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        numbers = taken(journal)
        journal.release([numbers[pair(1)]])
        assert [made.pairs[0].outcome for made in journal.rows(NOT_SENT)] == [NOT_SENT, CUT_OFF]
        assert pending(journal) == 2


def test_pairs_can_be_asked_for_by_their_outcome(path: Path) -> None:
    with open_for_run(written(path, *(row(n, pair(n)) for n in range(2, 7)))) as journal:
        numbers = taken(journal)
        kinds = (LINKED, UNCONFIRMED, UNCONFIRMED, FAILED, UNCONFIRMED)
        journal.record(list(zip(numbers.values(), kinds, strict=True)))
        first = journal.with_status(Status.UNCONFIRMED, 0, 2)
        rest = journal.with_status(Status.UNCONFIRMED, first[-1].id, 2)
        assert [int(p.pair.from_id) for p in first + rest] == [3, 4, 6]


def test_the_rows_to_retry_hold_only_the_pairs_that_are_not_linked(path: Path, tmp_path: Path) -> None:
    rows = [
        row(2, pair(1)),
        row(3, pair(2), pair(3)),
        row(4, problems=(PROBLEM,)),
        row(6, pair(4)),
        row(7, pair(5)),
        row(8, pair(2)),
    ]
    with open_for_run(written(path, *rows)) as journal:
        numbers = taken(journal)
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
        assert journal.counts() == Counts(rows=4, pairs=3, invalid=0, duplicates=1)


# ---- the run's own life


def test_a_run_counts_as_cut_off_from_its_begin_to_its_end(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        assert journal.begin() is False
        assert journal.summary is None
        journal.end({"status": "interrupted", "rows": 1})
    with open_for_run(path) as journal:
        assert journal.summary == {"status": "interrupted", "rows": 1}
        assert journal.begin() is True
        assert journal.summary is None


def test_problems_are_grouped_by_code_the_most_frequent_first(path: Path) -> None:
    rare = Problem("BAD_ID", "A", "m", "a")
    rows = [row(n, problems=(PROBLEM, PROBLEM)) for n in (2, 3, 5)] + [
        row(9, problems=(rare, PROBLEM)),
        row(10, pair(1)),
    ]
    with Journal(written(path, *rows)) as journal:
        assert journal.problem_groups(2) == [
            ProblemGroup("MISSING_ID", 4, ((2, PROBLEM), (3, PROBLEM))),
            ProblemGroup("BAD_ID", 1, ((9, rare),)),
        ]


# ---- across processes


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own that has this module's names."""
    return subprocess.run(command(code, *arguments), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def command(code: str, *arguments: object) -> list[str]:
    preamble = "import os, resource, signal, sys\nfrom pathlib import Path\nfrom tests.journal.test_journal import *\n"
    return [sys.executable, "-c", preamble + "path = Path(sys.argv[1])\n" + code, *map(str, arguments)]


ROOT = Path(importer.__file__).parent.parent


@pytest.mark.slow
def test_what_was_recorded_before_a_kill_is_kept_and_what_was_being_sent_is_cut_off(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 6)))
    code = """
with open_for_run(path) as journal:
    journal.begin()
    numbers = taken(journal, 3)
    journal.record([(numbers[pair(2)], LINKED)])
    journal.release([numbers[pair(4)]])
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, path).returncode == -9
    with open_for_run(path) as journal:
        assert journal.summary is None
        assert [made.pairs[0].outcome for made in journal.rows(NOT_SENT)] == [LINKED, CUT_OFF, NOT_SENT, NOT_SENT]
        assert list(taken(journal)) == [pair(3), pair(4), pair(5)]
        assert journal.begin() is True


def test_another_connection_sees_what_is_committed_while_the_run_goes_on(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal, Journal(path) as other:
        numbers = taken(journal)
        assert [made.pairs[0].outcome for made in other.rows(NOT_SENT)] == [CUT_OFF, CUT_OFF]
        journal.record([(numbers[pair(1)], LINKED)])
        assert other.outcome_counts() == {Status.LINKED: 1}
        assert pending(other) == 1


@pytest.mark.slow
def test_a_second_process_on_the_same_run_is_told_so(path: Path) -> None:
    written(path, row(2, pair(1)))
    hold = "with open_for_run(path):\n    print('held', flush=True)\n    sys.stdin.read()"
    with subprocess.Popen(
        command(hold, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert is_held(path)
        with (
            pytest.raises(BusyError, match="Another process is working on run r: wait until it ends"),
            open_for_run(path),
        ):
            pass
        assert outcomes(path) == {2: [Status.NOT_SENT]}  # looking is always possible
        process.kill()
    assert not is_held(path)  # a killed process holds nothing
    with open_for_run(path) as journal:
        assert pending(journal) == 1


# ---- files that are no journal of ours


def refused(path: Path) -> str:
    with pytest.raises(JournalError) as error, Journal(path) as journal:
        list(journal.rows(NOT_SENT))
    return str(error.value)


def test_a_missing_journal_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    assert refused(path) == f"There is no journal {path}."
    assert not path.exists()


def test_a_journal_of_another_version_is_refused_with_both_versions(path: Path) -> None:
    with closing(sqlite3.connect(written(path, row(2, pair(1))))) as db:
        db.execute("PRAGMA user_version = 7")
    assert "is of version 7, this importer writes version" in refused(path)


@pytest.mark.parametrize(
    "content", [b"", b"Contact ID,Company ID\n1,2\n", b"SQLite format 3\0" + bytes(84), os.urandom(9000)]
)
def test_what_is_no_journal_is_refused_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(content)
    assert "it is not a journal, or it is damaged" in refused(path)


def test_the_database_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE run (a, b); PRAGMA user_version = 1;")
    before = path.read_bytes()
    assert "it is not a journal, or it is damaged" in refused(path)
    assert path.read_bytes() == before


def test_a_journal_damaged_in_the_middle_is_refused_not_read_wrongly(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 3000)))
    size = path.stat().st_size
    with path.open("r+b") as file:
        for place in range(4096, size, 4096):
            file.seek(place)
            file.write(bytes(100))
    assert "damaged" in refused(path)


def test_a_journal_that_was_cut_short_is_refused(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 3000)))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert "damaged" in refused(path)


# ---- the file itself


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_journals_are_for_their_owner_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        written(path, row(2, pair(1)))
        with open_for_run(path) as journal:
            journal.record([(number, LINKED) for number in taken(journal).values()])
            files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(files) == {"r.sqlite", "r.sqlite-wal", "r.sqlite-shm", "r.lock"}
    assert set(files.values()) == {0o600}


class ReadingError(Exception):
    """What a source raises when it turns out to be unreadable further down."""


def test_a_journal_appears_whole_or_not_at_all(path: Path) -> None:
    seen: list[list[Path]] = []

    def rows() -> Iterator[SourceRow]:
        for n in range(2, 2000):
            yield row(n, pair(n))
        seen.append(list_journals(path.parent))
        raise ReadingError

    with pytest.raises(ReadingError):
        write_journal(path, INFO, blocks_of(rows()))
    assert seen == [[]]
    assert list(path.parent.iterdir()) == []


def test_a_draft_left_by_a_crash_is_written_over(path: Path) -> None:
    path.parent.mkdir()
    path.with_suffix(".reading").write_bytes(b"half a journal")
    assert outcomes(written(path, row(2, pair(1)))) == {2: [Status.NOT_SENT]}
    assert list_journals(path.parent) == [path]


def test_a_place_that_cannot_hold_a_journal_is_refused_with_the_flag(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(JournalError, match=r"cannot be written: File exists\. Name another place with --state-dir"):
        written(blocked / "r.sqlite", row(2, pair(1)))


LIMITED = "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"


def many_blocks(count: int) -> Iterable[SourceBlock]:
    return blocks_of(SourceRow(n, ("x" * 500,), (pair(n),), ()) for n in range(2, count))


@pytest.mark.slow
def test_a_file_that_may_not_grow_while_reading_leaves_nothing_behind(path: Path) -> None:
    done = run_python(
        LIMITED
        + "try:\n    write_journal(path, INFO, many_blocks(5000))\nexcept JournalError as error:\n    print(error)",
        path,
    )
    assert "the disk reports an error" in done.stdout, done.stderr
    assert list(path.parent.iterdir()) == []


FILL = """
written_until = 0
with open_for_run(path) as journal:
    journal.begin()
    numbers = list(taken(journal, 500).values())
    try:
        for written_until, number in enumerate(numbers):
            journal.record([(number, Outcome(Status.FAILED, error_message='y' * 3000))])
    except JournalError as error:
        print(error)
print(written_until)
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow_during_a_run_keeps_all_that_was_recorded(path: Path) -> None:
    write_journal(path, INFO, many_blocks(502))
    done = run_python(LIMITED.replace("200_000", "1_000_000") + FILL, path)
    said, recorded = done.stdout.splitlines()
    assert "the disk reports an error; look at the disk, then run the same command again to go on" in said
    assert 0 < int(recorded) < 500
    with open_for_run(path) as journal:  # there is room again
        assert journal.outcome_counts() == {Status.FAILED: int(recorded)}
        assert pending(journal) == 500 - int(recorded)
        journal.record([(number, LINKED) for number in taken(journal).values()])
    assert sum(len(statuses) for statuses in outcomes(path).values()) == 500


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_while_reading_is_told_and_leaves_nothing_behind(small_disk: Path) -> None:
    with pytest.raises(JournalError, match="the disk is full; free some space"):
        write_journal(small_disk / "r.sqlite", INFO, many_blocks(5000))
    assert list(small_disk.iterdir()) == []


@pytest.mark.slow
def test_a_full_disk_during_a_run_keeps_all_that_was_recorded(small_disk: Path) -> None:
    path = small_disk / "r.sqlite"
    write_journal(path, INFO, many_blocks(502))
    done = run_python(FILL, path)
    said, recorded = done.stdout.splitlines()
    assert "the disk is full; free some space and run the same command again to go on" in said
    assert 0 < int(recorded) < 500
    with Journal(path) as journal:
        assert journal.outcome_counts() == {Status.FAILED: int(recorded)}


# ---- what a crash leaves


def test_a_pair_that_a_crash_cut_off_is_in_doubt_when_it_is_taken_again(path: Path) -> None:
    with Journal(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        (first, _) = journal.claim(0, 10)
        assert first.earlier is None
        assert not first.may_be_linked
    with Journal(path) as journal:
        (again, _) = journal.claim(0, 10)
        assert again.earlier == CUT_OFF
        assert again.may_be_linked


def test_a_pair_that_was_not_sent_and_then_cut_off_is_told_as_cut_off(path: Path) -> None:
    with Journal(written(path, row(2, pair(1)))) as journal:
        (taken_once,) = journal.claim(0, 10)
        journal.record([], [(taken_once.id, replace(NOT_SENT, attempts=3))])
        (again,) = journal.claim(0, 10)
        assert not again.may_be_linked  # with 429 HubSpot said that it took nothing
        (translate_errors,) = journal.rows(NOT_SENT)
        assert translate_errors.pairs[0].outcome == replace(CUT_OFF, attempts=3)


def test_looking_at_what_is_pending_leaves_no_trace_of_sending(path: Path) -> None:
    with Journal(written(path, row(2, pair(1)))) as journal:
        assert [found.pair for found in journal.pending(0, 10)] == [pair(1)]
        (translate_errors,) = journal.rows(NOT_SENT)
        assert translate_errors.pairs[0].outcome.status is Status.NOT_SENT


def test_a_journal_that_the_system_does_not_open_is_one_sentence(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "r.sqlite"
    path.touch()
    lowest_free = os.dup(0)
    os.close(lowest_free)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        with pytest.raises(JournalError, match="it cannot be opened; check its permissions"):
            Journal(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
