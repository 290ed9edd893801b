"""From the text of a cell to record ids, never guessing: a text is exactly its digits, or refused with a reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from importer.model import ObjectType, Problem, RecordId
from importer.reader.columns.object_types import parse_object_type
from importer.reader.files.workbook.lossy import AS_TEXT, EXACT_DIGITS, LossyNumber
from importer.reader.messages import quoted

MAX_ID = "9223372036854775807"
"""The greatest record id: HubSpot's ids are signed 64-bit numbers."""

_are_short_ids = re.compile(rf"(?:[1-9][0-9]{{0,{EXACT_DIGITS - 1}}}+\n)*+").fullmatch
_is_number = re.compile(r"[1-9][0-9]*").fullmatch


@dataclass(frozen=True, slots=True)
class RecordUrl:
    """What the address of a HubSpot record page says."""

    portal: str
    object_type: ObjectType
    record_id: RecordId


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A kind of text that is no id; `sentence` is completed with the quoted text."""

    code: str
    looks_like: re.Pattern[str]
    sentence: str
    advice: str


_FROM_HUBSPOT = "Put the record's ID from HubSpot (the column 'Record ID' of an export) into this cell."


_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"


def _refusal(code: str, pattern: str, sentence: str, advice: str) -> _Refusal:
    return _Refusal(code, re.compile(pattern, re.ASCII | re.IGNORECASE | re.DOTALL), sentence, advice)


_REFUSALS = (
    # The first that fits explains; the last fits everything.
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
        "{} begins with a zero, which no HubSpot record id does.",
        f"This may be a number from another system. {_FROM_HUBSPOT}",
    ),
    _refusal(
        "NEGATIVE_ID",
        r"-\d[\d.,]*",
        "{} is negative, which a HubSpot record id never is.",
        f"Remove the sign if it was typed by mistake. {_FROM_HUBSPOT}",
    ),
    _refusal(
        "LOST_PRECISION",
        rf"\d{{{EXACT_DIGITS + 1},}}\.0+",
        "{} was kept as a number, which holds only 15 digits; the last ones may be wrong.",
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
        "{} is a decimal number; a HubSpot record id is a whole one.",
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
        "{} is an error of the spreadsheet, not a HubSpot record id.",
        "Repair the formula in this cell, or replace it with the id itself.",
    ),
    _refusal(
        "FORMULA",
        r"=.*",
        "{} is a formula without a saved result.",
        "Open the file in a spreadsheet program, replace the formula with its value and save.",
    ),
    _refusal(
        "NOT_A_RECORD_URL",
        r"(?:https?://|www\.|app[a-z0-9.-]*\.hubspot).*",
        "{} is not the address of a HubSpot record page.",
        "Open the record in HubSpot and copy its address, or put its ID here.",
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
        "{} is a UUID, an id of another system; HubSpot record ids are digits only.",
        _FROM_HUBSPOT,
    ),
    _refusal("NOT_AN_ID", r".*", "{} is not a HubSpot record id (digits only).", _FROM_HUBSPOT),
)

_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2212: 0x2D}
_LONGEST_EXPLAINED = 300
_integral = re.compile(rf"([1-9][0-9]{{0,{EXACT_DIGITS - 1}}})\.0+").fullmatch
_thousands = re.compile(r"[0-9]{1,3}\.0{3}").fullmatch
_text_formula = re.compile(r"""\s*[=＝]["＂]([^"＂]*)["＂]\s*""").fullmatch
_record_url = re.compile(
    r"(?:https?://)?app(?:-[a-z0-9]+)?\.hubspot\.com/contacts/(?P<portal>[0-9]+)/"
    r"(?:record/(?P<type_id>[0-9]{1,4}-[0-9]{1,18})|(?P<type_name>contact|company|deal|ticket))/(?P<id>[1-9][0-9]*)"
    r"(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
).fullmatch


def parse_id(text: str, column: str) -> RecordId | RecordUrl | Problem:
    """Return the id that one text is, what a record page's address says, or why it is neither.

    `column` is the header to name in the problem. Source: the accepted forms are those of the design, "never guess".
    """
    if isinstance(text, LossyNumber):
        return Problem(text.code, column, text.sentence.format(quoted(text)), text.advice)
    bare = text if _is_number(text) else _bare(text)
    if _is_number(bare):
        return RecordId(bare) if _is_in_range(bare) else _too_large(text, column)
    integral = _integral(bare)
    if integral and not _thousands(bare):
        return RecordId(integral[1])
    url = _record_url(bare)
    if url:
        return _read_url(url) if _is_in_range(url["id"]) else _too_large(url["id"], column)
    return _refuse(bare, text, column)


def are_short_ids(texts: Sequence[str]) -> bool:
    """Tell in one step whether all texts are the usual ids: bare digits, few enough to be exact in any kind of cell."""
    lines = "\n".join((*texts, ""))
    return lines.count("\n") == len(texts) and _are_short_ids(lines) is not None


def split_ids(text: str) -> list[str]:
    """Return the texts of a cell that are separated by `;`, without the blank ones; [] for a blank cell.

    The separators may stand inside `="1;2"` or between `="1";="2"`.
    """
    return [part for part in without_formula(text).replace("；", ";").split(";") if without_formula(part).strip()]


def without_formula(text: str) -> str:
    """Return the text that a cell `="123"` shows: exports write it so that no spreadsheet takes it for a number."""
    found = _text_formula(text)
    return found[1] if found else text


def missing_id(column: str) -> Problem:
    """Return the problem of a blank cell where an id is needed."""
    advice = f"{_FROM_HUBSPOT} If such rows have nothing to link, add --allow-blank."
    return Problem("MISSING_ID", column, "the cell is empty; a HubSpot record id is needed.", advice)


def _bare(text: str) -> str:
    """Return a text in ASCII as far as possible, without what programs put around an id."""
    shown = without_formula(_without_invisible(text.translate(_TO_ASCII)))
    return _without_invisible(shown).removeprefix("'")


def _without_invisible(text: str) -> str:
    return text.strip().strip("\u200b\u200e\u200f\u2060\ufeff").strip()


def _is_in_range(digits: str) -> bool:
    return (len(digits), digits) <= (len(MAX_ID), MAX_ID)


def _too_large(text: str, column: str) -> Problem:
    sentence = f"{quoted(text.strip())} is above {MAX_ID}, the greatest HubSpot record id."
    advice = f"Digits may have been added, or the separator between two ids lost. {_FROM_HUBSPOT}"
    return Problem("ID_TOO_LARGE", column, sentence, advice)


def _read_url(url: re.Match[str]) -> RecordUrl:
    object_type = parse_object_type(url["type_id"] or url["type_name"])
    assert object_type is not None, "the pattern admits types only"  # noqa: S101
    return RecordUrl(url["portal"], object_type, RecordId(url["id"]))


def _refuse(bare: str, text: str, column: str) -> Problem:
    if not bare:
        return missing_id(column)
    seen = bare[:_LONGEST_EXPLAINED] + "…" if len(bare) > _LONGEST_EXPLAINED else bare
    refusal = next(one for one in _REFUSALS if one.looks_like.fullmatch(seen))
    return Problem(refusal.code, column, refusal.sentence.format(quoted(text.strip())), refusal.advice)
