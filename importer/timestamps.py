"""The text forms of times, durations and sizes that files, messages and JSON share."""

from datetime import UTC, datetime
from typing import Literal

Precision = Literal["seconds", "milliseconds"]


def utc_now_text(precision: Precision = "seconds") -> str:
    """Return the current time as ISO 8601 in UTC: `2026-11-23T19:45:33Z`."""
    return utc_text(datetime.now(UTC).timestamp(), precision)


def utc_text(timestamp: float, precision: Precision = "seconds") -> str:
    """Return a POSIX timestamp as ISO 8601 in UTC: `2026-11-23T19:45:33Z`."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def duration_text(seconds: float) -> str:
    """Return a time span for people: `4.2 s`, `20 s`, `12 min 5 s`, `3 h 20 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size_text(number: int) -> str:
    """Return a number of bytes for people: `0 kB`, `312 kB`, `4.7 MB`, `1.2 GB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{-(-number // 1000)} kB"
