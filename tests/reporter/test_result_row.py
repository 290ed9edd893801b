import itertools
import json

import pytest

from importer.model import ROW_RESULT_COLUMNS, Outcome, RowOutcome, Status
from importer.reporter import escape_formula, problem_sentence, row_result
from tests.support.row_outcomes import (
    ALREADY_LINKED,
    EXTRA_CELL,
    FAILED,
    LINKED,
    MISSING_ID,
    NOT_SENT,
    UNCONFIRMED,
    invalid_row,
    pair_outcome,
    row_of,
)


def columns_of(row: RowOutcome) -> dict[str, str]:
    status, texts = row_result(row)
    columns = dict(zip(ROW_RESULT_COLUMNS, texts, strict=True))
    assert columns["import_status"] == status
    return columns


def row_of_pairs(number: int, *outcomes: Outcome) -> RowOutcome:
    pairs = [pair_outcome(outcome, number, to_id=str(100 + place)) for place, outcome in enumerate(outcomes)]
    return RowOutcome(number, ("a",), (), tuple(pairs))


def test_the_columns_of_a_row_of_one_pair_are_those_of_its_response() -> None:
    outcome = Outcome(
        Status.FAILED, 400, "error", 2, "CATEGORY", "message", '{"a":1}', "correlation", "TYPE:1", 3, "when", "advice"
    )
    assert row_result(row_of(7, ("a",), outcome)) == (
        Status.FAILED,
        (
            "7",
            "failed",
            "400",
            "error",
            "2",
            "CATEGORY",
            "message",
            '{"a":1}',
            "correlation",
            "TYPE:1",
            "3",
            "",
            "when",
            "advice",
        ),
    )


def test_without_a_response_the_http_status_is_empty() -> None:
    columns = columns_of(row_of(7, ("a",), NOT_SENT))
    assert (columns["import_http_status"], columns["import_attempts"], columns["import_num_errors"]) == ("", "0", "0")


def test_texts_are_plain_str_so_that_they_print_and_store_like_any_other() -> None:
    for row in (row_of(2, ("a",)), invalid_row(3, ("a",)), row_of_pairs(4, LINKED, FAILED)):
        assert {type(text) for text in row_result(row)[1]} == {str}


def test_a_row_has_the_status_of_its_worst_pair_wherever_that_is() -> None:
    worst_first = (FAILED, UNCONFIRMED, NOT_SENT, LINKED, ALREADY_LINKED)
    for length in range(2, 6):
        for some in itertools.combinations(worst_first, length):
            for order in itertools.permutations(some):
                assert row_result(row_of_pairs(2, *order))[0] is some[0].status


def test_the_response_columns_are_those_of_the_first_of_the_worst_pairs() -> None:
    first = Outcome(Status.FAILED, 403, error_category="FIRST", attempts=2, advice="the first advice")
    second = Outcome(Status.FAILED, 404, error_category="SECOND", attempts=3, advice="the second advice")
    columns = columns_of(row_of_pairs(2, LINKED, first, second))
    assert columns["import_http_status"] == "403"
    assert columns["import_error_category"] == "FIRST"
    assert columns["import_attempts"] == "2"
    assert columns["import_advice"] == "the first advice"


def test_details_of_a_row_of_several_pairs_name_every_pair_that_is_not_linked() -> None:
    details = columns_of(row_of_pairs(2, LINKED, FAILED, ALREADY_LINKED, NOT_SENT))["import_error_details"]
    assert json.loads(details) == [
        {
            "pair": {
                "from_object_type": "contacts",
                "from_object_id": "1",
                "to_object_type": "companies",
                "to_object_id": "101",
            },
            "status": "failed",
            "http_status": 404,
            "error_category": "OBJECT_NOT_FOUND",
            "error_message": "No contact with this id exists.",
            "error_details": {"context": {"id": ["1"]}},
            "correlation_id": "c0ffee",
            "advice": "Correct the contact's id.",
        },
        {
            "pair": {
                "from_object_type": "contacts",
                "from_object_id": "1",
                "to_object_type": "companies",
                "to_object_id": "103",
            },
            "status": "not_sent",
            "advice": "Run the same command again.",
        },
    ]
    assert ": " not in details.replace("No contact", "")


