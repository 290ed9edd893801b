"""Object types, in the forms in which people write them."""

import pytest

from importer.reader.columns.object_types import STANDARD_OBJECT_TYPES, parse_object_type, type_id


@pytest.mark.parametrize(
    ("text", "object_type"),
    [
        ("contacts", "contacts"),
        ("Contact", "contacts"),
        (" CONTACTS ", "contacts"),
        ("0-1", "contacts"),
        ("０－１", "contacts"),
        ("line item", "line_items"),
        ("line_items", "line_items"),
        ("Line-Items", "line_items"),
        ("LineItem", "line_items"),
        ("Feedback Submission", "feedback_submissions"),
        ("postal mail", "postal_mail"),
        ("tax", "taxes"),
        ("コンタクト", "contacts"),
        ("ﾁｹｯﾄ", "tickets"),
        ("2-123", "2-123"),
        ("0-4711", "0-4711"),
        ("p123_My_Thing", "p123_My_Thing"),
        ("cars", "cars"),
    ],
)
def test_a_type_is_known_by_any_of_its_names_and_a_custom_one_is_passed_on(text: str, object_type: str) -> None:
    assert parse_object_type(text) == object_type


@pytest.mark.parametrize(
    "text", ["", " ", "my cars", "cars!", "123", "2-", "-1", "../contacts", "a/b", "a?b", "#N/A", "車"]
)
def test_a_text_that_cannot_be_part_of_a_path_is_not_a_type(text: str) -> None:
    assert parse_object_type(text) is None


def test_every_type_of_hubspot_is_known_by_its_own_name() -> None:
    assert len(STANDARD_OBJECT_TYPES) == 32
    assert all(parse_object_type(name) == name for name in STANDARD_OBJECT_TYPES)


@pytest.mark.parametrize(
    ("object_type", "expected"),
    [("contacts", "0-1"), ("line_items", "0-8"), ("2-123", "2-123"), ("p1_pets", None), ("", None)],
)
def test_record_urls_contain_the_id_of_their_type(object_type: str, expected: str | None) -> None:
    assert type_id(object_type) == expected
