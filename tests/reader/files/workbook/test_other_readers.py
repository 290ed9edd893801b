"""Cells of generated workbooks are read as at least one other library reads them."""

import datetime
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files.archives import archive
from tests.support.other_readers import Cells, OtherReader, by_calamine, by_openpyxl, by_xlrd, differences, is_same
from tests.support.other_writers import (
    ERRORS,
    Table,
    Value,
    Write,
    by_openpyxl_written,
    by_xlsxwriter_written,
    inline_by_xlsxwriter_written,
    ods_written,
    strict_written,
    with_control_written,
    without_mimetype_written,
    xls_written,
)


def is_plain(text: str) -> bool:
    """Return whether writers store the text as it is, not as a formula, an error, an escape or a blank cell."""
    return bool(text.strip()) and text[0] not in "=#{" and "_x" not in text


texts = st.one_of(
    st.sampled_from(["007", "1234567890123456789", " 12 ", "a\nb", "日本", "😀", "1,234", "1e5", "TRUE"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12),
).filter(is_plain)
numbers = st.one_of(
    st.integers(-(10**17), 10**17),
    st.sampled_from([10**15, 10**15 - 1, 1234567890123451, 12345678901234561, 0]),
    st.floats(-1e12, 1e12).filter(lambda number: number == 0 or abs(number) > 1e-300),
)
moments = st.datetimes(datetime.datetime(1900, 3, 2), datetime.datetime(9999, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
seconds = st.integers(1, 3600 * 10_000)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    texts,
    numbers,
    st.booleans(),
    moments,
    seconds.map(lambda count: datetime.timedelta(seconds=count)),
)
tables = st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=6).filter(
    lambda table: any(value is not None for cells in table for value in cells)
)
with_errors = st.one_of(values, st.sampled_from(list(ERRORS)))
tables_with_errors = st.lists(st.lists(with_errors, min_size=1, max_size=6), min_size=1, max_size=6).filter(
    lambda table: any(value is not None for cells in table for value in cells)
)
judged = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def by_calamine_with_mimetype(path: Path) -> Cells:
    """Read a copy with the parts that calamine requires."""
    copy = path.with_name("copy.ods")
    with zipfile.ZipFile(path) as book:
        parts: dict[str, str | bytes] = {name: book.read(name) for name in book.namelist()}
    copy.write_bytes(archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", **parts}))
    return by_calamine(copy)


@pytest.mark.slow
@pytest.mark.parametrize(
    "write", [by_openpyxl_written, by_xlsxwriter_written, inline_by_xlsxwriter_written, with_control_written]
)
@judged
@given(tables_with_errors)
def test_an_xlsx_cell_is_read_as_some_library_reads_it(tmp_path: Path, write: Write, table: Table) -> None:
    write(tmp_path / "a.xlsx", table)
    assert differences(tmp_path / "a.xlsx", by_openpyxl, by_calamine) == []


@pytest.mark.slow
@judged
@given(tables)
def test_a_cell_of_a_strict_workbook_is_read_as_calamine_reads_it(tmp_path: Path, table: Table) -> None:
    strict_written(tmp_path / "a.xlsx", table)
    assert differences(tmp_path / "a.xlsx", by_calamine) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "other"), [(ods_written, by_calamine), (without_mimetype_written, by_calamine_with_mimetype)]
)
@judged
@given(tables)
def test_an_ods_cell_is_read_as_calamine_reads_it(
    tmp_path: Path, write: Write, other: OtherReader, table: Table
) -> None:
    write(tmp_path / "a.ods", table)
    assert differences(tmp_path / "a.ods", other) == []


@pytest.mark.slow
@judged
@given(tables_with_errors)
def test_an_xls_cell_is_read_as_some_library_reads_it(tmp_path: Path, table: Table) -> None:
    xls_written(tmp_path / "a.xls", table)
    assert differences(tmp_path / "a.xls", by_xlrd, by_calamine) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 2),
        ("1", "2"),
        (None, 1),
        ("1", None),
        ("TRUE", False),
        ("2024-05-17", datetime.datetime(2024, 5, 18)),  # noqa: DTZ001
        ("36:00:00", datetime.timedelta(hours=35)),
        ("12:00:00", datetime.time(12, 0, 1)),
        ("abc", datetime.date(2024, 5, 17)),
    ],
)
def test_a_different_reading_is_detected(text: str | None, value: object) -> None:
    assert not is_same(text, value)
