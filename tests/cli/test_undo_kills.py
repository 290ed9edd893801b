"""Runs, removals and undos ended by kill -9 halfway, with someone else's changes before the next command."""

import signal
from pathlib import Path

import pytest

from importer.pool.engines import remove
from tests.cli.test_unlink_labels import BILLING, DECISION, PLAIN, PRIMARY, link, types
from tests.support.command_line import Pairs, Workplace, wait_until

pytestmark = pytest.mark.slow

Types = dict[tuple[int, int], set[str]]


@pytest.fixture(autouse=True)
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back once, because the sandbox does not lag."""
    monkeypatch.setattr(remove, "LAG_SECONDS", ())


def kill(work: Workplace, kind: str, *command: object) -> None:
    """Start a command that sends one batch a second, and kill it once HubSpot has received one of this kind."""

    def calls() -> int:
        return int(work.hubspot.state(summary=True)["counts"]["by_kind"].get(kind, 0))

    before = calls()
    running = work.start(*command, "--batch-rate", "1/1")
    wait_until(lambda: calls() > before)
    running.send(signal.SIGKILL)
    running.process.communicate()


def change_others(work: Workplace, pairs: Pairs) -> Types:
    """Change a pair that the killed command had changed, and one that it had not; return their types."""
    present = types(work)
    linked, missing = (next(pair for pair in pairs if (pair in present) is is_linked) for is_linked in (True, False))
    link(work, linked, missing, types=(BILLING,))
    return {pair: types(work)[pair] for pair in (linked, missing)}


def prepared(work: Workplace) -> tuple[Path, Pairs, Types]:
    """Return a file of pairs that are linked, a third of them with a label; and their types."""
    pairs = work.pairs(1100)
    link(work, *pairs[::3], types=(DECISION,))
    link(work, *pairs, types=())
    return work.write("a.csv", pairs), pairs, types(work)


def test_a_killed_removal_is_undone_and_other_changes_stay(work: Workplace) -> None:
    source, pairs, before = prepared(work)
    kill(work, "archive", "unlink", source, "--yes", 1100)
    others = change_others(work, pairs)
    done = work.here("undo", work.journals[0].stem, "--json")
    assert (done.code, done.json["failed"]) == (1, 2)
    assert types(work) == before | others


def test_a_killed_undo_of_a_removal_is_completed_and_other_changes_stay(work: Workplace) -> None:
    source, pairs, before = prepared(work)
    removed = work.here("unlink", source, "--yes", 1100, "--json")
    kill(work, "create", "undo", removed.json["run_id"])
    assert 0 < len(work.links()) < 1100
    others = change_others(work, pairs)
    done = work.here("undo", removed.json["run_id"], "--json")
    assert (done.code, done.json["failed"]) == (1, 2)
    assert types(work) == before | others


def test_a_killed_run_with_labels_is_undone_and_other_changes_stay(work: Workplace) -> None:
    pairs = work.pairs(1100)
    link(work, *pairs[::3], types=(DECISION,))
    before = types(work)

    command = ("run", work.write("a.csv", pairs), "--label", "Billing contact", "--engine", "batch")
    kill(work, "create", *command)
    present = types(work)
    assert 0 < sum(BILLING in found for found in present.values()) < 1100
    changed = next(pair for pair in pairs if BILLING in present.get(pair, ()))
    link(work, changed, types=(DECISION, BILLING, PRIMARY))
    others = {} if DECISION in present[changed] else {changed: {PRIMARY, PLAIN, DECISION, BILLING}}
    run_id = work.journals[0].stem
    kill(work, "archive", "undo", run_id)
    done = work.here("undo", run_id, "--json")
    assert (done.code, done.json["failed"]) == (1 if others else 0, len(others))
    assert types(work) == before | others
