"""The results of a run as a data frame, and the example in the package's documentation."""

import dataclasses
import doctest
from pathlib import Path

import pandas
import pytest

import importer
from importer.errors import OutputError
from importer.model import RESULT_COLUMNS, RowNames, Status
from importer.reporter import Layout, Summary, write_results
from tests.reporter.test_summary import SUMMARY
from tests.support.errors import raises_code
from tests.support.row_outcomes import FAILED, LINKED, invalid_row, row_of

RUN_ID = SUMMARY.run_id


@pytest.fixture(params=["csv", "xlsx"])
def summary(request: pytest.FixtureRequest, tmp_path: Path) -> Summary:
    """A run whose results are written, once as CSV and once as a workbook."""
    path = tmp_path / f"deals.results.{request.param}"
    rows = [row_of(2, ("007", "NA"), LINKED), row_of(3, ("8", "a\r\nb"), FAILED), invalid_row(5, ("", "x;y"))]
    write_results(path, Layout(("Contact ID", "Contact ID"), ";", RUN_ID), rows, None)
    return dataclasses.replace(SUMMARY, results=str(path))


def test_the_columns_of_the_source_come_first_as_strings(summary: Summary) -> None:
    frame = summary.to_frame()
    assert list(frame.columns) == ["Contact ID", "Contact ID", *RESULT_COLUMNS]
    assert frame.iloc[:, :2].to_numpy().tolist() == [["007", "NA"], ["8", "a\r\nb"], ["", "x;y"]]
    assert {str(dtype) for dtype in frame.dtypes.iloc[:2]} == {"str"}


def test_result_columns_have_types_and_empty_cells_are_missing(summary: Summary) -> None:
    frame = summary.to_frame()
    assert frame["import_status"].tolist() == ["linked", "failed", "invalid"]
    assert frame["import_status"].cat.categories.tolist() == [str(status) for status in Status]
    for column in ("import_row", "import_http_status", "import_num_errors", "import_attempts", "import_duplicate_of"):
        assert str(frame[column].dtype) == "Int64"
    assert frame["import_row"].tolist() == [2, 3, 5]
    assert frame["import_http_status"].isna().tolist() == [False, False, True]
    assert str(frame["import_error_category"].dtype) == "category"
    assert frame["import_completed_at"].iloc[0] == pandas.Timestamp("2026-05-04T03:02:01Z")
    assert frame["import_completed_at"].isna().tolist() == [False, True, True]
    assert str(frame["import_advice"].dtype) == "str"


def test_rows_of_several_files_keep_their_names(tmp_path: Path) -> None:
    path = tmp_path / "all.results.csv"
    write_results(path, Layout(("a",), ",", RUN_ID, row_names=RowNames(("a.csv",))), [row_of(2, ("1",))], None)
    frame = dataclasses.replace(SUMMARY, results=str(path)).to_frame()
    assert frame["import_row"].tolist() == ["a.csv:2"]


def test_a_run_without_rows_gives_an_empty_frame(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.csv"
    write_results(path, Layout(("a",), ",", RUN_ID), [], None)
    assert dataclasses.replace(SUMMARY, results=str(path)).to_frame().shape == (0, 1 + len(RESULT_COLUMNS))


def test_a_results_file_that_is_gone_or_another_one_is_refused(summary: Summary) -> None:
    other = dataclasses.replace(summary, run_id="20260504-030202-00000")
    with raises_code(OutputError, "RESULTS_CHANGED"):
        other.to_frame()
    assert summary.results
    Path(summary.results).unlink()
    with raises_code(OutputError, "RESULTS_MISSING"):
        summary.to_frame()
    with raises_code(OutputError, "RESULTS_MISSING"):
        dataclasses.replace(summary, results=None).to_frame()


def test_a_file_without_a_header_of_results_is_refused(summary: Summary) -> None:
    assert summary.results
    Path(summary.results).write_text("a;b\n1;2\n")
    with raises_code(OutputError, "RESULTS_CHANGED"):
        summary.to_frame()


def test_the_example_in_the_documentation_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testmod(importer)
    assert (failed, attempted) == (0, 9)
