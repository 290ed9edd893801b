"""Undoing a run restores what was there before, and nothing else is touched."""

import signal
from typing import Any

import pytest

from importer.pool.engines import remove
from tests.cli.test_engines import linked
from tests.support.command_line import Pairs, Workplace, rows_of, wait_until

pytestmark = pytest.mark.slow

Links = list[tuple[tuple[int, int], dict[str, Any]]]


@pytest.fixture(autouse=True)
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back once, because the sandbox does not lag."""
    monkeypatch.setattr(remove, "LAG_SECONDS", ())


def state(work: Workplace) -> Links:
    """Return the links of this test with everything that the sandbox knows of them."""
    return sorted(work._mine("associations"), key=lambda link: link[0])


def several(work: Workplace, count: int) -> Pairs:
    """Return pairs, every three of which have the same contact."""
    return [(work.base + n // 3, 1 + n % 500) for n in range(count)]


@pytest.mark.parametrize(("engine", "version"), [("put", "v4"), ("batch", "2026-09")])
def test_a_run_and_its_undo_leave_everything_as_it_was(work: Workplace, engine: str, version: str) -> None:
    pairs = several(work, 60)
    linked(work, pairs[::7])
    before = state(work)
    run = work.here("run", work.write("a.csv", [*pairs, pairs[1]]), "--engine", engine, "--json")
    assert work.links() == set(pairs)
    done = work.here("undo", run.json["run_id"], "--json", "--api-version", version)
    assert (done.code, done.json["operation"], done.json["unlinked"]) == (0, "undo", 51)
    assert state(work) == before
    again = work.here("undo", run.json["run_id"], "--json")
    assert (again.code, again.json["not_linked"], again.json["calls"]) == (0, 51, 0)
    assert "Undo of" in work.here("show", done.json["run_id"]).out
    assert work.here("retry", done.json["run_id"]).error_code == "UNDO_NOT_RETRYABLE"


def test_a_removal_and_its_undo_leave_everything_as_it_was(work: Workplace) -> None:
    pairs = several(work, 30)
    linked(work, pairs[:20])
    before = state(work)
    run = work.here("unlink", work.write("a.csv", pairs), "--yes", 20, "--json")
    assert work.links() == set()
    done = work.here("undo", run.json["run_id"], "--json")
    assert (done.code, done.json["linked"]) == (0, 20)
    assert state(work) == before


@pytest.mark.parametrize("others", [0, 3], ids=["nothing linked", "others linked"])
def test_what_was_changed_since_is_left_alone_with_the_reason(work: Workplace, others: int) -> None:
    pairs, kept = work.pairs(6), work.pairs(others, 100)
    linked(work, kept)
    run = work.here("run", work.write("a.csv", [*pairs, *kept]), "--json")
    assert run.json["reads"] == (2 if others else 3), "links that are there show what new ones will be"
    gone = {"type": "contacts", "id": str(pairs[2][0])}, {"type": "companies", "id": str(pairs[2][1])}
    work.hubspot.change("associations", remove=[{"from": gone[0], "to": gone[1]}])
    other, more = {"type": "contacts", "id": str(pairs[4][0])}, {"type": "companies", "id": "777"}
    primary = ["HUBSPOT_DEFINED:1"]
    work.hubspot.change("associations", add=[{"from": other, "to": more, "types": primary}])
    done = work.here("undo", run.json["run_id"], "--json")
    assert (done.code, done.json["unlinked"], done.json["not_linked"], done.json["failed"]) == (1, 4, 1, 1)
    assert work.links() == {pairs[4], (pairs[4][0], 777), *kept}
    row = rows_of(work.folder / "a.undo.results.csv")[4]
    assert row["import_error_category"] == "CHANGED_SINCE_RUN"
    assert row["import_association_types"] == "HUBSPOT_DEFINED:279"


def test_a_new_link_that_someone_made_primary_since_is_left_alone(work: Workplace) -> None:
    first, second = (work.base, 7), (work.base, 8)
    linked(work, [first])
    run = work.here("run", work.write("a.csv", [first, second]), "--json")
    entry = {"from": {"type": "contacts", "id": str(work.base)}, "to": {"type": "companies", "id": "8"}}
    work.hubspot.change("associations", add=[{**entry, "types": ["HUBSPOT_DEFINED:1"]}])
    before = state(work)
    done = work.here("undo", run.json["run_id"], "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    assert state(work) == before


def test_pairs_without_a_known_state_before_are_left_alone(work: Workplace) -> None:
    pairs = work.pairs(3)
    run = work.here("run", work.write("a.csv", pairs), "--json", "--no-read-first")
    done = work.here("undo", run.json["run_id"], "--json")
    assert (done.code, done.json["failed"]) == (1, 3)
    assert work.links() == set(pairs)
    (category,) = {row["import_error_category"] for row in rows_of(work.folder / "a.undo.results.csv")}
    assert category == "UNDO_STATE_UNKNOWN"


def test_a_killed_run_and_a_killed_undo_leave_everything_as_it_was(work: Workplace) -> None:
    pairs = several(work, 900)
    linked(work, pairs[::7])
    before = state(work)
    running = work.start("run", work.write("a.csv", pairs), "--rate", "300/1", "--json")
    wait_until(lambda: len(work.links()) > 400)
    running.send(signal.SIGKILL)
    running.process.communicate()
    (journal,) = work.journals
    running = work.start("undo", journal.stem, "--json")
    wait_until(lambda: len(work.links()) < 300)
    running.send(signal.SIGKILL)
    running.process.communicate()
    done = work.here("undo", journal.stem, "--json")
    assert done.code == 0, done.err
    assert state(work) == before
