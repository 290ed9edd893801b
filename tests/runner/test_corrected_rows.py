"""Retries of runs some of whose rows have been corrected."""

import json
from pathlib import Path

import pytest

from importer import Settings, run_import
from importer.config import Reading
from importer.errors import AccountError, SourceError
from importer.journal import Journal
from importer.model import Outcome, Role, Status
from importer.reporter import Summary
from importer.runner.confirmation import Confirmation
from importer.runner.corrected_rows import correctable_columns, is_correctable, judge_correction
from importer.runner.resume import resume_run
from importer.runner.retry import retry_corrected, retry_run
from importer.runner.run import unlink_file
from importer.runner.state_directory import journal_path
from tests.support.command_line import UNKNOWN, Workplace, rows_of
from tests.support.errors import raises_code


def written(summary: Summary) -> list[tuple[str, str, str]]:
    """Return the number, the status and the original cells of every row in the results of a run."""
    rows = rows_of(Path(summary.results or ""))
    return [(row["import_row"], row["import_status"], row.get("import_original_cells", "")) for row in rows]


def test_corrected_rows_are_retried_with_the_other_failures_and_show_what_they_were(
    work: Workplace, settings: Settings
) -> None:
    good, missing = work.base, UNKNOWN + work.base
    file = work.write("a.csv", [(good, 1), (missing, 2), ("x", 3), ("y", 4), (missing + 1, 5), ("z", 6)])
    first = run_import(file, settings)
    assert (first.linked, first.failed, first.invalid) == (1, 2, 3)
    corrections = {(3, 0): str(good + 1), (4, 0): str(good + 2), (5, 0): "still wrong"}
    second = retry_corrected(first.run_id, settings, corrections)
    assert work.links() == {(good, 1), (good + 1, 2), (good + 2, 3)}
    assert written(second) == [
        ("3", "linked", json.dumps({"Contact ID": str(missing)})),
        ("4", "linked", '{"Contact ID": "x"}'),
        ("5", "invalid", '{"Contact ID": "y"}'),
        ("6", "failed", ""),
    ]


def test_a_correction_of_a_corrected_cell_keeps_the_text_of_the_file(work: Workplace, settings: Settings) -> None:
    missing = UNKNOWN + work.base
    file = work.write("a.csv", [("x", 3), ("y", 4)])
    first = run_import(file, settings, corrections={(2, 0): str(missing), (3, 0): str(missing)})
    second = retry_corrected(first.run_id, settings, {(2, 1): "7"})
    assert written(second)[0] == ("2", "failed", '{"Contact ID": "x", "Company ID": "3"}')
    third = retry_corrected(second.run_id, settings, {(2, 0): str(work.base), (3, 0): "y"})
    assert written(third) == [
        ("2", "linked", '{"Contact ID": "x", "Company ID": "3"}'),
        ("3", "invalid", ""),
    ]
    assert work.links() == {(work.base, 7)}


@pytest.mark.slow
def test_an_unfinished_retry_is_continued_only_if_it_has_the_same_corrections(
    work: Workplace, settings: Settings
) -> None:
    missing = UNKNOWN + work.base
    first = run_import(work.write("a.csv", [(missing, 1), ("x", 2)]), settings)
    refused = settings.model_copy(update={"daily_reserve": 10_000_000})
    corrections = {(3, 0): str(work.base)}
    stopped = retry_corrected(first.run_id, refused, corrections)
    assert stopped.not_sent > 0
    other = retry_corrected(first.run_id, refused, {(3, 0): str(work.base + 1)})
    assert other.run_id != stopped.run_id
    again = retry_corrected(first.run_id, settings, {(3, 0): str(work.base + 1)})
    assert (again.run_id, again.linked) == (other.run_id, 1)
    assert resume_run(stopped.run_id, settings).linked == 1
    assert work.links() == {(work.base, 2), (work.base + 1, 2)}
    assert retry_run(first.run_id, settings).rows == 1


def test_corrected_values_are_looked_up(work: Workplace, settings: Settings) -> None:
    file = work.folder / "emails.csv"
    file.write_text(
        "Email,Company ID\nnobody@example.com,1\nno one@example.com,2\nnobody@example.org,3\n", encoding="utf-8"
    )
    reading = Reading(from_object_type="contacts", from_by="email", columns={Role.FROM_OBJECT_ID: "Email"})
    settings = settings.model_copy(
        update={"from_object_type": "contacts", "from_by": "email", "columns": reading.columns}
    )
    first = run_import(file, settings)
    assert first.invalid == 3
    known = work.base
    corrections = {(2, 0): f"contact-{known}@example.com", (3, 0): "nobody@example.net"}
    second = retry_corrected(first.run_id, settings, corrections)
    assert [(row, status) for row, status, _ in written(second)] == [("2", "linked"), ("3", "invalid")]
    assert work.links() == {(known, 1)}
    codes = {row["import_error_category"] for row in rows_of(Path(second.results or ""))}
    assert "NOT_FOUND" in codes


