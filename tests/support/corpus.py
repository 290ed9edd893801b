"""The files in tests/files: how each is read, and what is expected of it."""

from pathlib import Path

from importer.config import Reading
from importer.model import PART_ROWS, Pair, SourceRow
from importer.reader import Source, open_source
from tests.support.blocks import rows_of

FILES = Path(__file__).parents[1] / "files"


LINKS = Reading(from_object_type="contacts", to_object_type="companies")


FROM_HEADER = Reading()


Rows = list[tuple[int, str]]
"""Row numbers with the pairs of each row (`1>2 1>3`; types where they are not contacts > companies) or its codes."""


ONE: Rows = [(2, "1>2")]


TWO: Rows = [(2, "1>2"), (3, "3>4")]


TABLES: dict[str, tuple[Reading, Rows]] = {
    "ids_accepted": (
        FROM_HEADER,
        [(n, "123>456") for n in range(2, 8)]
        + [(8, "12345678901234567>9223372036854775807"), (9, "123>456"), (10, "123>456")],
    ),
    "ids_refused": (
        FROM_HEADER,
        [
            (2, "SCIENTIFIC_NOTATION"),
            (3, "SCIENTIFIC_NOTATION"),
            (4, "ZERO_ID"),
            (5, "LEADING_ZERO"),
            (6, "NEGATIVE_ID"),
            (7, "LOST_PRECISION"),
            (8, "DATE"),
            (9, "DATE"),
            (10, "AMBIGUOUS_SEPARATOR"),
            (11, "AMBIGUOUS_SEPARATOR"),
            (12, "AMBIGUOUS_SEPARATOR"),
            (13, "AMBIGUOUS_SEPARATOR"),
            (14, "AMBIGUOUS_SEPARATOR"),
            (15, "DECIMAL_NUMBER"),
            (16, "BOOLEAN"),
            (17, "ERROR_VALUE"),
            (18, "FORMULA"),
            (19, "EMAIL"),
            (20, "UUID"),
            (21, "NOT_A_RECORD_URL"),
            (22, "NOT_A_RECORD_URL"),
            (23, "NOT_AN_ID"),
            (24, "NOT_AN_ID"),
            (25, "NOT_AN_ID"),
            (26, "ID_TOO_LARGE"),
            (27, "MISSING_ID"),
            (28, "MISSING_ID"),
            (29, "NOT_AN_ID LEADING_ZERO"),
        ],
    ),
    "many_ids": (
        FROM_HEADER,
        [(2, "1>3 1>4 2>3 2>4"), (3, "1>3 2>3"), (4, "NOT_AN_ID"), (5, "MISSING_ID"), (6, "TOO_MANY_PAIRS")],
    ),
    "self_association": (FROM_HEADER, [(2, "SELF_ASSOCIATION"), (3, "5>5"), (4, "SELF_ASSOCIATION")]),
    "types_by_column": (
        FROM_HEADER,
        [
            (2, "1>2"),
            (3, "line_items/1>line_items/2"),
            (4, "2-123/1>p123_Thing/2"),
            (5, "1>2"),
            (6, "0-999/1>my_cars/2"),
            (7, "UNKNOWN_OBJECT_TYPE MISSING_OBJECT_TYPE NOT_AN_ID"),
        ],
    ),
    "addresses": (FROM_HEADER, [(2, "contacts/7>deals/8"), (3, "contacts/7>deals/8"), (4, "URL_TYPE_MISMATCH")]),
    "blank_rows": (LINKS, [(3, "1>2"), (6, "3>4")]),
    "blank_rows_first": (LINKS, [(4, "1>2")]),
    "short_rows": (LINKS, [(2, "1>2"), (3, "MISSING_ID")]),
    "long_row": (LINKS, [(2, "EXTRA_CELL"), (3, "3>4")]),
    "texts_unchanged": (LINKS, [(2, "1>2"), (3, "3>4"), (4, "5>6"), (5, "7>8"), (6, "9>10")]),
    "formula_texts": (LINKS, [(2, "1>2"), (3, "3>4"), (4, "5>6"), (5, "7>8"), (6, "9>10")]),
    "previous_results": (FROM_HEADER, [(2, "1>2"), (3, "3>4"), (4, "5>6"), (5, "EXTRA_CELL")]),
    "header_alone": (LINKS, []),
    "header_twice": (LINKS, ONE),
    "header_as_people_write": (LINKS, ONE),
    "header_hubspot_export": (Reading(from_object_type="contact"), [(2, "1>2 1>3")]),
    "header_japanese": (Reading(from_object_type="コンタクト"), ONE),
}
"""Each exists as CSV and as XLSX."""


