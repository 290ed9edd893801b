"""The details of a HubSpot account: its number, its type, and the time zone in which its day begins."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from importer.hubspot.parse import sanitize
from importer.hubspot.response import Reply, Response

_DOMAIN = re.compile(r"[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40})?\.hubspot\.com")
"""The hosts of HubSpot's own pages; a link to any other host could lead anywhere."""


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account as HubSpot describes it. Fields that the response does not contain are None or "".

    `time_zone` is a name of the IANA database, such as `Europe/Berlin`; `ui_domain` is the host of the account's pages,
    such as `app-eu1.hubspot.com`. Source: HubSpot, account information API.
    """

    portal_id: int | None = None
    account_type: str = ""
    time_zone: str = ""
    ui_domain: str = ""

    def __str__(self) -> str:
        """Return the text for people: `Account 1234567 (STANDARD, Europe/Berlin)`."""
        known = ", ".join(filter(None, (self.account_type, self.time_zone)))
        return f"Account {self.portal_id}" + (f" ({known})" if known else "")


def account_details(reply: Reply | None) -> AccountDetails:
    """Return the details in a response; they are empty if it is not a success."""
    if not isinstance(reply, Response) or not 200 <= reply.http_status < 300:
        return AccountDetails()
    content = reply.content
    return AccountDetails(
        _portal_id(content.get("portalId")),
        _name(content.get("accountType")),
        _name(content.get("timeZone")),
        _domain(content.get("uiDomain")),
    )


def reset_sentence(time_zone: str, now: datetime) -> str:
    """Return a sentence about when the daily limit resets; `now` must be aware. Source: HubSpot, usage guidelines."""
    if not time_zone:
        return "It resets at midnight in the account's time zone (HubSpot: Settings, Account defaults)."
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):  # unknown, or a machine without the database
        return f"It resets at midnight {time_zone}."
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    seconds = datetime.combine(tomorrow, time(), zone).timestamp() - now.timestamp()
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"It resets at midnight {time_zone}, in " + (f"{hours} h {minutes} min." if hours else f"{minutes} min.")


def _portal_id(value: object) -> int | None:
    text = str(value) if type(value) in {int, str} else ""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 else None


def _domain(value: object) -> str:
    return value if isinstance(value, str) and _DOMAIN.fullmatch(value) else ""


def _name(value: object) -> str:
    return sanitize(value).strip()[:60] if isinstance(value, str) else ""
