"""The rows read from every odd file in tests/files, or the error, file by file."""

import csv
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_source
from tests.support.blocks import rows_of
from tests.support.corpus import (
    FILES,
    FILES_REFUSED,
    FROM_HEADER,
    HEADERS_REFUSED,
    LINKS,
    READ,
    both,
    outcome,
    read,
    rows,
)
from tests.support.errors import raises


def test_every_file_of_the_corpus_has_its_expectation() -> None:
    assert {path.name for path in FILES.iterdir() if path.suffix not in {".py", ""}} == {
        *READ,
        *HEADERS_REFUSED,
        *FILES_REFUSED,
    }


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_expected(name: str) -> None:
    reading, expected = READ[name]
    assert [outcome(row) for row in rows(name, reading)] == expected


@pytest.mark.parametrize("name", HEADERS_REFUSED)
def test_a_file_without_the_columns_is_refused_with_what_it_has(name: str) -> None:
    with raises(SourceError, HEADERS_REFUSED[name]) as caught:
        rows(name, Reading() if name.startswith("header") else LINKS)
    assert str(caught.value).startswith(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES_REFUSED)
def test_a_file_that_is_not_a_table_is_refused_with_its_reason(name: str) -> None:
    with raises(SourceError, FILES_REFUSED[name]) as caught:
        rows(name)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name", both("texts_unchanged"))
def test_texts_come_back_unchanged(name: str) -> None:
    assert [row.cells[2] for row in rows(name)] == [
        "line one\nline two",
        'says "hello", twice',
        "  NA  ",
        "null",
        "東京 – Zürich 😀",
    ]


def test_typed_cells_are_read_as_displayed() -> None:
    assert [row.cells[0] for row in rows("typed_cells.xlsx")] == [
        "123",
        "123",
        "123456789012345",
        "1.234567890123456E+15",
        "1.2345678901234501E+17",
        "123450000000",
        "2024-05-17",
        "2024-05-17 12:00:00",
        "36:00:00",
        "TRUE",
        "#N/A",
        "77",
        "78",
        "=B15",
        "#REF!",
        "1.5",
        "1234",
        "2024-05-17T00:00:00Z",
        "0.1",
        "-3",
        "00123",
        "",
    ]


def test_phonetic_readings_of_japanese_words_are_not_part_of_the_text() -> None:
    with read("shared_strings.xlsx", FROM_HEADER) as source:
        assert source.header == ("Contact ID", "Company ID", "会社")
        assert [row.cells for row in rows_of(source.blocks())] == [("1", "2", "a\rb")]


def test_dates_of_a_workbook_that_counts_from_1904_are_right() -> None:
    assert rows("dates_1904.xlsx", FROM_HEADER)[0].cells[2] == "2024-05-17"


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_the_cells_of_a_row_written_as_texts_yield_the_same_row(name: str, tmp_path: Path) -> None:
    with read(name, READ[name][0]) as source:
        before = rows_of(source.blocks())
        path = tmp_path / "again.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([source.header, *(row.cells for row in before)])
    with open_source(path, READ[name][0]) as again:
        after = rows_of(again.blocks())
    assert [(row.cells, row.pairs) for row in after] == [(row.cells, row.pairs) for row in before]