FILES_READ: dict[str, tuple[Reading, Rows]] = {
    "delimiter_semicolon.csv": (FROM_HEADER, [(2, "1>2"), (3, "AMBIGUOUS_SEPARATOR")]),
    "delimiter_tab.tsv": (FROM_HEADER, ONE),
    "delimiter_pipe.txt": (FROM_HEADER, ONE),
    "delimiter_declared.csv": (FROM_HEADER, ONE),
    "delimiter_in_other_cells.csv": (FROM_HEADER, TWO),
    "encoding_utf8_bom.csv": (FROM_HEADER, TWO),
    "encoding_utf16_le.csv": (FROM_HEADER, ONE),
    "encoding_utf16_be.csv": (FROM_HEADER, ONE),
    "encoding_utf16_unmarked.csv": (FROM_HEADER, TWO),
    "encoding_cp932.csv": (FROM_HEADER, ONE),
    "encoding_euc_jp.csv": (FROM_HEADER, ONE),
    "encoding_cp1252.csv": (FROM_HEADER, ONE),
    "encoding_late.csv": (LINKS, [(2, "1>2"), (3, "1>2"), (4, "1>2"), (5, "NOT_AN_ID")]),
    "lines_cr.csv": (LINKS, TWO),
    "lines_crlf.csv": (LINKS, TWO),
    "lines_mixed.csv": (LINKS, [(2, "1>2"), (3, "3>4"), (4, "5>6")]),
    "quote_not_closed.csv": (LINKS, [(2, "STRAY_QUOTE"), (3, "3>4")]),
    "quote_then_text.csv": (LINKS, [(2, "STRAY_QUOTE"), (3, "STRAY_QUOTE")]),
    "quoted_newlines.csv": (LINKS, [(2, "1>2"), (3, "NOT_AN_ID")]),
    "nul_bytes.csv": (LINKS, [(2, "1>2"), (3, "NOT_AN_ID")]),
    "big_cell.csv.gz": (LINKS, TWO),
    "pairs.csv.gz": (FROM_HEADER, TWO),
    "one_table.zip": (FROM_HEADER, TWO),
    "one_workbook.zip": (FROM_HEADER, TWO),
    "split_table.zip": (FROM_HEADER, [(2, "3>4"), (PART_ROWS + 2, "5>6")]),
    "typed_cells.xlsx": (
        LINKS,
        [
            (2, "123>9"),
            (3, "123>9"),
            (4, "123456789012345>9"),
            (5, "LOST_PRECISION"),
            (6, "LOST_PRECISION"),
            (7, "123450000000>9"),  # the number itself is whole, however it is written in the file
            (8, "DATE"),
            (9, "DATE"),
            (10, "DATE"),
            (11, "BOOLEAN"),
            (12, "ERROR_VALUE"),
            (13, "77>9"),
            (14, "78>9"),
            (15, "FORMULA"),
            (16, "ERROR_VALUE"),
            (17, "DECIMAL_NUMBER"),
            (18, "1234>9"),
            (19, "DATE"),
            (20, "DECIMAL_NUMBER"),
            (21, "NEGATIVE_ID"),
            (22, "LEADING_ZERO"),
            (23, "MISSING_ID"),
        ],
    ),
    "sheets_first_hidden.xlsx": (FROM_HEADER, TWO),
    "leading_blanks.xlsx": (FROM_HEADER, [(5, "1>2"), (6, "3>4")]),
    "merged_cells.xlsx": (FROM_HEADER, [*TWO, (4, "MISSING_ID")]),
    "trailing_formatted.xlsx": (FROM_HEADER, TWO),
    "wrong_dimension.xlsx": (FROM_HEADER, TWO),
    "shared_strings.xlsx": (FROM_HEADER, ONE),
    "inline_strings.xlsx": (FROM_HEADER, [(2, "12>4")]),
    "cells_without_places.xlsx": (FROM_HEADER, [(2, "1>2"), (3, "1>2")]),
    "prefixed_tags.xlsx": (FROM_HEADER, ONE),
    "dates_1904.xlsx": (FROM_HEADER, ONE),
    "csv_inside.xlsx": (FROM_HEADER, TWO),
    "xlsx_inside.csv": (FROM_HEADER, TWO),
    "pairs.xls": (
        FROM_HEADER,
        [(2, "1>2"), (3, "DECIMAL_NUMBER"), (4, "LOST_PRECISION BOOLEAN"), (5, "SCIENTIFIC_NOTATION")],
    ),
    "typed_cells.xls": (
        LINKS,
        [
            (2, "123>9"),
            (3, "LOST_PRECISION"),
            (4, "DATE"),
            (5, "DATE"),
            (6, "DATE"),
            (7, "BOOLEAN"),
            (8, "ERROR_VALUE"),
            (9, "ERROR_VALUE"),
            (10, "DECIMAL_NUMBER"),
            (11, "LEADING_ZERO"),
            (12, "NEGATIVE_ID"),
        ],
    ),
    "typed_cells.ods": (
        LINKS,
        [
            (2, "AMBIGUOUS_SEPARATOR"),
            (3, "AMBIGUOUS_SEPARATOR"),
            (4, "AMBIGUOUS_SEPARATOR"),
            (5, "123>9"),
            (6, "ERROR_VALUE"),
            (7, "FORMULA"),
            (8, "BOOLEAN"),
            (9, "BOOLEAN"),
            (10, "DATE"),
            (11, "DATE"),
            (12, "123456789012345>9"),
            (13, "LOST_PRECISION"),
            (14, "DECIMAL_NUMBER"),
            (15, "12>9"),
        ],
    ),
    "pairs.ods": (FROM_HEADER, [(4, "1>2"), (5, "ERROR_VALUE LOST_PRECISION")]),
}


