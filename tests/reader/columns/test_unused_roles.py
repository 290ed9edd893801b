"""Roles that are mapped to an empty name: no column is used for them, whatever the header says."""

from importer.config import Reading
from importer.errors import SettingsError
from importer.model import Role
from importer.reader.columns.resolve import find_columns
from tests.reader.columns.test_resolve import FROM_ID, FROM_TYPE, TO_ID, TO_TYPE, header_of
from tests.support.errors import raises_code


def test_a_role_that_is_mapped_to_an_empty_name_has_no_column() -> None:
    header = header_of("from_object_type", "from_object_id", "to_object_type", "to_object_id", "label", "")
    unused = dict.fromkeys((FROM_TYPE, TO_TYPE, Role.LABEL), "")
    reading = Reading(columns=unused, from_object_type="deals", to_object_type="tickets")
    columns = find_columns("deals.csv", header, reading)
    assert columns.roles() == {FROM_ID: 1, TO_ID: 3}


def test_labels_in_the_headers_of_id_columns_are_not_used_either() -> None:
    header = header_of("Record ID", "Associated Company IDs", "Associated Company IDs (Primary)")
    for columns, expected in (({}, ("Primary",)), ({Role.LABEL: ""}, ())):
        side = find_columns("a.csv", header, Reading("contacts", columns=columns)).to_side
        assert (side.sublists, side.sublist_labels) == ((2,), expected)


def test_the_ids_of_a_pair_need_columns() -> None:
    with raises_code(SettingsError, "MAPPED_COLUMN_MISSING"):
        find_columns("a.csv", header_of("Contact ID", "Company ID", ""), Reading(columns={TO_ID: ""}))
