"""Resolving the columns of a pair, and refusing ambiguous headers."""

import pytest

from importer.config import Reading
from importer.errors import ImporterError, SettingsError, SourceError
from importer.model import Role
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Columns, Header
from tests.support.errors import raises

FROM_ID, TO_ID = Role.FROM_OBJECT_ID, Role.TO_OBJECT_ID
FROM_TYPE, TO_TYPE = Role.FROM_OBJECT_TYPE, Role.TO_OBJECT_TYPE


def header_of(*texts: str) -> Header:
    return Header(texts, tuple(range(1, len(texts) + 1)))


def found(header: str, reading: Reading | None = None) -> str:
    """Return `position:type > position:type` for a header whose cells are separated by `|`, positions from 0."""
    columns: Columns = find_columns("deals.csv", header_of(*header.split("|")), reading or Reading())
    sides = (columns.from_side, columns.to_side)
    types = (f"{'' if s.type_column is None else f'[{s.type_column}]'}{s.object_type or ''}" for s in sides)
    return " > ".join(f"{side.id_column}:{kind}" for side, kind in zip(sides, types, strict=True))


def refused(header: str, code: str, reading: Reading | None = None, kind: type[ImporterError] = SourceError) -> str:
    with raises(kind, code) as error:
        found(header, reading)
    return str(error.value)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("from_object_type|from_object_id|to_object_type|to_object_id", "1:[0] > 3:[2]"),
        ("To Object ID|to-object-type|FROM OBJECT ID|From Object Type", "2:[3] > 0:[1]"),
        ("Contact ID|Name|Company ID", "0:contacts > 2:companies"),
        ("contactId|dealId", "0:contacts > 1:deals"),
        ("Contact ID*|Company ID:", "0:contacts > 1:companies"),
        ("\ufeffContact ID|Company ID", "0:contacts > 1:companies"),
        ("ＣＯＮＴＡＣＴ　ＩＤ|company_id", "0:contacts > 1:companies"),
        ("Company Record ID|Contact Record ID", "0:companies > 1:contacts"),
        ("HubSpot Contact ID|HubSpot Company ID", "0:contacts > 1:companies"),
        ("Record ID - Contact|Record ID - Deal", "0:contacts > 1:deals"),
        ("Line Item ID|Deals IDs", "0:line_items > 1:deals"),
        ("from contact id|to company id", "0:contacts > 1:companies"),
        ("Source Deal ID|Target Ticket ID", "0:deals > 1:tickets"),
        ("Contact ID|Email|Associated Company IDs|Associated Company", "0:contacts > 2:companies"),
        ("contact id|associatedcompanyid", "0:contacts > 1:companies"),
        ("コンタクトID|氏名|会社ID", "0:contacts > 2:companies"),
        ("会社のレコードID|取引ID", "0:companies > 1:deals"),
        ("ｺﾝﾀｸﾄID|チケットＩＤ", "0:contacts > 1:tickets"),
        ("コンタクトID|関連付けられた会社ID", "0:contacts > 1:companies"),
        ("from_object_id|to_object_id|from type|to_type|Contact ID", "0:[2] > 1:[3]"),
        ("Contact ID|Email ID|Company ID", "0:contacts > 2:companies"),
        ("Contact ID|Notes|Company ID|Total ID|Topic ID", "0:contacts > 2:companies"),
    ],
)
def test_headers_match_by_meaning(header: str, expected: str) -> None:
    assert found(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("from_id|to id", "0:contacts > 1:companies"),
        ("Record ID|Associated Company IDs", "0:contacts > 1:companies"),
        ("Record ID|Associated Company IDs|Associated Deal IDs", "0:contacts > 1:companies"),
        ("レコードID|会社ID", "0:contacts > 1:companies"),
        ("hs_object_id|associated_company_ids", "0:contacts > 1:companies"),
        ("Company ID|Contact ID|Deal ID", "1:contacts > 0:companies"),
        ("リンク元ID|リンク先ID", "0:contacts > 1:companies"),
        ("Contact ID|Source ID|Source Type|Company ID", "0:contacts > 3:companies"),
        ("from_id|Company ID", "0:contacts > 1:companies"),
        ("Record ID|to_id", "0:contacts > 1:companies"),
        ("from_object_id|to_object_type|to_object_id", "0:contacts > 2:[1]companies"),
    ],
)
def test_flags_give_types_and_choose_between_columns(header: str, expected: str) -> None:
    assert found(header, Reading(from_object_type="Contact", to_object_type="0-2")) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({FROM_ID: "Kontakt-Nr.", TO_ID: "Firma"}, "0:contacts > 2:companies"),
        ({FROM_ID: "kontakt nr.", TO_ID: "FIRMA"}, "0:contacts > 2:companies"),
        ({FROM_ID: "#3", TO_ID: "#1"}, "2:contacts > 0:companies"),
        ({FROM_ID: "#2", TO_ID: "Firma"}, "1:contacts > 2:companies"),
        ({FROM_ID: "Kontakt-Nr.", TO_ID: "Firma", TO_TYPE: "Art"}, "0:contacts > 2:[3]companies"),
    ],
)
def test_columns_are_mapped_by_name_and_by_position(columns: dict[Role, str], expected: str) -> None:
    reading = Reading(from_object_type="contacts", to_object_type="companies", columns=columns)
    assert found("Kontakt-Nr.||Firma|Art", reading) == expected


