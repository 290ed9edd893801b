"""The details of an account, and when its day ends."""

from datetime import UTC, datetime

import pytest

from importer.hubspot.account_details import AccountDetails, account_details, reset_sentence
from importer.hubspot.response import NoResponse
from tests.support.responses import parsed

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def test_details_are_read_and_shown() -> None:
    body = {"portalId": 1234567, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "uiDomain": "app.hubspot.com"}
    found = account_details(parsed(200, body))
    assert found == AccountDetails(1234567, "STANDARD", "Europe/Berlin", "app.hubspot.com")
    assert str(found) == "Account 1234567 (STANDARD, Europe/Berlin)"


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("app-eu1.hubspot.com", "app-eu1.hubspot.com"),
        ("evil.example", ""),
        ("app.hubspot.com.evil.example", ""),
        ("app.hubspot.com/x", ""),
        (None, ""),
    ],
)
def test_only_a_host_of_hubspot_is_the_domain_of_its_pages(domain: object, expected: str) -> None:
    assert account_details(parsed(200, {"portalId": 7, "uiDomain": domain})).ui_domain == expected


@pytest.mark.parametrize("portal", [None, "", "x", -1, 1.5, True, [1], "1" * 40, "١٢"])
def test_anything_but_a_number_is_not_a_portal_id(portal: object) -> None:
    assert account_details(parsed(200, {"portalId": portal})).portal_id is None


def test_details_without_type_and_time_zone_are_shown_without_them() -> None:
    found = account_details(parsed(200, {"portalId": "7", "accountType": None, "timeZone": 5}))
    assert str(found) == "Account 7"


@pytest.mark.parametrize("reply", [None, NoResponse("", reached=False), parsed(403, {"portalId": 7}), parsed(200, b"")])
def test_other_responses_have_no_details(reply: object) -> None:
    assert account_details(reply) == AccountDetails()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "now", "left"),
    [
        ("Europe/Berlin", NOON, ", in 11 h 0 min."),
        ("Europe/Berlin", datetime(2026, 11, 26, 17, 48, tzinfo=UTC), ", in 5 h 12 min."),
        ("US/Eastern", datetime(2026, 11, 27, 4, 59, 59, tzinfo=UTC), ", in 1 min."),
        # the clock is set back on this day: at its midnight, at its first 2:30 and at its second one
        ("Europe/Berlin", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), ", in 25 h 0 min."),
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), ", in 22 h 30 min."),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), ", in 21 h 30 min."),
        # the clock is set forward on this day
        ("US/Eastern", datetime(2026, 3, 8, 5, 0, tzinfo=UTC), ", in 23 h 0 min."),
        # no midnight: the clock is set forward from 0:00 to 1:00; two of them: it is set back from 1:00 to 0:00
        ("America/Santiago", datetime(2026, 9, 5, 16, 0, tzinfo=UTC), ", in 12 h 0 min."),
        ("America/Havana", datetime(2026, 10, 31, 16, 0, tzinfo=UTC), ", in 12 h 0 min."),
        ("Mars/Olympus", NOON, "."),
        ("../etc/passwd", NOON, "."),
    ],
)
def test_the_reset_of_the_daily_limit_is_given_in_the_accounts_time_zone(zone: str, now: datetime, left: str) -> None:
    assert reset_sentence(zone, now) == f"It resets at midnight {zone}{left}"


def test_without_a_time_zone_the_reset_is_described() -> None:
    assert "account's time zone" in reset_sentence("", NOON)
