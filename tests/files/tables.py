"""Tables that are written both as CSV and as XLSX."""

import csv
import io
from collections.abc import Sequence

Table = Sequence[Sequence[str]]
PAIR = ["from_object_id", "to_object_id"]

URL = "https://app.hubspot.com/contacts/111/record/0-1/"

TABLES: dict[str, Table] = {
    "ids_accepted": [
        ["Contact ID", "Company ID"],
        ["123", "456"],
        [" 123 ", "\u3000456\u00a0"],
        ["123.0", "456.00"],
        ["'123", "456"],
        ["１２３", "４５６．０"],
        [URL + "123", "https://app-eu1.hubspot.com/contacts/111/company/456?view=1"],
        ["12345678901234567", "9223372036854775807"],
        ["\ufeff123", "456\u200b"],
        ['="123"', ' ="456" '],
    ],
    "ids_refused": [
        ["Contact ID", "Company ID"],
        ["1.2345E+11", "1"],
        ["1,5e5", "1"],
        ["0", "1"],
        ["007", "1"],
        ["-5", "1"],
        ["12345678901234567.0", "1"],
        ["2024-05-17", "1"],
        ["5-Jan", "1"],
        ["1,234", "1"],
        ["1.234", "1"],
        ["1.000", "1"],
        ["12 34", "1"],
        ["12/34", "1"],
        ["1.5", "1"],
        ["TRUE", "1"],
        ["#N/A", "1"],
        ["=123", "1"],
        ["ada@example.com", "1"],
        ["123e4567-e89b-12d3-a456-426614174000", "1"],
        ["https://app.hubspot.com.example.com/contacts/1/record/0-1/5", "1"],
        ["https://app.hubspot.com/contacts/1/objects/0-1/views/all/list", "1"],
        ["ACME Ltd", "1"],
        ["①", "1"],
        ["٣", "1"],
        ["9" * 33, "1"],
        ["", "1"],
        [" ", "1"],
        ["ACME Ltd", "007"],
    ],
    "many_ids": [
        ["Contact ID", "Company ID"],
        ["1;2", "3; 4"],
        ["1；2;", "3;3"],
        ["1;x", "3"],
        [";", "3"],
        [";".join(map(str, range(1, 102))), ";".join(map(str, range(1, 101)))],
    ],
    "self_association": [
        ["from_object_type", "from_object_id", "to_object_type", "to_object_id"],
        ["contacts", "5", "0-1", "5"],
        ["contacts", "5", "companies", "5"],
        ["contacts", "5;6", "Contact", "6;7"],
    ],
    "types_by_column": [
        ["from_object_type", "from_object_id", "to_object_type", "to_object_id"],
        ["CONTACT", "1", "0-2", "2"],
        ["Line Items", "1", "line-item", "2"],
        ["2-123", "1", "p123_Thing", "2"],
        ["コンタクト", "1", "会社", "2"],
        ["0-999", "1", "my_cars", "2"],
        ["my cars!", "1", "", "x"],
    ],
    "addresses": [
        ["Contact ID", "Deal ID"],
        [URL + "7", "8"],
        ["https://app.hubspot.com/contacts/222/contact/7", "8"],
        [URL + "7", "https://app.hubspot.com/contacts/111/record/0-2/8"],
    ],
    "blank_rows": [PAIR, [], ["1", "2"], ["", " "], [], ["3", "4"], [], []],
    "blank_rows_first": [[], [], PAIR, ["1", "2"]],
    "short_rows": [["from_object_id", "to_object_id", "note"], ["1", "2"], ["1"]],
    "long_row": [PAIR, ["1", "2", "3"], ["3", "4"]],
    "texts_unchanged": [
        ["from_object_id", "to_object_id", "note"],
        ["1", "2", "line one\nline two"],
        ["3", "4", 'says "hello", twice'],
        ["5", "6", "  NA  "],
        ["7", "8", "null"],
        ["9", "10", "東京 – Zürich 😀"],
    ],
    "formula_texts": [
        ["from_object_id", "to_object_id", "note"],
        ["1", "2", "=1+1"],
        ["3", "4", "@SUM(A1)"],
        ["5", "6", "-5"],
        ["7", "8", "+44 20 7946 0000"],
        ["9", "10", "+cmd|x"],
    ],
    "previous_results": [
        ["import_row", "Contact ID", "import_status", "Company ID", "import_advice"],
        ["2", "1", "linked", "2", ""],
        ["3", "3", "failed", "4", "x"],
        ["4", "5", "Not_Sent ", "6"],
        ["5", "7", "invalid", "8", "", "9"],
    ],
    "header_alone": [PAIR],
    "header_as_people_write": [["From Object Id", "ＴＯ－ＩＤ"], ["1", "2"]],
    "header_hubspot_export": [["Record ID", "First Name", "Associated Company IDs"], ["1", "Ada", "2;3"]],
    "header_japanese": [["レコードID", "名前", "関連付けられた会社ID"], ["1", "葵", "2"]],
    "header_three_objects": [["Contact ID", "Company ID", "Deal ID"], ["1", "2", "3"]],
    "header_twice": [["Contact ID", "Company ID", "Note", "Note"], ["1", "2", "", ""]],
    "header_missing": [["Contact ID", "Company"], ["1", "2"]],
    "header_foreign": [["Kontakt-Nr.", "Firma-Nr."], ["1", "2"]],
}
TWO_PAIRS: Table = [["Contact ID", "Company ID"], ["1", "2"], ["3", "4"]]


def csv_text(table: Table, delimiter: str = ",", end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(table)
    return text.getvalue()