def test_a_header_that_looks_like_a_position_is_a_name_first() -> None:
    reading = Reading(from_object_type="contacts", to_object_type="companies", columns={FROM_ID: "#2", TO_ID: "b"})
    assert found("#2|b", reading) == "0:contacts > 1:companies"


def test_an_exact_name_is_preferred_to_a_similar_one() -> None:
    reading = Reading(columns={FROM_ID: "contact id", TO_ID: "Company ID"})
    assert found("Contact ID|contact id|Company ID", reading) == "1:contacts > 2:companies"


def test_a_mapped_column_keeps_the_type_that_its_header_names() -> None:
    assert found("Contact ID|Company ID|Deal ID", Reading(columns={TO_ID: "Deal ID", FROM_ID: "#1"})) == (
        "0:contacts > 2:deals"
    )


def test_a_mapping_of_one_side_leaves_the_other_to_the_headers() -> None:
    reading = Reading(columns={FROM_ID: "Person"}, from_object_type="contacts")
    assert found("Person|Company ID", reading) == "0:contacts > 1:companies"


def test_the_error_for_a_missing_column_names_the_existing_columns_and_the_flag_to_use() -> None:
    message = refused("Contact ID|Company", "NO_ID_COLUMN")
    assert "'Contact ID', 'Company'" in message
    assert "--map to_object_id=" in message
    assert "--map from_object_id=" in refused("to_object_id|Company", "NO_ID_COLUMN")
    assert "--map from_object_id=" in refused("Name|Associated Company IDs", "NO_ID_COLUMN")
    assert "--map to_object_id=" in refused("Record ID|Name", "NO_ID_COLUMN")
    assert "--map from_object_id=COLUMN and --map to_object_id=COLUMN" in refused("a|b", "NO_ID_COLUMN")


def test_a_long_or_unprintable_header_is_shown_safely_and_named_by_its_position() -> None:
    message = refused("Contact ID|" + "x" * 100_000 + "\0|y\0", "NO_ID_COLUMN")
    assert len(message) < 300
    assert "'y\\x00'" in message
    assert "--map from_object_id=#1 " in refused(
        "from\u200b object id|from_object_id|to_object_id", "COLUMNS_AMBIGUOUS"
    )


def test_the_error_for_a_missing_type_names_the_column_and_the_flag_to_use() -> None:
    message = refused("Record ID|Associated Company IDs", "NO_OBJECT_TYPE")
    assert "'Record ID'" in message
    assert "--from TYPE" in message


@pytest.mark.parametrize(
    "header",
    [
        "Contact ID|Company ID|Deal ID",
        "Contact ID|Company ID|Associated Company IDs",
        "Record ID|Associated Company IDs|Associated Deal IDs",
        "from_object_id|From Object ID|to_object_id",
        "Contact ID|contact_id|Company ID",
        "Record ID|Contact ID|Company ID",
        "from_id|Contact ID|Company ID",
        "Source Contact ID|Contact ID|Company ID",
    ],
)
def test_two_possible_readings_are_refused_and_listed(header: str) -> None:
    message = refused(header, "COLUMNS_AMBIGUOUS")
    assert "--map from_object_id=" in message


def test_flags_do_not_make_a_record_of_another_type_one_side_of_the_pair() -> None:
    message = refused("Record ID|Contact ID|Company ID", "COLUMNS_AMBIGUOUS", Reading("contacts", "companies"))
    assert "'Record ID' to 'Company ID'" in message


@pytest.mark.parametrize(
    ("header", "reading", "expected"),
    [
        ("Record ID|Associated Company IDs (Primary)", Reading("deals"), "0:deals > 1:companies"),
        (
            "Record ID|Associated Company IDs|Associated Company IDs (Primary)",
            Reading("deals"),
            "0:deals > 1:companies",
        ),
        (
            "Record ID|Associated Company IDs (Primary)|Associated Company IDs",
            Reading("deals"),
            "0:deals > 2:companies",
        ),
        ("Record ID|Associated Pet IDs", Reading("contacts", "2-123"), "0:contacts > 1:2-123"),
        ("Record ID|Associated Pet IDs|Associated Pet IDs (Ill)", Reading("contacts", "2-1"), "0:contacts > 1:2-1"),
        ("Record ID|Associated Company IDs|Associated Pet IDs", Reading("contacts", "2-123"), "0:contacts > 2:2-123"),
        ("Record ID|Associated Pet IDs|Associated Deal IDs", Reading("contacts", "deals"), "0:contacts > 2:deals"),
        (
            "Record ID|Associated Company IDs (Primary)|Associated Contact IDs",
            Reading("deals", "contacts"),
            "0:deals > 2:contacts",
        ),
    ],
)
def test_a_list_with_a_label_is_read_where_no_other_one_holds_its_ids(
    header: str, reading: Reading, expected: str
) -> None:
    assert found(header, reading) == expected


