"""The choices of how a file is read, as the page sends and receives them."""

from typing import Any

import pytest

from importer.web.readings import columns_by_index, merged
from importer.web.responses import RequestError

COLUMNS = [
    {"index": 0, "position": 1, "name": "Contact ID"},
    {"index": 1, "position": 3, "name": "Company"},
    {"index": 2, "position": 4, "name": "Company"},
]


def test_choices_are_merged_and_removed() -> None:
    reading = merged({}, {"from_object_type": "deals", "allow_blank": True, "header_row": 3}, COLUMNS)
    assert reading == {"from_object_type": "deals", "allow_blank": True, "header_row": 3}
    assert merged(reading, {"header_row": None, "allow_blank": False}, COLUMNS) == {"from_object_type": "deals"}


def test_a_file_without_a_header_has_no_header_row() -> None:
    assert merged({"header_row": 3}, {"no_header": True}, COLUMNS) == {"no_header": True}


def test_columns_are_chosen_by_name_or_if_that_is_ambiguous_by_position() -> None:
    reading = merged({}, {"columns": {"from_object_id": 0, "to_object_id": 2}}, COLUMNS)
    assert reading == {"columns": {"from_object_id": "Contact ID", "to_object_id": "#4"}}
    assert columns_by_index(reading, COLUMNS) == {"columns": {"from_object_id": 0, "to_object_id": 2}}
    assert merged(reading, {"columns": {"from_object_id": None, "to_object_id": None}}, COLUMNS) == {}
    assert merged(reading, {"columns": None}, COLUMNS) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": "x"},
        {"rate": "1/1"},
        {"columns": []},
        {"columns": {"role": 0}},
        {"columns": {"label": 3}},
        {"columns": {"label": -1}},
        {"columns": {"label": True}},
        {"labels": "Decision maker"},
        {"header_row": 0},
        {"header_row": True},
        {"sheet": 1},
        {"no_header": "yes"},
    ],
)
def test_a_malformed_choice_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as caught:
        merged({}, changes, COLUMNS)
    assert caught.value.status == 400
