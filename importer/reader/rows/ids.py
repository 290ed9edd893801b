"""Parse record ids from the text of a cell; a text that is not certainly an id is refused with a reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from importer.model import LARGEST_ID, ObjectType, Problem, RecordId
from importer.reader.columns.object_types import parse_object_type
from importer.reader.files.workbook.lossy import AS_TEXT, EXACT_DIGITS, LossyNumber
from importer.reader.messages import quoted

MAX_ID = str(LARGEST_ID)
"""The largest record id, in digits."""

_SHORT_IDS = re.compile(rf"(?:[1-9][0-9]{{0,{EXACT_DIGITS - 1}}}+\n)*+")
_NUMBER = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class RecordUrl:
    """The parts of the URL of a HubSpot record page."""

    portal: str
    object_type: ObjectType
    record_id: RecordId


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A kind of text that is not an id; `{}` in `sentence` is replaced by the quoted text."""

    code: str
    looks_like: re.Pattern[str]
    sentence: str
    advice: str


_FROM_HUBSPOT = "Replace it with the record's id from HubSpot (the column 'Record ID' of an export)."


_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"


def _refusal(code: str, pattern: str, sentence: str, advice: str) -> _Refusal:
    return _Refusal(code, re.compile(pattern, re.ASCII | re.IGNORECASE | re.DOTALL), sentence, advice)


_REFUSALS = (
    # The first match applies; the last one matches every text.
    _refusal(
        "SCIENTIFIC_NOTATION",
        r"[+-]?\d+(?:[.,]\d*)?E[+-]?\d+",
        "{} is a number in scientific notation; digits of the id may be lost.",
        AS_TEXT,
    ),
    _refusal("ZERO_ID", r"[+-]?0+(?:[.,]0*)?", "{} is zero, which is never a HubSpot record id.", _FROM_HUBSPOT),
    _refusal(
        "LEADING_ZERO",
        r"0\d+(?:[.,]\d*)?",
        "{} starts with a zero; HubSpot record ids never do.",
        f"This may be a number from another system. {_FROM_HUBSPOT}",
    ),
    _refusal(
        "NEGATIVE_ID",
        r"-\d[\d.,]*",
        "{} is negative; HubSpot record ids never are.",
        f"Remove the sign if it was typed by mistake. {_FROM_HUBSPOT}",
    ),
    _refusal(
        "LOST_PRECISION",
        rf"\d{{{EXACT_DIGITS + 1},}}\.0+",
        "{} was stored as a number, which holds only 15 digits exactly; the last ones may be wrong.",
        AS_TEXT,
    ),
    _refusal(
        "DATE",
        r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?"
        rf"|\d{{4}}[-/年]\d{{1,2}}月?|\d{{1,2}}月\d{{1,2}}日|{_MONTH}-\d{{2,4}}|\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?"
        r"|\d+:\d{2}(?::\d{2}(?:\.\d+)?)?",
        "{} is a date or a time, not a HubSpot record id.",
        "The spreadsheet may have turned the id into a date. " + AS_TEXT,
    ),
    _refusal(
        "AMBIGUOUS_SEPARATOR",
        r"\d{1,3}(?:\.\d{3})+",
        "{} could be one number with a thousands separator or a decimal number.",
        "Write the id with digits only.",
    ),
    _refusal(
        "DECIMAL_NUMBER",
        r"[+-]?\d*\.\d+|[+-]?\d+\.",
        "{} is a decimal number; HubSpot record ids are whole numbers.",
        _FROM_HUBSPOT,
    ),
    _refusal(
        "AMBIGUOUS_SEPARATOR",
        r"\d+(?:[.,、・'’_/|\s\u00a0\u202f\u2009]+\d+)+",
        "{} could be one id or several.",
        "Write one id with digits only, or separate several ids with a semicolon (;).",
    ),
    _refusal("BOOLEAN", r"true|false", "{} is a yes/no value, not a HubSpot record id.", _FROM_HUBSPOT),
    _refusal(
        "ERROR_VALUE",
        r"#[A-Z][A-Z0-9_/]*[!?]?|#+|Err:\d+",
        "{} is a spreadsheet error, not a HubSpot record id.",
        "Fix the formula in this cell, or replace it with the id.",
    ),
    _refusal(
        "FORMULA",
        r"=.*",
        "{} is a formula without a saved result.",
        "Open the file in a spreadsheet program, replace the formula with its value, and save it.",
    ),
    _refusal(
        "NOT_A_RECORD_URL",
        r"(?:https?://|www\.|app[a-z0-9.-]*\.hubspot).*",
        "{} is not the URL of a HubSpot record page.",
        "Open the record in HubSpot and copy its URL, or enter its id.",
    ),
    _refusal(
        "EMAIL",
        r"[^@\s]+@[^@\s]+\.[^@\s]+",
        "{} is an email address, not a HubSpot record id (digits only).",
        _FROM_HUBSPOT,
    ),
    _refusal(
        "UUID",
        r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?",
        "{} is a UUID, an id from another system; HubSpot record ids consist of digits only.",
        _FROM_HUBSPOT,
    ),
    _refusal("NOT_AN_ID", r".*", "{} is not a HubSpot record id (digits only).", _FROM_HUBSPOT),
)

