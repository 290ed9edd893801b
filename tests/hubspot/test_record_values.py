"""Values of a property of records: what a response says about each id, and what it leaves open."""

from typing import Any

import pytest

from importer.hubspot.record_values import parse_values
from tests.support.responses import error, parsed

IDS = ("1", "2", "3")
MISSING = error("OBJECT_NOT_FOUND", context={"ids": ["3"]})


def record(record_id: object, **properties: Any) -> dict[str, Any]:
    return {"id": record_id, "properties": properties}


def values(*results: object, **extra: Any) -> dict[str, str | None]:
    body = {"status": "COMPLETE", "results": list(results), **extra}
    return parse_values(parsed(207 if extra else 200, body), "email", IDS)


def test_records_are_matched_by_id_and_not_by_position() -> None:
    found = values(record("2", email="b@x"), record("1", email="a@x"), record("3"))
    assert found == {"1": "a@x", "2": "b@x", "3": ""}


def test_a_missing_record_has_no_value_and_does_not_exist() -> None:
    both = record("1", email="a@x"), record("2", email=None)
    assert values(*both, numErrors=1, errors=[MISSING]) == {"1": "a@x", "2": "", "3": None}
    assert values(*both) == {"1": "a@x", "2": "", "3": None}, "a complete response may omit it"


def test_a_merged_record_has_the_value_of_its_survivor() -> None:
    found = values(record("9", email="s@x", hs_merged_object_ids="1; 2"), record("3", email="c@x"))
    assert found == {"1": "s@x", "2": "s@x", "3": "c@x"}


@pytest.mark.parametrize(
    "unclear",
    [
        {"errors": [error("INTERNAL_ERROR")], "numErrors": 1},
        {"errors": [MISSING], "numErrors": 2},
        {"numErrors": 1},
    ],
)
def test_other_errors_leave_the_records_that_are_not_listed_open(unclear: dict[str, Any]) -> None:
    assert values(record("1", email="a@x"), **unclear) == {"1": "a@x"}


@pytest.mark.parametrize("odd", [record("77", email="z@x"), {"id": "2"}, {"id": "2", "properties": []}, "2"])
def test_a_result_that_cannot_be_attributed_leaves_the_others_open(odd: object) -> None:
    assert values(record("1", email="a@x"), odd) == {"1": "a@x"}
