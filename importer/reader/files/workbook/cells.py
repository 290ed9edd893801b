"""Typed cells of a workbook or a data frame as text: what a person sees, without losing what makes an id unsure."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto
from math import isfinite, isnan
from numbers import Integral, Real

from importer.reader.files.workbook.lossy import EXACT_DIGITS, LossyHalf, LossyNumber, LossySingle, UncertainValue

_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_number = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?").fullmatch
_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)))
_BUILT_IN_DURATION = 46
FIRST_OWN_FORMAT = 164
"""Number formats below are built in. Source: ECMA-376, part 1, 18.8.30 numFmt."""
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet date has no zone
_period = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?", re.ASCII).fullmatch
_time_mark = re.compile(r"(?<=[0-9])T(?=[0-9])")
_FALSE_LEAP_DAY = 60  # Excel counts a 29 February 1900
_LONGEST_DECIMAL = 100
_PANDAS_TIMES = frozenset({"datetime64", "timedelta64", "Period"})
"""Types of numpy and pandas that are no date of Python's; to Python, one of them is a whole number."""

_EXACT_BELOW: dict[int, tuple[int, type[LossyNumber]]] = {
    # Bits of a float: its whole numbers below this are exact and no others round to them. Source: IEEE 754.
    64: (10**EXACT_DIGITS, LossyNumber),
    32: (2**24, LossySingle),
    16: (2**11, LossyHalf),
}


def number_text(raw: str) -> str:
    """Return the text of a number as a workbook stores it: `123` for `123.0`; a `LossyNumber` beyond 15 digits.

    What is no number, or would be another one as a float, stays as it is written.
    """
    if raw.isascii() and raw.isdecimal() and raw[0] != "0":
        return raw if len(raw) <= EXACT_DIGITS else _lossy(f"{raw[0]}.{raw[1:]}", len(raw) - 1)
    if not _number(raw):
        return raw
    value, exact = float(raw), Decimal(raw)
    if not isfinite(value) or (value.is_integer() and value != exact and abs(value) < 10**EXACT_DIGITS):
        return raw
    return float_text(value)


def float_text(value: float, bits: int = 64) -> str:
    """Return the text of a finite number: a whole one without a fraction, a `LossyNumber` beyond the exact digits.

    Those are 15 for a number that was stored in 64 `bits`, fewer for one of 32 or 16.
    """
    if not value.is_integer():
        return repr(value)
    exact_below, kind = _EXACT_BELOW[bits]
    if abs(value) < exact_below:
        return str(int(value))
    return kind(_scientific(repr(value)))


def uncertain_text(raw: str, kind: type[UncertainValue] = UncertainValue) -> str:
    """Return the text of a value whose kind is not known: never an id, even if it is a number and shown as one."""
    text = number_text(raw)
    is_whole = text.removeprefix("-").isdecimal()
    return kind(_scientific(text) if is_whole else text)


def _lossy(mantissa: str, exponent: int) -> LossyNumber:
    """Return the number in scientific notation: as plain digits it would be taken for an id when it is fed back."""
    shortest = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return LossyNumber(f"{shortest}E+{exponent}")


def _scientific(number: str) -> str:
    mantissa, exponent = f"{Decimal(number):E}".split("E")
    return _lossy(mantissa, int(exponent))


class NumberFormatKind(Enum):
    """What a number format shows a number as."""

    NUMBER = auto()
    DATETIME = auto()
    DURATION = auto()


def classify_number_format(format_id: int, code: str | None) -> NumberFormatKind:
    """Return what a number format shows. Source: ECMA-376, part 1, 18.8.30 numFmt (built-in ids and codes)."""
    if code is None:
        if format_id == _BUILT_IN_DURATION:
            return NumberFormatKind.DURATION
        return NumberFormatKind.DATETIME if format_id in _BUILT_IN_DATES else NumberFormatKind.NUMBER
    first = _NOT_SHOWN.sub("", code.split(";")[0]).lower()
    if re.search(r"\[[hms]", first):
        return NumberFormatKind.DURATION
    return NumberFormatKind.DATETIME if re.search(r"[ymdhs]", first) else NumberFormatKind.NUMBER


