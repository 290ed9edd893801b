"""Retrying results of removals and undos: no pair is linked unless the file, or its run, shows that it was to be."""

from pathlib import Path

import pytest

from tests.cli.test_engines import linked
from tests.support.command_line import Workplace, rows_of

pytestmark = pytest.mark.slow


def elsewhere(work: Workplace) -> tuple[str, Path]:
    """Return the flags of a state directory that knows no run."""
    return "--state-dir", work.folder / "elsewhere"


def test_a_corrected_removal_is_not_linked_when_its_run_is_unknown(work: Workplace) -> None:
    linked(work, [(work.base, 1)])
    done = work.here("unlink", work.write("a.csv", [(work.base, 1), (work.base, "2x")]), "--yes", 1)
    assert done.code == 1
    results = work.folder / "a.unlink.results.csv"
    results.write_text(results.read_text(encoding="utf-8-sig").replace("2x", "2", 1), encoding="utf-8-sig")
    assert work.here("retry", results, *elsewhere(work)).error_code == "RESULTS_OF_UNKNOWN_OPERATION"
    assert work.links() == set()
    linked(work, [(work.base, 2)])
    done = work.here("retry", results, "--yes", 1, "--json")  # its run is known here
    assert (done.code, done.json["operation"], done.json["unlinked"]) == (0, "unlink", 1)


def test_invalid_rows_of_a_removal_alone_do_not_show_that_they_were_to_be_linked(work: Workplace) -> None:
    assert work.here("unlink", work.write("a.csv", [(work.base, "2x")])).code == 1
    results = work.folder / "a.unlink.results.csv"
    results.write_text(results.read_text(encoding="utf-8-sig").replace("2x", "2", 1), encoding="utf-8-sig")
    assert work.here("retry", results, *elsewhere(work)).error_code == "RESULTS_OF_UNKNOWN_OPERATION"
    assert work.here("run", results, *elsewhere(work)).code == 0  # the user's own choice
    assert work.links() == {(work.base, 2)}


def test_a_pair_that_an_undo_left_alone_is_not_linked_when_the_undo_is_unknown(work: Workplace) -> None:
    one, two, three = work.base, work.base + 1, work.base + 2
    linked(work, [(one, 1), (two, 1), (three, 1)])
    removed = work.here("unlink", work.write("a.csv", [(one, 1), (two, 1), (three, 1)]), "--yes", 3, "--json")
    ends = {"from": {"type": "contacts", "id": str(two)}, "to": {"type": "companies", "id": "1"}}
    work.hubspot.change("associations", add=[{**ends, "types": ["USER_DEFINED:1"]}])
    assert work.here("undo", removed.json["run_id"]).code == 1
    (results,) = work.folder.glob("*.undo.results.csv")
    assert work.links() == {(one, 1), (two, 1), (three, 1)}
    before = work.calls()
    assert work.here("retry", results, *elsewhere(work)).error_code == "RESULTS_OF_UNKNOWN_OPERATION"
    assert work.here("retry", results).error_code == "UNDO_NOT_RETRYABLE"
    assert work.calls() == before


def test_results_of_an_undo_that_looks_like_linking_are_refused_when_the_undo_is_unknown(work: Workplace) -> None:
    one, two = work.base, work.base + 1
    linked(work, [(one, 1), (two, 1)])
    removed = work.here("unlink", work.write("a.csv", [(one, 1), (two, 1)]), "--yes", 2, "--json")
    merged = {"type": "contacts", "id": str(two), "into": str(work.base + 2)}
    work.hubspot.change("records", merge=[merged])
    assert work.here("undo", removed.json["run_id"]).code == 1
    (results,) = work.folder.glob("*.undo.results.csv")
    rows = rows_of(results)
    assert [(row["import_status"], row["import_error_category"]) for row in rows] == [
        ("linked", ""),
        ("failed", "RECORD_MERGED"),
    ]
    assert {row["import_undone_run_id"] for row in rows} == {removed.json["run_id"]}
    before = work.calls()
    assert work.here("retry", results, *elsewhere(work)).error_code == "RESULTS_OF_UNKNOWN_OPERATION"
    assert (work.calls(), work.links()) == (before, {(one, 1)})


def test_joined_results_of_a_run_and_of_a_removal_are_refused(work: Workplace) -> None:
    source = work.write("a.csv", [(work.base, 1), (work.base, "2x")])
    assert work.here("run", source).code == 1
    assert work.here("unlink", source, "--yes", 1).code == 1
    both = work.folder / "both.csv"
    texts = [(work.folder / f"a{mark}.results.csv").read_text(encoding="utf-8-sig") for mark in ("", ".unlink")]
    rows = [line.replace("2x", "2", 1) for text in texts for line in text.splitlines()[1:]]
    columns = max((text.splitlines()[0] for text in texts), key=len)
    both.write_text("\n".join([columns, *rows, ""]))
    assert work.here("retry", both).error_code == "RESULTS_OF_SEVERAL_RUNS"
    assert work.here("retry", both, *elsewhere(work)).error_code == "RESULTS_OF_UNKNOWN_OPERATION"
    assert work.links() == set()
