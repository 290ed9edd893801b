"""Parse values of a property by which records are looked up, such as email addresses, from the text of a cell."""

import re

from importer.model import Problem
from importer.reader.files.workbook.lossy import LossyNumber
from importer.reader.messages import quoted
from importer.reader.rows.ids import lossy_number, stripped, without_formula

_EMAIL, _DOMAIN = "email", "domain"
_FORMS = {
    _EMAIL: (
        re.compile(r"[^@\s,<>()]+@[^@\s,<>()]+"),
        "INVALID_EMAIL",
        "{} is not an email address.",
        "Enter the address only, such as ada@example.com.",
    ),
    _DOMAIN: (
        re.compile(r"[^@\s,/:<>()]+"),
        "INVALID_DOMAIN",
        "{} is not a domain.",
        "Enter the domain only, such as example.com, without https:// and without a path.",
    ),
}
"""The form of the values of a property: pattern, problem code, message and advice."""

_ESCAPED_FORMULA = re.compile("'[=+\\-@＝＋－＠]")
"""The beginning of a cell that an export marked as text because a spreadsheet program would take it for a formula."""


def split_values(text: str, name: str) -> list[str]:
    """Return the values in a cell without blank ones: several email addresses or domains, else at most one value."""
    shown = without_formula(text)
    parts = shown.replace("；", ";").split(";") if name in _FORMS else [shown]
    return [part for part in parts if stripped(part)]


def parse_value(text: str, column: str, name: str) -> str | Problem:
    """Return the value of the property `name` in a text, or the problem; `column` is the column name for the problem.

    Email addresses and domains are returned in lower case.
    """
    if isinstance(text, LossyNumber):
        return lossy_number(text, column)
    value = stripped(text)
    value = value[1:] if _ESCAPED_FORMULA.match(value) else value
    if name not in _FORMS:
        return value
    pattern, code, sentence, advice = _FORMS[name]
    if pattern.fullmatch(value):
        return value.lower()
    return Problem(code, column, sentence.format(quoted(value)), advice)


def missing_value(column: str, name: str) -> Problem:
    """Return the problem for a blank cell in a column of values."""
    advice = f"Enter the record's {name}. If such rows have nothing to link, add --allow-blank."
    return Problem("MISSING_ID", column, f"the cell is empty; a value of the property '{name}' is required.", advice)
