"""Typed cells of a workbook or a data frame as text: what a person sees, without losing what makes an id unsure."""

import re
from datetime import date, datetime, time, timedelta
from math import isfinite, isnan
from numbers import Integral, Real

from importer.reader.ids import EXACT_DIGITS, LossyNumber

_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet date has no zone
_FALSE_LEAP_DAY = 60  # Excel counts a 29 February 1900


def number_text(raw: str) -> str:
    """Return the text of a number as a workbook stores it: `123` for `123.0`; a `LossyNumber` beyond 15 digits."""
    if raw.isascii() and raw.isdecimal() and raw[0] != "0":
        return raw if len(raw) <= EXACT_DIGITS else LossyNumber(raw)
    try:
        value = float(raw)
    except ValueError:
        return raw
    return float_text(value) if isfinite(value) else raw


def float_text(value: float) -> str:
    """Return the text of a finite number: a whole one without a fraction, a `LossyNumber` beyond 15 digits."""
    if not value.is_integer():
        return repr(value)
    digits = str(int(value))
    return digits if abs(value) < 10**EXACT_DIGITS else LossyNumber(digits)


def is_date_format(format_id: int, code: str | None) -> bool:
    """Tell whether a number format shows a date or a time. Source: ECMA-376, part 1, 18.8.30 numFmt."""
    if code is None:
        return format_id in _BUILT_IN_DATES
    return bool(re.search(r"[ymdhs]", _NOT_SHOWN.sub("", code.split(";")[0]), re.IGNORECASE))


def date_text(raw: str, *, from_1904: bool) -> str:
    """Return the ISO text of a date stored as a count of days; the number itself when no date has that count."""
    try:
        days = float(raw)
        if days < 0:
            return number_text(raw)
        epoch = _EPOCH_1904 if from_1904 else _EPOCH
        if not from_1904 and days < _FALSE_LEAP_DAY:
            epoch += timedelta(days=1)
        # Milliseconds: a finer part is noise of the stored fraction.
        moment = epoch + timedelta(milliseconds=round(days * 86_400_000))
    except (ValueError, OverflowError):
        return number_text(raw)
    return moment_text(moment.time() if days < 1 else moment)


def moment_text(value: date | time | timedelta) -> str:
    """Return the ISO text of a date, a time or both; midnight is a date alone."""
    if isinstance(value, datetime):
        if value.time() == time() and value.tzinfo is None:
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    return str(value) if isinstance(value, timedelta) else value.isoformat()


def typed_text(value: object) -> str:
    """Return the text of a typed cell of a workbook or a data frame; "" for a missing one.

    Whole numbers are exact, of any length; floats are those of a spreadsheet, exact up to 15 digits.
    """
    if isinstance(value, str):
        return value
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool":  # the second is numpy's
        return "TRUE" if value else "FALSE"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return float_text(number) if isfinite(number) else "" if isnan(number) else str(number)
    return moment_text(value) if isinstance(value, date | time | timedelta) else str(value)
