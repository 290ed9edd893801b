"""Runs with corrected cells: what is sent, and what results, failures, resumes and retries show."""

import json
from pathlib import Path

from importer import Settings, run_import
from importer.journal import Journal
from importer.runner.check import check_file
from importer.runner.resume import resume_run
from importer.runner.retry import retry_run
from tests.support.command_line import UNKNOWN, Workplace, rows_of


def originals(path: Path) -> list[dict[str, str]]:
    return [json.loads(row["import_original_cells"] or "{}") for row in rows_of(path)]


def test_results_and_failures_show_the_correction_and_the_original(work: Workplace, settings: Settings) -> None:
    good, missing = work.base, UNKNOWN + work.base
    file = work.write("a.csv", [(good, 1), ("x", 1), ("y", 1)])
    summary = run_import(file, settings, corrections={(3, 0): str(good + 1), (4, 0): str(missing)})
    assert (summary.linked, summary.failed, summary.invalid) == (2, 1, 0)
    assert work.links() == {(good, 1), (good + 1, 1)}
    results, failures = Path(summary.results or ""), Path(summary.failures or "")
    assert [row["Contact ID"] for row in rows_of(results)] == [str(good), str(good + 1), str(missing)]
    assert originals(results) == [{}, {"Contact ID": "x"}, {"Contact ID": "y"}]
    assert list(rows_of(results)[0])[-1] == "import_original_cells"
    assert [list(row.values()) for row in rows_of(failures)] == [[str(missing), "1", "note 4", '{"Contact ID": "y"}']]


def test_the_same_corrections_resume_the_run_and_others_start_a_new_one(work: Workplace, settings: Settings) -> None:
    file = work.write("a.csv", [*work.pairs(4), ("x", 1)])
    fixed = {(6, 0): str(work.base + 9)}
    first = run_import(file, settings, corrections=fixed, first_rows=1)
    again = run_import(file, settings, corrections=fixed)
    assert (again.run_id, again.linked, again.invalid) == (first.run_id, 5, 0)
    other = run_import(file, settings)
    assert other.run_id != first.run_id
    assert (other.linked + other.already_linked, other.invalid) == (4, 1)


def test_a_resumed_run_and_a_retry_keep_the_corrections(work: Workplace, settings: Settings) -> None:
    missing = UNKNOWN + work.base
    file = work.write("a.csv", [*work.pairs(3), ("x", 1), ("y", 1)])
    fixed = {(5, 0): str(work.base + 9), (6, 0): str(missing)}
    first = run_import(file, settings, corrections=fixed, first_rows=2)
    file.unlink()
    resumed = resume_run(first.run_id, settings)
    assert (resumed.linked, resumed.failed) == (4, 1)
    of_run = retry_run(first.run_id, settings)
    of_file = retry_run(str(resumed.results), settings)
    for retried in (of_run, of_file):
        results = Path(retried.results or "")
        assert [row["Contact ID"] for row in rows_of(results)] == [str(missing)]
        assert originals(results) == [{"Contact ID": "y"}]


def test_the_results_of_a_corrected_workbook_are_a_plain_workbook_and_say_so(
    work: Workplace, settings: Settings
) -> None:
    from openpyxl import Workbook, load_workbook  # noqa: PLC0415 - slow to import

    book = Workbook()
    assert book.active is not None
    for cells in (["Contact ID", "Company ID"], ["x", 1], [work.base, 1]):
        book.active.append(cells)
    file = work.folder / "a.xlsx"
    book.save(file)
    events: list[object] = []
    summary = run_import(file, settings, corrections={(2, 0): str(work.base + 1)}, on_event=events.append)
    assert summary.linked == 2
    assert any("some of its cells were corrected" in str(event) for event in events)
    sheet = load_workbook(Path(summary.results or "")).worksheets[0]
    shown = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert (shown[0][-1], shown[1][-1]) == ("import_original_cells", '{"Contact ID": "x"}')
    assert str(shown[1][0]) == str(work.base + 1)


def test_a_check_applies_the_corrections_and_its_journal_can_be_kept(work: Workplace, settings: Settings) -> None:
    file = work.write("a.csv", [(1, 1), ("x", 1), ("y", 1)])
    kept = work.folder / "check.sqlite"
    for corrections, invalid in (({}, 2), ({(3, 0): "7"}, 1), ({(3, 0): "7", (4, 0): "8"}, 0)):
        report = check_file(file, settings, corrections=corrections, journal_path=kept)
        assert report.counts.invalid == invalid
        with Journal(kept) as journal:
            journal.verify()
            assert journal.counts() == report.counts
            assert {row: [one.original for one in found] for row, found in journal.corrections().items()} == {
                row: [{3: "x", 4: "y"}[row]] for row, _ in corrections
            }
