"""A run that was undone is closed: no command continues it, and lists say that it was undone."""

import json

import pytest

from importer import JournalError, RunStatus, Settings, run_import, undo_run
from importer.config import ChangedSource
from importer.model import Operation, Status
from importer.reporter.status_meanings import meaning
from importer.runner.find_runs import list_runs
from importer.runner.prune import prune_runs
from importer.runner.resume import resume_run
from importer.runner.undone import Undone
from tests.support.command_line import Workplace, rows_of
from tests.support.errors import raises_code

pytestmark = pytest.mark.slow


def stopped_and_undone(work: Workplace, settings: Settings, name: str) -> tuple[str, str]:
    """Stop a run over six pairs after two, undo it, and return the ids of the run and the undo."""
    run = run_import(work.write(name, work.pairs(6)), settings, first_rows=2)
    assert (run.status, run.linked) == (RunStatus.STOPPED, 2)
    undo = undo_run(run.run_id, settings)
    assert (undo.unlinked, work.links()) == (2, set())
    return run.run_id, undo.run_id


def test_the_same_command_starts_a_new_run_after_an_undo(work: Workplace, settings: Settings) -> None:
    undone, _ = stopped_and_undone(work, settings, "a.csv")
    again = run_import(work.folder / "a.csv", settings)
    assert (again.run_id != undone, again.linked, again.exit_code) == (True, 6, 0)
    assert work.links() == set(work.pairs(6))
    assert {row["import_run_id"] for row in rows_of(work.folder / "a.results.csv")} == {again.run_id}


def test_an_undone_run_is_not_resumed(work: Workplace, settings: Settings) -> None:
    undone, _ = stopped_and_undone(work, settings, "a.csv")
    with raises_code(JournalError, "RUN_UNDONE"):
        resume_run(undone, settings)
    assert work.links() == set()


def test_a_run_is_closed_when_its_undo_has_begun(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_import(work.write("a.csv", work.pairs(6)), settings, first_rows=2)
    with monkeypatch.context() as other:
        other.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
        assert undo_run(run.run_id, settings).status is RunStatus.STOPPED
    with raises_code(JournalError, "RUN_UNDONE"):
        resume_run(run.run_id, settings)
    assert undo_run(run.run_id, settings).unlinked == 2
    assert work.links() == set()


def test_the_run_over_the_next_file_of_a_series_does_not_finish_an_undone_one(
    work: Workplace, settings: Settings
) -> None:
    stopped_and_undone(work, settings, "pairs-2026-11-25.csv")
    finishing = settings.model_copy(update={"finish_unfinished": True})
    tonight = run_import(work.write("pairs-2026-11-26.csv", work.pairs(3, start=50)), finishing)
    assert (tonight.linked, work.links()) == (3, set(work.pairs(3, start=50)))


@pytest.mark.parametrize("changed", ChangedSource)
def test_the_run_over_a_corrected_file_does_not_finish_an_undone_one(
    work: Workplace, settings: Settings, changed: ChangedSource
) -> None:
    stopped_and_undone(work, settings, "a.csv")
    source = work.write("a.csv", work.pairs(3, start=50))
    summary = run_import(source, settings.model_copy(update={"on_changed_source": changed}))
    assert (summary.linked, work.links()) == (3, set(work.pairs(3, start=50)))


def test_lists_name_the_undo_of_a_run(work: Workplace, settings: Settings) -> None:
    undone, undo = stopped_and_undone(work, settings, "a.csv")
    listed = {
        run["run_id"]: (run.get("undone_by"), run.get("undone")) for run in json.loads(work.here("runs", "--json").out)
    }
    assert listed == {undone: (undo, "fully"), undo: (None, None)}
    (line,) = (line for line in work.here("runs").out.splitlines() if line.startswith(undone))
    assert undo in line
    assert undo in work.here("show", undone).out


def test_a_run_of_which_a_part_was_left_alone_is_partly_undone(work: Workplace, settings: Settings) -> None:
    (one, other) = work.pairs(2)
    run = run_import(work.write("a.csv", [one, other]), settings)
    link = {"from": {"type": "contacts", "id": str(one[0])}, "to": {"type": "companies", "id": str(one[1])}}
    work.hubspot.change("associations", add=[{**link, "types": ["USER_DEFINED:1"]}])
    undo = undo_run(run.run_id, settings.model_copy(update={"report": work.folder / "undo.html"}))
    assert (undo.failed, undo.unlinked) == (1, 1)
    (listed,) = (one for one in list_runs(settings) if one.run_id == run.run_id)
    assert listed.undone is Undone.PARTLY
    assert f"(partly undone by {undo.run_id})" in work.here("runs").out
    assert f"partly undone by {undo.run_id}" in work.here("show", run.run_id).out
    report = (work.folder / "undo.html").read_text(encoding="utf-8")
    assert meaning(Status.FAILED, Operation.UNDO) in report
    assert "refused the link" not in report


def test_a_run_that_is_closed_by_its_undo_may_be_deleted(work: Workplace, settings: Settings) -> None:
    undone, undo = stopped_and_undone(work, settings, "a.csv")
    assert prune_runs(settings, 0).run_ids == (undone, undo)
    assert list_runs(settings) == []