def test_corrected_rows_keep_their_labels(work: Workplace, settings: Settings) -> None:
    missing = UNKNOWN + work.base
    file = work.folder / "a.csv"
    file.write_text(f"Contact ID,Company ID,Label\n{missing},1,Decision maker\n", encoding="utf-8")
    first = run_import(file, settings)
    assert first.failed == 1
    second = retry_corrected(first.run_id, settings, {(2, 0): str(work.base)})
    assert second.linked == 1
    (row,) = rows_of(Path(second.results or ""))
    assert "USER_DEFINED" in row["import_association_types"]


def test_a_corrected_url_of_another_account_is_refused(work: Workplace, settings: Settings) -> None:
    first = run_import(work.write("a.csv", [("x", 1)]), settings)
    url = f"https://app.hubspot.com/contacts/99/record/0-1/{work.base}"
    with raises_code(AccountError, "URLS_OF_OTHER_PORTAL"):
        retry_corrected(first.run_id, settings, {(2, 0): url})
    assert work.links() == set()


def test_a_row_that_the_run_does_not_have_is_refused(work: Workplace, settings: Settings) -> None:
    first = run_import(work.write("a.csv", [("x", 1)]), settings)
    with raises_code(SourceError, "CORRECTION_NOT_APPLIED"):
        retry_corrected(first.run_id, settings, {(99, 0): "1"})


def test_cells_with_problems_and_ids_that_hubspot_refused_can_be_corrected(work: Workplace, settings: Settings) -> None:
    pairs = [(work.base, 1), (UNKNOWN + work.base, 2), ("x", 3), (1, "y")]
    run_id = run_import(work.write("a.csv", pairs), settings).run_id
    statuses = [Status.LINKED, Status.FAILED, Status.INVALID, Status.INVALID]
    with Journal(journal_path(settings, run_id)) as journal:
        rows = list(journal.rows(Outcome(Status.NOT_SENT)))
        found = [correctable_columns(journal, row, status) for row, status in zip(rows, statuses, strict=True)]
        assert found == [[], [0, 1], [0], [1]]
        judged = judge_correction(journal, 4, {0: "17"})
        assert judged is not None
        assert (judged.problems, judged.originals, len(judged.pairs)) == ((), {0: "x"}, 1)
        assert judge_correction(journal, 99, {0: "17"}) is None


def test_rows_whose_types_come_from_a_removal_are_corrected_in_their_file(work: Workplace, settings: Settings) -> None:
    file = work.write("a.csv", [(work.base, 1), (work.base + 1, 2)])
    run_import(file, settings)
    removed = unlink_file(file, settings, confirmation=Confirmation(2))
    results = Path(removed.results or "")
    text = results.read_text(encoding="utf-8-sig").replace(f"{work.base + 1},", f"{UNKNOWN + work.base},")
    results.write_text(text, encoding="utf-8")
    restored = run_import(results, settings)
    assert (restored.linked, restored.failed) == (1, 1)
    with Journal(journal_path(settings, restored.run_id)) as journal:
        rows = list(journal.rows(Outcome(Status.NOT_SENT)))
        assert not is_correctable(journal)
        assert correctable_columns(journal, rows[1], Status.FAILED) == []


@pytest.mark.slow
def test_rows_of_a_removal_of_labels_and_of_their_retry_are_corrected_in_their_file(
    work: Workplace, settings: Settings
) -> None:
    file = work.folder / "a.csv"
    file.write_text(f"Contact ID,Company ID,Label\n{work.base},1,Decision maker\n{work.base + 1},2,Decision maker\n")
    run_import(file, settings)
    removed = unlink_file(file, settings, confirmation=Confirmation(2))
    results = Path(removed.results or "")
    text = results.read_text(encoding="utf-8-sig").replace(f"{work.base + 1},", f"{UNKNOWN + work.base},")
    results.write_text(text, encoding="utf-8")
    restored = run_import(results, settings)
    assert (restored.linked, restored.failed) == (1, 1)
    for run_id in (restored.run_id, retry_run(restored.run_id, settings).run_id):
        with Journal(journal_path(settings, run_id)) as journal:
            row = list(journal.rows(Outcome(Status.NOT_SENT)))[-1]
            assert correctable_columns(journal, row, Status.FAILED) == []