def date_text(raw: str, *, from_1904: bool) -> str:
    """Return the ISO text of a date stored as a count of days; the number itself when no date has that count."""
    try:
        days = float(raw)
        if days < 0:
            return number_text(raw)
        epoch = _EPOCH_1904 if from_1904 else _EPOCH
        if not from_1904 and days < _FALSE_LEAP_DAY:
            epoch += timedelta(days=1)
        moment = epoch + _duration(days)
    except (ValueError, OverflowError):
        return number_text(raw)
    return moment_text(moment.time() if days < 1 else moment)


def duration_text(raw: str) -> str:
    """Return `36:30:00` for a duration stored as a count of days; the number itself when it is none."""
    try:
        length = _duration(float(raw))
    except (ValueError, OverflowError):
        return number_text(raw)
    return moment_text(length) if length >= timedelta(0) else number_text(raw)


def iso_text(raw: str) -> str:
    """Return an ISO date as `date_text` does, with or without a time; the text itself when it is none."""
    try:
        moment = datetime.fromisoformat(raw)
        if moment.tzinfo is not None:  # as it is, rather than in another notation
            return raw
        return moment_text(moment.replace(microsecond=0) + timedelta(milliseconds=round(moment.microsecond / 1000)))
    except (ValueError, OverflowError):
        return _time_mark.sub(" ", raw)


def iso_duration_text(raw: str) -> str:
    """Return the time that `PT36H30M00S` writes, as `36:30:00`; the text itself when it is none.

    Source: XML Schema, part 2, duration.
    """
    found = _period(raw)
    if found is None:
        return raw
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return raw
    return moment_text(length) if length >= timedelta(days=1) else moment_text((_EPOCH + length).time())


def _duration(days: float) -> timedelta:
    return timedelta(milliseconds=round(days * 86_400_000))  # a finer part is noise of the stored fraction


def moment_text(value: date | time | timedelta) -> str:
    """Return the ISO text of a date, a time or both (midnight is a date alone), `36:30:00` for a duration."""
    if isinstance(value, timedelta):
        seconds = value // timedelta(seconds=1)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, datetime):
        if value.time() == time() and value.tzinfo is None:
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    return value.isoformat()


def typed_text(value: object, bits: int = 64) -> str:
    """Return the text of a typed cell of a workbook or a data frame; "" for a missing one.

    Whole numbers are exact, of any length; floats up to the digits that their type holds. `bits` is the size of the
    floats where they came from, if it is less than their own.
    """
    if isinstance(value, str):
        return value
    if type(value) is int:  # the usual ids, without the questions below
        return str(value)
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool":  # the second is numpy's
        return "TRUE" if value else "FALSE"
    if type(value).__name__ in _PANDAS_TIMES:
        return _time_text(str(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, Real):
        number = float(value)
        bits = min(8 * getattr(value, "itemsize", 8), bits)  # numpy's floats know their size
        return float_text(number, min(bits, 64)) if isfinite(number) else "" if isnan(number) else str(number)
    return moment_text(value) if isinstance(value, date | time | timedelta) else str(value)


def _time_text(text: str) -> str:
    """Return the text of a date or a duration of numpy or pandas: never that of an id, as a year's own is."""
    return "" if text == "NaT" else f"{text} (year)" if text.isdecimal() else text


def _decimal_text(value: Decimal) -> str:
    """Return the text of a decimal number; one with a positive exponent keeps it: the digits behind are not known."""
    if value.is_nan():
        return ""
    digits, exponent = value.adjusted(), value.as_tuple().exponent
    is_written_out = isinstance(exponent, int) and exponent <= 0 and digits < _LONGEST_DECIMAL
    return str(int(value)) if is_written_out and value == value.to_integral_value() else str(value)
