"""Text of typed cells of workbooks and data frames: the displayed text, marked where it may not be the exact value."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto
from math import isfinite, isnan
from numbers import Integral, Real

from importer.reader.files.workbook.lossy import EXACT_DIGITS, LossyHalf, LossyNumber, LossySingle, UncertainValue

_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)))
_BUILT_IN_DURATION = 46
FIRST_CUSTOM_FORMAT = 164
"""Number formats with lower ids are built in. Source: ECMA-376, part 1, 18.8.30 numFmt."""

_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - spreadsheet dates have no time zone
_ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?", re.ASCII)
_TIME_SEPARATOR = re.compile(r"(?<=[0-9])T(?=[0-9])")
_FALSE_LEAP_DAY = 60  # Excel has a 29 February 1900
_MAX_DECIMAL_DIGITS = 100
_PANDAS_TIMES = frozenset({"datetime64", "timedelta64", "Period"})
"""Types of numpy and pandas that are not Python dates; one of them is registered as an integer."""

_EXACT_BELOW: dict[int, tuple[int, type[LossyNumber]]] = {
    # Size of a float in bits: integers below the limit are exact and no others round to them. Source: IEEE 754.
    64: (10**EXACT_DIGITS, LossyNumber),
    32: (2**24, LossySingle),
    16: (2**11, LossyHalf),
}


def number_text(raw: str) -> str:
    """Return the text of a stored number: `123` for `123.0`, a `LossyNumber` beyond 15 digits.

    Text that is not a number, or whose value a float cannot represent, is returned unchanged.
    """
    if raw.isascii() and raw.isdecimal() and raw[0] != "0":
        return raw if len(raw) <= EXACT_DIGITS else _lossy(f"{raw[0]}.{raw[1:]}", len(raw) - 1)
    if not _NUMBER.fullmatch(raw):
        return raw
    value, exact = float(raw), Decimal(raw)
    if not isfinite(value) or (value.is_integer() and value != exact and abs(value) < 10**EXACT_DIGITS):
        return raw
    return float_text(value)


def float_text(value: float, bits: int = 64) -> str:
    """Return the text of a finite number: integers without a fraction, a `LossyNumber` beyond the exact digits.

    `bits` is the size of the float as it was stored: 64 bits hold 15 digits exactly, 32 and 16 fewer.
    """
    if not value.is_integer():
        return repr(value)
    exact_below, kind = _EXACT_BELOW[bits]
    if abs(value) < exact_below:
        return str(int(value))
    return kind(_scientific(repr(value)))


def uncertain_text(raw: str, kind: type[UncertainValue] = UncertainValue) -> str:
    """Return the text of a value of unknown type, which is never accepted as an id."""
    text = number_text(raw)
    is_whole = text.removeprefix("-").isdecimal()
    return kind(_scientific(text) if is_whole else text)


def _lossy(mantissa: str, exponent: int) -> LossyNumber:
    """Return the number in scientific notation: as plain digits it would be an id when read back from results."""
    shortest = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return LossyNumber(f"{shortest}E+{exponent}")


def _scientific(number: str) -> str:
    mantissa, exponent = f"{Decimal(number):E}".split("E")
    return _lossy(mantissa, int(exponent))


class NumberFormatKind(Enum):
    """The kind of value that a number format displays."""

    NUMBER = auto()
    DATETIME = auto()
    DURATION = auto()


def classify_number_format(format_id: int, code: str | None) -> NumberFormatKind:
    """Return the kind of a number format by its id, or its code if it has one.

    Source: ECMA-376, part 1, 18.8.30 numFmt (built-in ids and codes).
    """
    if code is None:
        if format_id == _BUILT_IN_DURATION:
            return NumberFormatKind.DURATION
        return NumberFormatKind.DATETIME if format_id in _BUILT_IN_DATES else NumberFormatKind.NUMBER
    first = _LITERALS.sub("", code.split(";")[0]).lower()
    if re.search(r"\[[hms]", first):
        return NumberFormatKind.DURATION
    return NumberFormatKind.DATETIME if re.search(r"[ymdhs]", first) else NumberFormatKind.NUMBER


def date_text(raw: str, *, from_1904: bool) -> str:
    """Return the ISO text of a date stored as a number of days, or the number if it is out of range."""
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
    """Return `36:30:00` for a duration stored as a number of days, or the number if it is negative or out of range."""
    try:
        length = _duration(float(raw))
    except (ValueError, OverflowError):
        return number_text(raw)
    return moment_text(length) if length >= timedelta(0) else number_text(raw)


def iso_text(raw: str) -> str:
    """Return an ISO date, with or without a time, in the form of `date_text`; other text with its `T` replaced."""
    try:
        moment = datetime.fromisoformat(raw)
        if moment.tzinfo is not None:  # unchanged, not in another notation
            return raw
        return moment_text(moment.replace(microsecond=0) + timedelta(milliseconds=round(moment.microsecond / 1000)))
    except (ValueError, OverflowError):
        return _TIME_SEPARATOR.sub(" ", raw)


def iso_duration_text(raw: str) -> str:
    """Return `36:30:00` for the ISO duration `PT36H30M00S`, or the text itself if it is not a duration.

    Source: XML Schema, part 2, duration.
    """
    found = _ISO_DURATION.fullmatch(raw)
    if found is None:
        return raw
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return raw
    return moment_text(length) if length >= timedelta(days=1) else moment_text((_EPOCH + length).time())


def _duration(days: float) -> timedelta:
    return timedelta(milliseconds=round(days * 86_400_000))  # smaller parts are rounding noise of the stored fraction


def moment_text(value: date | time | timedelta) -> str:
    """Return the ISO text of a date, a time or both (only the date at midnight), or `36:30:00` for a duration."""
    if isinstance(value, timedelta):
        seconds = value // timedelta(seconds=1)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, datetime):
        if value.time() == time() and value.tzinfo is None:
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    return value.isoformat()


def typed_text(value: object, bits: int = 64) -> str:
    """Return the text of a typed cell, "" for a missing value.

    Integers of any length are exact, floats up to the number of digits that their type holds. `bits` is the size of a
    float as it was stored, if smaller than its own.
    """
    if isinstance(value, str):
        return value
    if type(value) is int:  # fast path for the usual ids
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
    """Return the text of a numpy or pandas date or duration, changed where it would look like an id (`2024`)."""
    return "" if text == "NaT" else f"{text} (year)" if text.isdecimal() else text


def _decimal_text(value: Decimal) -> str:
    """Return the text of a decimal number; a positive exponent is kept: the digits that it hides are unknown."""
    if value.is_nan():
        return ""
    digits, exponent = value.adjusted(), value.as_tuple().exponent
    is_written_out = isinstance(exponent, int) and exponent <= 0 and digits < _MAX_DECIMAL_DIGITS
    return str(int(value)) if is_written_out and value == value.to_integral_value() else str(value)
