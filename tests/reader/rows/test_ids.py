"""From a text to an id: exactly its digits, or a reason."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import Problem
from importer.reader import open_source
from importer.reader.files.workbook.lossy import LossyNumber
from importer.reader.rows.ids import RecordUrl, parse_id, split_ids
from tests.support.blocks import rows_of


def refusal(text: str) -> Problem:
    found = parse_id(text, "Contact ID")
    assert isinstance(found, Problem), f"{text!r} was read as {found}"
    return found


@pytest.mark.parametrize(
    ("text", "record_id"),
    [
        ("123", "123"),
        (" 123\t", "123"),
        ("123.0", "123"),
        ("123.00", "123"),
        ("1234.000", "1234"),
        ("123.0000", "123"),
        ("'123", "123"),
        ("１２３", "123"),
        ("\u200b123\u200e", "123"),
        ("\u3000123\u00a0", "123"),
        ("123456789012345.0", "123456789012345"),
        ("9223372036854775807", "9223372036854775807"),
        ('="123"', "123"),
        ('=" 123 "', "123"),
        (' ="123" ', "123"),
        ('="123.0"', "123"),
        ('="9223372036854775807"', "9223372036854775807"),
        ("＝＂１２３＂", "123"),
    ],
)
def test_a_text_that_has_all_of_its_digits_is_an_id(text: str, record_id: str) -> None:
    assert parse_id(text, "Contact ID") == record_id


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.2345E+11", "SCIENTIFIC_NOTATION"),
        ("1,2345E+11", "SCIENTIFIC_NOTATION"),
        ("1E5", "SCIENTIFIC_NOTATION"),
        ("1e-5", "SCIENTIFIC_NOTATION"),
        ("１．２Ｅ＋１１", "SCIENTIFIC_NOTATION"),
        ("1234567890123456.0", "LOST_PRECISION"),
        ("1,234", "AMBIGUOUS_SEPARATOR"),
        ("1.234", "AMBIGUOUS_SEPARATOR"),
        ("1.000", "AMBIGUOUS_SEPARATOR"),
        ("1.234.567", "AMBIGUOUS_SEPARATOR"),
        ("1 234", "AMBIGUOUS_SEPARATOR"),
        ("1\u00a0234", "AMBIGUOUS_SEPARATOR"),
        ("1’234", "AMBIGUOUS_SEPARATOR"),
        ("12|34", "AMBIGUOUS_SEPARATOR"),
        ("12\n34", "AMBIGUOUS_SEPARATOR"),
        ("１，２３４", "AMBIGUOUS_SEPARATOR"),
        ("1,234.0", "AMBIGUOUS_SEPARATOR"),
        ("123,0", "AMBIGUOUS_SEPARATOR"),
        ("007", "LEADING_ZERO"),
        ("0123.0", "LEADING_ZERO"),
        ("0", "ZERO_ID"),
        ("0.0", "ZERO_ID"),
        ("-0", "ZERO_ID"),
        ("-5", "NEGATIVE_ID"),
        ("−5", "NEGATIVE_ID"),
        ("1.5", "DECIMAL_NUMBER"),
        (".5", "DECIMAL_NUMBER"),
        ("123.", "DECIMAL_NUMBER"),
        ("2024-05-17", "DATE"),
        ("2024/5/7", "DATE"),
        ("17.05.2024", "DATE"),
        ("5/17/24", "DATE"),
        ("2024年5月17日", "DATE"),
        ("2024-05-17T10:00:00Z", "DATE"),
        ("17-May", "DATE"),
        ("May-24", "DATE"),
        ("2024-01", "DATE"),
        ("5月17日", "DATE"),
        ("ABC-123", "NOT_AN_ID"),
        ("#123", "NOT_AN_ID"),
        ("10:30", "DATE"),
        ("true", "BOOLEAN"),
        ("FALSE", "BOOLEAN"),
        ("#REF!", "ERROR_VALUE"),
        ("#NAME?", "ERROR_VALUE"),
        ("#####", "ERROR_VALUE"),
        ("Err:502", "ERROR_VALUE"),
        ("=A1", "FORMULA"),
        ("=123", "FORMULA"),
        ("='123", "FORMULA"),
        ('="123', "FORMULA"),
        ('="123"&"4"', "FORMULA"),
        ('=""', "MISSING_ID"),
        ('="ACME"', "NOT_AN_ID"),
        ('="007"', "LEADING_ZERO"),
        ('="1.2E+11"', "SCIENTIFIC_NOTATION"),
        ("ada@example.com", "EMAIL"),
        ("123E4567-E89B-12D3-A456-426614174000", "UUID"),
        ("https://example.com/123", "NOT_A_RECORD_URL"),
        ("https://app.hubspot.com/contacts/1/record/12345-1/5", "NOT_A_RECORD_URL"),
        ("https://app.hubspot.com/contacts/1/record/0-1234567890123456789/5", "NOT_A_RECORD_URL"),
        ("app.hubspot.com/contacts/1/record/0-1/007", "NOT_A_RECORD_URL"),
        ("https://app.hubspot.com@example.com/contacts/1/record/0-1/5", "NOT_A_RECORD_URL"),
        ("9223372036854775808", "ID_TOO_LARGE"),
        ("10000000000000000000", "ID_TOO_LARGE"),
        ("１" * 20, "ID_TOO_LARGE"),
        ("1" * 32, "ID_TOO_LARGE"),
        ("1" * 10_000, "ID_TOO_LARGE"),
        ('="9223372036854775808"', "ID_TOO_LARGE"),
        ("https://app.hubspot.com/contacts/12/record/0-1/9223372036854775808", "ID_TOO_LARGE"),
        ("app.hubspot.com/contacts/12/contact/" + "9" * 40 + "/", "ID_TOO_LARGE"),
        ("+5", "NOT_AN_ID"),
        ("(5)", "NOT_AN_ID"),
        ("0x1F", "NOT_AN_ID"),
        ("null", "NOT_AN_ID"),
        ("1\0", "NOT_AN_ID"),
        ("''5", "NOT_AN_ID"),
        ("½", "NOT_AN_ID"),
        ("１２³", "NOT_AN_ID"),
        ("一二三", "NOT_AN_ID"),
        ("", "MISSING_ID"),
        ("'", "MISSING_ID"),
    ],
)
def test_a_text_that_may_have_lost_a_digit_or_never_had_one_is_refused_with_its_code(text: str, code: str) -> None:
    assert refusal(text).code == code


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://app.hubspot.com/contacts/12/record/0-1/34", ("12", "contacts", "34")),
        ("https://app-eu1.hubspot.com/contacts/12/record/0-3/34/view/1?x=2#y", ("12", "deals", "34")),
        ("http://app-na2.hubspot.com/contacts/12/company/34/", ("12", "companies", "34")),
        ("app.hubspot.com/contacts/12/ticket/34", ("12", "tickets", "34")),
        ("HTTPS://APP.HUBSPOT.COM/contacts/12/record/2-567/34", ("12", "2-567", "34")),
        ('="https://app.hubspot.com/contacts/12/record/0-1/34"', ("12", "contacts", "34")),
        ("app.hubspot.com/contacts/12/record/0-1/9223372036854775807", ("12", "contacts", "9223372036854775807")),
    ],
)
def test_the_address_of_a_record_page_is_an_id(address: str, expected: tuple[str, str, str]) -> None:
    found = parse_id(address, "Contact ID")
    assert isinstance(found, RecordUrl)
    assert (found.portal, found.object_type, found.record_id) == expected


def test_a_number_beyond_fifteen_digits_is_refused_although_a_text_of_as_many_is_an_id() -> None:
    assert parse_id("1234567890123456", "Contact ID") == "1234567890123456"
    assert refusal(LossyNumber("1.234567890123456E+15")).code == "LOST_PRECISION"


def test_a_message_quotes_the_cell_and_the_problem_names_the_column() -> None:
    problem = refusal("ACME Ltd")
    assert problem.message == "'ACME Ltd' is not a HubSpot record id (digits only)."
    assert problem.column == "Contact ID"


def test_a_long_or_invisible_text_is_shortened_and_spelt_out_in_the_message() -> None:
    assert len(refusal("x" * 10_000_000).message) < 120
    assert "\\x00" in refusal("1\0").message
    assert "\n" not in refusal("a\nb").message


def test_ids_are_separated_by_semicolons_and_blank_parts_do_not_count() -> None:
    assert split_ids("1; 2；3;;") == ["1", " 2", "3"]
    assert split_ids(" ; ") == []


def test_separators_are_found_in_and_between_texts_that_are_written_as_formulas() -> None:
    assert split_ids('="1;2"') == ["1", "2"]
    assert split_ids('="1";="2";=""') == ['="1"', '="2"']
    assert split_ids('=" "') == []


def test_texts_that_are_written_as_formulas_are_not_reported_as_formulas(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('Contact ID,Company ID\n="100101","=""40001"""\n')
    with open_source(path, Reading()) as source:
        assert [pair.from_id for block in source.blocks() for pair in rows_of([block])[0].pairs] == ["100101"]
        assert source.report.warnings == ()


