"""Cells with values of a property: what is looked up, and what is refused beforehand."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.model import Problem
from importer.reader import open_source
from importer.reader.rows.values import parse_value, split_values
from tests.support.blocks import rows_of

READING = Reading("contacts", "companies", from_by="email", to_by="domain")


def parsed(text: str, name: str) -> list[str]:
    found = (parse_value(part, "Email", name) for part in split_values(text, name))
    return [one.code if isinstance(one, Problem) else one for one in found]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (" Ada@Example.COM ", "email", ["ada@example.com"]),
        ("a@x.com; b@x.com;", "email", ["a@x.com", "b@x.com"]),
        ('="a@x.com"', "email", ["a@x.com"]),
        ("\ufeffa@x.com\u200b", "email", ["a@x.com"]),
        ("ada", "email", ["INVALID_EMAIL"]),
        ("a@b@c", "email", ["INVALID_EMAIL"]),
        ("Ada <a@x.com>", "email", ["INVALID_EMAIL"]),
        ("a@x.com, b@x.com", "email", ["INVALID_EMAIL"]),
        ("Acme.com", "domain", ["acme.com"]),
        ("https://acme.com", "domain", ["INVALID_DOMAIN"]),
        ("ada@acme.com", "domain", ["INVALID_DOMAIN"]),
        (" C;7 ", "customer_number", ["C;7"]),
        ("007", "customer_number", ["007"]),
        ("'+49 30 1", "phone", ["+49 30 1"]),
        ("'+a@x.com", "email", ["+a@x.com"]),
        ("'t Goede", "lastname", ["'t Goede"]),
        ("  ", "email", []),
        (" ; ", "domain", []),
    ],
)
def test_values_of_a_cell(text: str, name: str, expected: list[str]) -> None:
    assert parsed(text, name) == expected


def read(folder: Path, text: str, reading: Reading = READING) -> list[object]:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    with open_source(path, reading) as source:
        rows = rows_of(source.blocks())
    return [
        [problem.code for problem in row.problems] or [(pair.from_id, pair.to_id) for pair in row.pairs] for row in rows
    ]


def test_rows_yield_pairs_of_values_until_they_are_looked_up(tmp_path: Path) -> None:
    text = "Email,Company domain\nA@x.com;b@x.com,ACME.com\n,acme.com\nada,acme.com\n"
    assert read(tmp_path, text) == [
        [("a@x.com", "acme.com"), ("b@x.com", "acme.com")],
        ["MISSING_ID"],
        ["INVALID_EMAIL"],
    ]


def test_blank_cells_are_allowed_on_request(tmp_path: Path) -> None:
    reading = Reading("contacts", "companies", from_by="email", to_by="domain", allow_blank=True)
    assert read(tmp_path, "Email,Company domain\n,acme.com\n", reading) == [[]]


def test_an_equal_id_and_value_are_not_the_same_record(tmp_path: Path) -> None:
    reading = Reading("contacts", "contacts", to_by="customer_number")
    assert read(tmp_path, "Contact ID,Customer number\n7,7\n", reading) == [[("7", "7")]]
    reading = Reading("contacts", "contacts", from_by="email", to_by="email")
    assert read(tmp_path, "from email,to email\na@x.com,A@x.com\n", reading) == [["SELF_ASSOCIATION"]]