@pytest.mark.parametrize(
    "header",
    [
        "Record ID|Associated Company IDs (Primary)|Associated Contact IDs",
        "Record ID|Associated Contact IDs (Decision maker)|Associated Contact IDs (Billing)",
        "Record ID|Associated Company IDs|Associated Contact IDs (Decision maker)",
        "Record ID|Associated Company IDs|Associated Pet IDs",
        "Record ID|Associated Pet IDs|Associated Vet IDs",
    ],
)
def test_lists_of_different_records_are_refused_and_listed(header: str) -> None:
    message = refused(header, "COLUMNS_AMBIGUOUS", Reading("deals"))
    assert "--map to_object_id=" in message


def test_a_list_of_a_custom_object_requires_its_type() -> None:
    message = refused("Record ID|Associated Pet IDs", "NO_OBJECT_TYPE", Reading("contacts"))
    assert "'Associated Pet IDs'" in message
    assert "--to TYPE" in message


def test_the_sublists_of_a_list_are_found_with_and_without_a_mapping() -> None:
    header = header_of("Record ID", "Associated Company IDs", "Associated Company IDs (Primary)")
    for mapped in ({}, {TO_ID: "Associated Company IDs"}):
        side = find_columns("a.csv", header, Reading("contacts", columns=mapped)).to_side
        assert (side.id_column, side.sublists, side.may_be_blank) == (1, (2,), True)
    primary = Reading("contacts", columns={TO_ID: "Associated Company IDs (Primary)"})
    side = find_columns("a.csv", header, primary).to_side
    assert (side.id_column, side.sublists, side.may_be_blank) == (2, (), True)


def test_only_lists_may_be_blank_unless_the_settings_say_so() -> None:
    header = header_of("Contact ID", "Company ID")
    for allowed in (False, True):
        columns = find_columns("a.csv", header, Reading(allow_blank=allowed))
        assert [side.may_be_blank for side in (columns.from_side, columns.to_side)] == [allowed, allowed]


def test_a_type_flag_that_fits_no_column_is_refused() -> None:
    message = refused("Contact ID|Company ID", "COLUMN_TYPE_MISMATCH", Reading(from_object_type="deals"))
    assert "--from deals" in message
    assert "'Contact ID' (contacts)" in message


def test_a_duplicate_header_is_refused_only_where_it_matters() -> None:
    assert found("Contact ID|Company ID|Note|Note") == "0:contacts > 1:companies"
    message = refused("from_id|from_id|to_id", "COLUMNS_AMBIGUOUS")
    for position in ("#1", "#2"):
        assert f"'from_id' to 'to_id' (--map from_object_id={position} --map to_object_id=\"to_id\")" in message
    both = Reading(columns={FROM_ID: "#2", TO_ID: "Company ID"})
    assert found("Contact ID|Contact ID|Company ID", both) == "1:contacts > 2:companies"
    types_twice = refused("from_id|To Type|to_type|to_id", "TYPE_COLUMN_AMBIGUOUS", Reading("contacts"))
    assert "#2 'To Type', #3 'to_type'" in types_twice


def test_very_many_possible_columns_are_refused_without_listing_every_reading() -> None:
    header = "|".join(["from_id"] * 200 + ["to_id"] * 200)
    assert len(refused(header, "COLUMNS_AMBIGUOUS")) < 400


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (Reading(columns={FROM_ID: "Kontakt"}), "MAPPED_COLUMN_MISSING"),
        (Reading(columns={FROM_ID: "#9"}), "MAPPED_COLUMN_MISSING"),
        (Reading(columns={FROM_ID: "#0"}), "MAPPED_COLUMN_MISSING"),
        (Reading(columns={FROM_ID: "contact-id"}), "MAPPED_COLUMN_AMBIGUOUS"),
        (Reading(columns={FROM_ID: "#1", TO_ID: "#1"}), "MAPPED_COLUMN_SHARED"),
        (Reading(from_object_type="my things!"), "OBJECT_TYPE_INVALID"),
    ],
)
def test_an_invalid_setting_is_a_settings_error(reading: Reading, code: str) -> None:
    refused("Contact ID|contact_id|Company ID", code, reading, SettingsError)


def test_each_role_has_its_column_and_a_blank_header_is_named_by_its_position() -> None:
    header = Header(("Contact ID", " ", "Company ID"), (2, 5, 6))
    columns = find_columns("x.csv", header, Reading(columns={TO_TYPE: "#5"}))
    assert columns.roles() == {FROM_ID: 0, TO_ID: 2, TO_TYPE: 1}
    assert [header.name(index) for index in range(3)] == ["Contact ID", "#5", "Company ID"]


def test_a_header_is_shown_shortened_and_with_control_characters_escaped() -> None:
    header = header_of("a\x1b]0;x\x07\nb", "x" * 100_000)
    assert header.name(0) == r"a\x1b]0;x\x07\nb"
    assert header.name(1) == "x" * 57 + "…"
