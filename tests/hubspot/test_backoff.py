"""Backoff, Retry-After and the server's clock."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.backoff import MAX_RETRY_AFTER, backoff, parse_retry_after, server_time

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
SECONDS = st.floats(0.001, 86_400)


@given(st.integers(1, 10_000), SECONDS, SECONDS, st.floats(0, 1, exclude_max=True))
def test_a_backoff_stays_between_zero_and_its_cap(attempt: int, base: float, cap: float, jitter: float) -> None:
    waited = backoff(attempt, base, cap, jitter)
    assert 0 <= waited <= cap
    assert waited <= base * 2.0 ** min(attempt - 1, 63)


@given(st.integers(1, 100), SECONDS, SECONDS)
def test_a_backoff_doubles_until_its_cap(attempt: int, base: float, cap: float) -> None:
    first, second = (backoff(number, base, cap, 1.0) for number in (attempt, attempt + 1))
    assert second == pytest.approx(min(cap, 2 * first))


def test_jitter_is_full_even_at_the_cap() -> None:
    assert [backoff(50, 0.5, 30, jitter) for jitter in (0.0, 0.25, 0.5)] == [0, 7.5, 15]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("2.5", 2.5),
        ("86400", 86_400),
        ("999999999", MAX_RETRY_AFTER),
        ("1e400", MAX_RETRY_AFTER),
        ("Fri, 01 May 2026 12:00:30 GMT", 30),
        ("Fri, 01 May 2026 12:00:30 -0000", 30),
        ("Fri, 01 May 2026 14:00:30 +0200", 30),
        ("Friday, 01-May-26 12:00:30 GMT", 30),
        ("Fri, 01 May 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", MAX_RETRY_AFTER),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("1.2.3", None),
        ("5, 10", None),
        ("\u00b2", None),
        ("Fri, 99 May 2026 12:00:30 GMT", None),
        ("Fri, 01 May 99999999999999999999 12:00:30 GMT", None),
        ("Fri, 01 May 2026 12:00:30 +99999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@given(
    st.text(max_size=60) | st.from_regex(r"(Mon, )?\d+ (Jan|Feb) \d+ \d+:\d+(:\d+)?( [+-]?\d+| GMT)?", fullmatch=True)
)
def test_no_retry_after_raises_or_leaves_its_bounds(header: str) -> None:
    found = parse_retry_after(header, NOW)
    assert found is None or 0 <= found <= MAX_RETRY_AFTER


@given(st.integers(0, 86_400))
def test_a_date_means_the_seconds_until_it(seconds: int) -> None:
    assert parse_retry_after(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds


@pytest.mark.parametrize("off_by", [timedelta(hours=-3), timedelta(), timedelta(days=40)])
def test_a_date_is_compared_with_the_servers_clock_and_not_with_ours(off_by: timedelta) -> None:
    now = server_time(format_datetime(NOW + off_by, usegmt=True), NOW)
    assert parse_retry_after(format_datetime(NOW + off_by + timedelta(seconds=30), usegmt=True), now) == 30


@given(st.none() | st.text(max_size=60))
def test_without_a_valid_date_our_own_clock_is_used(header: str | None) -> None:
    found = server_time(header, NOW)
    assert found == NOW or found.tzinfo is not None


def test_a_missing_date_header_is_replaced_by_our_clock() -> None:
    assert server_time(None, NOW) is server_time("soon", NOW) is server_time("Fri, 99 May 2026", NOW) is NOW