HEADERS_REFUSED: dict[str, str] = {
    "header_three_objects.csv": "COLUMNS_AMBIGUOUS",
    "header_three_objects.xlsx": "COLUMNS_AMBIGUOUS",
    "header_missing.csv": "NO_ID_COLUMN",
    "header_missing.xlsx": "NO_ID_COLUMN",
    "header_foreign.csv": "NO_ID_COLUMN",
    "header_foreign.xlsx": "NO_ID_COLUMN",
    "only_blank_lines.csv": "TABLE_EMPTY",
    "two_tables.zip": "HEADERS_DIFFER",
}


FILES_REFUSED: dict[str, str] = {
    "encoding_broken.csv": "UNDECODABLE_TEXT",
    "empty.csv": "FILE_EMPTY",
    "damaged.csv.gz": "FILE_DAMAGED",
    "json.csv": "NOT_A_TABLE",
    "pdf.csv": "NOT_A_TABLE",
    "entity_bomb.xlsx": "LIMIT_EXCEEDED",
    "external_entity.xlsx": "LIMIT_EXCEEDED",
    "zip_bomb.xlsx": "LIMIT_EXCEEDED",
    "unknown_xml_encoding.xlsx": "FILE_DAMAGED",
    "row_twice.xlsx": "FILE_DAMAGED",
    "column_beyond.xlsx": "FILE_DAMAGED",
    "text_beyond.xlsx": "FILE_DAMAGED",
    "damaged.xlsx": "FILE_DAMAGED",
    "cut_off.xlsx": "FILE_DAMAGED",
    "no_sheet.xlsx": "NO_SHEET",
    "word.xlsx": "UNSUPPORTED_FORMAT",
    "binary.xlsb": "UNSUPPORTED_FORMAT",
    "password.xlsx": "PASSWORD_PROTECTED",
    "html_inside.xls": "NOT_A_TABLE",
    "word.xls": "UNSUPPORTED_FORMAT",
    "cut_off.xls": "FILE_DAMAGED",
    "damaged.xls": "FILE_DAMAGED",
    "circle.xls": "FILE_DAMAGED",
    "repeated_beyond.ods": "LIMIT_EXCEEDED",
    "password_package.ods": "PASSWORD_PROTECTED",
    "text_document.odt": "UNSUPPORTED_FORMAT",
    "password.ods": "PASSWORD_PROTECTED",
    "nothing.zip": "NO_TABLE_IN_ARCHIVE",
    "zip_in_zip.zip": "NESTED_ARCHIVE",
}


READ = {f"{stem}{ending}": case for stem, case in TABLES.items() for ending in (".csv", ".xlsx")} | FILES_READ


def shown(pair: Pair) -> str:
    if (pair.from_type, pair.to_type) == ("contacts", "companies"):
        return f"{pair.from_id}>{pair.to_id}"
    return f"{pair.from_type}/{pair.from_id}>{pair.to_type}/{pair.to_id}"


def outcome(row: SourceRow) -> tuple[int, str]:
    assert bool(row.pairs) != bool(row.problems)
    return row.number, " ".join([*map(shown, row.pairs), *(problem.code for problem in row.problems)])


def read(name: str, reading: Reading = LINKS) -> Source:
    return open_source(FILES / name, reading)


def rows(name: str, reading: Reading = LINKS) -> list[SourceRow]:
    with read(name, reading) as source:
        return rows_of(source.blocks())


def both(stem: str) -> list[str]:
    return [f"{stem}.csv", f"{stem}.xlsx"]