DIGITS = st.text("0123456789", min_size=1, max_size=40)
NEAR_IDS = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            ["0", "00", "1", "23", "１", "٣", "²", ".", '="', '"', ",", " ", "'", "-", "+", "e", "E+", "/", "\0", "　"]
        )
    ),
)


@pytest.mark.slow
@given(st.one_of(NEAR_IDS, DIGITS, st.text()))
@example("1.0e0")
@example("1\u00850")
def test_any_text_is_exactly_its_digits_or_refused(text: str) -> None:
    found = parse_id(text, "Contact ID")
    if isinstance(found, Problem):
        return
    assert isinstance(found, str)
    assert re.fullmatch("[1-9][0-9]*", found)
    assert int(found) <= 2**63 - 1
    # The digits of the text, as written and in order, are the id's; what else it may have is a fraction of zeros.
    ascii_text = text.translate({ord("０") + n: str(n) for n in range(10)} | {ord("．"): "."})
    assert re.fullmatch(rf"[^0-9.]*{found}(\.0+)?[^0-9.]*", ascii_text)
    assert not re.search(r"\w", re.sub(r"[0-9]", "", ascii_text))


@given(st.integers(1, 2**63 - 1))
@example(2**63 - 1)
def test_bare_digits_up_to_the_greatest_id_are_always_that_id(number: int) -> None:
    assert parse_id(str(number), "Contact ID") == str(number)


@given(st.integers(min_value=2**63))
@example(2**63)
def test_no_number_above_the_greatest_id_is_one(number: int) -> None:
    assert refusal(str(number)).code == "ID_TOO_LARGE"
