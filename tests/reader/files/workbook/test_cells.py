"""Texts of typed cells."""

import pytest

from importer.reader.files.workbook.cells import NumberFormatKind, classify_number_format, date_text, number_text


@pytest.mark.parametrize(
    ("format_id", "code", "shown"),
    [
        (0, None, NumberFormatKind.NUMBER),
        (14, None, NumberFormatKind.DATETIME),
        (46, None, NumberFormatKind.DURATION),
        (164, "yyyy\\-mm\\-dd", NumberFormatKind.DATETIME),
        (164, '[$-411]ggge"年"m"月"d"日"', NumberFormatKind.DATETIME),
        (164, "[h]:mm:ss", NumberFormatKind.DURATION),
        (164, "#,##0", NumberFormatKind.NUMBER),
        (164, '0 "days"', NumberFormatKind.NUMBER),
        (164, "[Red]0.00;[Blue]-0.00", NumberFormatKind.NUMBER),
        (164, "\\d0", NumberFormatKind.NUMBER),
        (164, "0.00E+00", NumberFormatKind.NUMBER),
        (164, "General", NumberFormatKind.NUMBER),
        (164, "@", NumberFormatKind.NUMBER),
    ],
)
def test_number_formats_of_dates_are_recognized(format_id: int, code: str | None, shown: NumberFormatKind) -> None:
    assert classify_number_format(format_id, code) is shown


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("61", "1900-03-01"),
        ("45429.999999", "2024-05-17 23:59:59.914000"),
        ("0.5", "12:00:00"),
        ("1E+300", "1E+300"),
        ("-1", "-1"),
        ("99999999", "99999999"),
    ],
)
def test_stored_days_become_iso_dates(raw: str, text: str) -> None:
    assert date_text(raw, from_1904=False) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("123", "123"),
        ("123.0", "123"),
        ("1E+2", "100"),
        ("-0", "0"),
        ("007", "7"),
        ("0.1", "0.1"),
        ("0.10000000000000001", "0.1"),
        ("999999999999999", "999999999999999"),
        ("1000000000000000", "1E+15"),
        ("12345678901234567", "1.2345678901234567E+16"),
        ("-12345678901234567", "-1.2345678901234568E+16"),
        ("NaN", "NaN"),
        ("99999999999999.999", "99999999999999.999"),
        ("123456789012345.999", "123456789012345.999"),
        ("100.00000000000000001", "100.00000000000000001"),
        ("1_000", "1_000"),
        ("١٢٣", "١٢٣"),
        ("1.2E+3", "1200"),
        ("1E+99999", "1E+99999"),
        ("abc", "abc"),
    ],
)
def test_stored_numbers_become_the_displayed_texts(raw: str, text: str) -> None:
    assert number_text(raw) == text
