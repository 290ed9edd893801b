"""Corrections on the page: cells of rows that need it are changed and sent by a retry."""

import pytest

from tests.support.page import PageClient, page

__all__ = ["page"]

pytestmark = pytest.mark.slow


def test_failed_and_invalid_rows_are_corrected_and_retried(page: PageClient) -> None:
    run_id = page.linked(1, "5000001,1", "no id,1", "5000002,2")
    assert page.ended(run_id)["corrected"] == 0
    rows = page.get(f"/api/runs/{run_id}/rows")["rows"]
    assert [(row["status"], row["editable"]) for row in rows] == [
        ("linked", []),
        ("failed", [0, 1]),
        ("invalid", [0]),
        ("failed", [0, 1]),
    ]
    path = f"/api/runs/{run_id}/edits"
    row = page.change("PUT", path, {"row": 4, "column": 0, "text": "nor this"})["row"]
    assert (row["pairs"], row["problems"][0]["code"]) == (0, "NOT_AN_ID")
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 0
    row = page.change("PUT", path, {"row": 4, "column": 0, "text": "900001"})["row"]
    assert (row["pairs"], row["problems"], row["original"]) == (1, [], {"0": "no id"})
    page.change("PUT", path, {"row": 3, "column": 0, "text": "900002"})
    page.change("PUT", path, {"row": 5, "column": 1, "text": "3"})
    page.change("DELETE", path, {"row": 5, "column": 1})
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 2
    shown = page.get(f"/api/runs/{run_id}/rows?status=bad")["rows"]
    assert [(row["edits"], row["judged"] and row["judged"]["problems"]) for row in shown] == [
        ({"0": "900002"}, []),
        ({"0": "900001"}, []),
        ({}, None),
    ]

    retry = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/retry")))
    assert (retry["parent"], retry["counts"]["linked"], retry["counts"]["failed"]) == (run_id, 2, 1)
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 0  # none waits for another retry
    page.change("PUT", path, {"row": 4, "column": 0, "text": "900004"})
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 1
    sent = page.get(f"/api/runs/{retry['run_id']}/rows")["rows"]
    assert [(row["cells"][0], row["original"]) for row in sent] == [
        ("900002", {"0": "5000001"}),
        ("900001", {"0": "no id"}),
        ("5000002", {}),
    ]


def test_a_run_with_invalid_rows_only_is_retried_once_one_of_them_is_corrected(page: PageClient) -> None:
    run_id = page.linked(1, "no id,1")
    assert not page.ended(run_id)["can"]["retry"]
    path = f"/api/runs/{run_id}/edits"
    page.change("PUT", path, {"row": 3, "column": 0, "text": "900003"})
    assert page.get(f"/api/runs/{run_id}")["can"]["retry"]
    page.change("DELETE", path, {"row": 3, "column": 0})
    assert not page.get(f"/api/runs/{run_id}")["can"]["retry"]


def test_only_cells_of_rows_that_need_it_are_corrected(page: PageClient) -> None:
    run_id = page.linked(1, "no id,1")
    page.ended(run_id)
    path = f"/api/runs/{run_id}/edits"
    assert page.request("PUT", path, {"row": 2, "column": 0, "text": "1"}).code == "NOT_POSSIBLE"
    assert page.request("PUT", path, {"row": 3, "column": 1, "text": "1"}).code == "NOT_POSSIBLE"
    assert page.request("PUT", path, {"row": 99, "column": 0, "text": "1"}).code == "ROW_NOT_FOUND"
    assert page.request("PUT", path, {"row": 3, "column": 0}).code == "MISSING_KEY"
    assert page.request("PUT", "/api/runs/nothing/edits", {"row": 3, "column": 0, "text": "1"}).status == 404