def test_details_of_a_row_whose_pairs_are_all_linked_are_empty() -> None:
    assert columns_of(row_of_pairs(2, LINKED, ALREADY_LINKED))["import_error_details"] == ""


@pytest.mark.parametrize("details", ["not JSON", "[" * 100_000, "9" * 5_000])
def test_details_that_cannot_be_read_as_json_are_kept_as_text(details: str) -> None:
    outcome = Outcome(Status.FAILED, error_details=details)
    listed = json.loads(columns_of(row_of_pairs(2, outcome, LINKED))["import_error_details"])
    assert listed[0]["error_details"] == details


def test_a_duplicate_names_the_first_row_of_its_first_pair_that_has_one() -> None:
    pairs = (pair_outcome(LINKED, 9, to_id="1"), pair_outcome(LINKED, 4, to_id="2"), pair_outcome(LINKED, 3, to_id="3"))
    assert columns_of(RowOutcome(9, ("a",), (), pairs))["import_duplicate_of"] == "4"
    assert columns_of(RowOutcome(9, ("a",), (), pairs[:1]))["import_duplicate_of"] == ""
    assert columns_of(RowOutcome(9, ("a",), (), pairs[1:2]))["import_duplicate_of"] == "4"


def test_an_invalid_row_reports_every_problem_its_place_and_its_remedy() -> None:
    columns = columns_of(invalid_row(17, ("a",), EXTRA_CELL, MISSING_ID, MISSING_ID))
    assert columns == {
        **dict.fromkeys(ROW_RESULT_COLUMNS, ""),
        "import_row": "17",
        "import_status": "invalid",
        "import_num_errors": "0",
        "import_attempts": "0",
        "import_error_category": "EXTRA_CELL",
        "import_error_message": "row 17: it has 3 cells, the header has 2. "
        "row 17, column 'to_object_id': the cell is empty. row 17, column 'to_object_id': the cell is empty.",
        "import_error_details": columns["import_error_details"],
        "import_advice": "Quote the cell with the comma. Fill in the id.",
    }
    assert [item["code"] for item in json.loads(columns["import_error_details"])] == [
        "EXTRA_CELL",
        "MISSING_ID",
        "MISSING_ID",
    ]
    assert json.loads(columns["import_error_details"])[1] == {
        "column": "to_object_id",
        "code": "MISSING_ID",
        "message": "the cell is empty.",
        "advice": "Fill in the id.",
    }


def test_a_row_with_neither_pairs_nor_problems_is_blank() -> None:
    columns = columns_of(RowOutcome(5, ("a",), (), ()))
    assert {name: text for name, text in columns.items() if text} == {
        "import_row": "5",
        "import_status": "blank",
        "import_num_errors": "0",
        "import_attempts": "0",
    }


def test_a_problem_is_reported_by_row_and_column() -> None:
    assert problem_sentence(17, MISSING_ID) == "row 17, column 'to_object_id': the cell is empty."
    assert problem_sentence(17, EXTRA_CELL) == "row 17: it has 3 cells, the header has 2."


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "-|cmd",
        "-|A:1+1",
        "--",
        "-A:1",
    ],
)
def test_a_text_that_would_be_a_formula_is_escaped(text: str) -> None:
    assert escape_formula(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", " =1", "'=1", "404", "COMPLETE", "会社", "-", "-|A:1;B_C:2|-", "-||A:1"])
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    assert escape_formula(text) == text


def test_a_row_of_an_undo_is_linked_only_if_no_pair_was_unlinked_and_names_those_that_are_linked() -> None:
    for removed in (Outcome(Status.UNLINKED), Outcome(Status.NOT_LINKED)):
        for restored in (LINKED, ALREADY_LINKED):
            columns = columns_of(row_of_pairs(2, removed, restored))
            assert columns["import_status"] == removed.status
            (named,) = json.loads(columns["import_error_details"])
            assert (named["pair"]["to_object_id"], named["status"]) == ("101", restored.status)
            assert columns_of(row_of_pairs(2, removed, restored, FAILED))["import_status"] == "failed"