_DATA_CODES = frozenset({"SCIENTIFIC_NOTATION", "LOST_PRECISION", "EMAIL", "UUID", "NOT_A_RECORD_URL"})
"""Codes of the problems of texts that are neither ids nor names of columns."""

_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2212: 0x2D}
_MAX_EXPLAINED = 300
_INTEGRAL = re.compile(rf"([1-9][0-9]{{0,{EXACT_DIGITS - 1}}})\.0+")
_THOUSANDS = re.compile(r"[0-9]{1,3}\.0{3}")
_TEXT_FORMULA = re.compile(r"""\s*[=＝]["＂]([^"＂]*)["＂]\s*""")
_RECORD_URL = re.compile(
    r"(?:https?://)?app(?:-[a-z0-9]+)?\.hubspot\.com/contacts/(?P<portal>[0-9]+)/"
    r"(?:record/(?P<type_id>[0-9]{1,4}-[0-9]{1,18})|(?P<type_name>contact|company|deal|ticket))/(?P<id>[1-9][0-9]*)"
    r"(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)


def parse_id(text: str, column: str) -> RecordId | RecordUrl | Problem:
    """Return the id in a text, the parts of a record page's URL, or the problem if the text is neither.

    `column` is the column name for the problem. Only forms in which no digit can have been lost are accepted.
    """
    if isinstance(text, LossyNumber):
        return lossy_number(text, column)
    bare = text if _NUMBER.fullmatch(text) else _bare(text)
    if _NUMBER.fullmatch(bare):
        return RecordId(bare) if _is_in_range(bare) else _too_large(text, column)
    integral = _INTEGRAL.fullmatch(bare)
    if integral and not _THOUSANDS.fullmatch(bare):
        return RecordId(integral[1])
    url = _RECORD_URL.fullmatch(bare)
    if url:
        return _parse_url(url) if _is_in_range(url["id"]) else _too_large(url["id"], column)
    return _refuse(bare, text, column)


def are_short_ids(texts: Sequence[str]) -> bool:
    """Return whether all texts are plain ids: digits only, few enough to be exact in any kind of cell.

    A single regular expression match checks all of them, because this determines the speed of reading.
    """
    lines = "\n".join((*texts, ""))
    return lines.count("\n") == len(texts) and _SHORT_IDS.fullmatch(lines) is not None


def holds_ids(text: str) -> bool:
    """Return whether a header cell holds ids, or values that look like ids, rather than the name of a column."""
    return any(_is_not_a_name(part) for part in split_ids(text))


def split_ids(text: str) -> list[str]:
    """Return the non-blank parts of a cell, separated by `;`; [] for a blank cell.

    The separators may be inside `="1;2"` or between `="1";="2"`.
    """
    return [part for part in without_formula(text).replace("；", ";").split(";") if without_formula(part).strip()]


def without_formula(text: str) -> str:
    """Return the text displayed for `="123"`, which prevents conversion to a number; other text is unchanged."""
    found = _TEXT_FORMULA.fullmatch(text)
    return found[1] if found else text


def lossy_number(text: LossyNumber, column: str) -> Problem:
    """Return the problem for a number that may have lost digits."""
    return Problem(text.code, column, text.sentence.format(quoted(text)), text.advice)


def missing_id(column: str) -> Problem:
    """Return the problem for a blank cell in an id column."""
    advice = (
        "Enter the record's id from HubSpot (the column 'Record ID' of an export). "
        "If such rows have nothing to link, add --allow-blank."
    )
    return Problem("MISSING_ID", column, "the cell is empty; a HubSpot record id is required.", advice)


def _is_not_a_name(text: str) -> bool:
    found = parse_id(text, "")
    if not isinstance(found, Problem) or found.code in _DATA_CODES:
        return True
    has_digit = any(c.isdecimal() for c in text)
    return has_digit and not text.strip().startswith("#") and not any(c.isalpha() for c in text)


def _bare(text: str) -> str:
    """Return a text in ASCII as far as possible, without the characters that programs put around an id."""
    shown = without_formula(stripped(text.translate(_TO_ASCII)))
    return stripped(shown).removeprefix("'")


def stripped(text: str) -> str:
    """Return a text without blanks and invisible characters around it."""
    return text.strip().strip("\u200b\u200e\u200f\u2060\ufeff").strip()


def _is_in_range(digits: str) -> bool:
    return (len(digits), digits) <= (len(MAX_ID), MAX_ID)


def _too_large(text: str, column: str) -> Problem:
    sentence = f"{quoted(text.strip())} is above {MAX_ID}, the largest HubSpot record id."
    advice = f"Digits may have been added, or the separator between two ids may have been lost. {_FROM_HUBSPOT}"
    return Problem("ID_TOO_LARGE", column, sentence, advice)


def _parse_url(url: re.Match[str]) -> RecordUrl:
    object_type = parse_object_type(url["type_id"] or url["type_name"])
    assert object_type is not None, "the pattern matches object types only"  # noqa: S101
    return RecordUrl(url["portal"], object_type, RecordId(url["id"]))


def _refuse(bare: str, text: str, column: str) -> Problem:
    if not bare:
        return missing_id(column)
    seen = bare[:_MAX_EXPLAINED] + "…" if len(bare) > _MAX_EXPLAINED else bare
    refusal = next(one for one in _REFUSALS if one.looks_like.fullmatch(seen))
    return Problem(refusal.code, column, refusal.sentence.format(quoted(text.strip())), refusal.advice)
