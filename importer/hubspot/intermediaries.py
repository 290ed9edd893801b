"""Responses from servers other than HubSpot: firewalls, proxies, gateways, or whatever `base_url` points to."""

import json
import re

from importer.hubspot.response import Response

REDIRECT_ADVICE = "The server redirects to another address: check base_url; the importer does not follow redirects."

_MAX_TEXT = 100
_HUBSPOT_FIELDS = frozenset(
    {"category", "correlationId", "errorType", "policyName", "results", "numErrors", "subCategory"}
)

_MEANINGFUL_WITHOUT_BODY = frozenset({408, 413, 414, 423, 425, 429, 477})
"""Statuses that HubSpot's network edge sends without a JSON body, as it does those of 500 and above."""

_BLOCKED_STATUSES = frozenset({400, 401, 403, 406, 407, 451, 511})


def is_from_hubspot(response: Response) -> bool:
    """Return whether the body is a JSON object with a field that HubSpot uses and gateways do not."""
    return isinstance(response.content.get("status"), str) or not response.content.keys().isdisjoint(_HUBSPOT_FIELDS)


def is_html(response: Response) -> bool:
    """Return whether the body is HTML."""
    return not response.is_json and response.details.startswith('{"body":"<')


def is_from_intermediary(response: Response) -> bool:
    """Return whether an unsuccessful response came from a server other than HubSpot.

    A 401 without a body may come from HubSpot; one with an HTML body does not.
    """
    if is_from_hubspot(response) or response.http_status >= 500 or response.http_status in _MEANINGFUL_WITHOUT_BODY:
        return False
    return response.http_status != 401 or bool(response.details)


def page_text(response: Response) -> str:
    """Return the title of an HTML page, or else its first words; "" for JSON or an empty body."""
    page = "" if response.is_json or not response.details else json.loads(response.details)["body"]
    title = re.search(r"<title[^>]*>([^<]+)", page, re.IGNORECASE)
    words = title[1] if title else re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", page, flags=re.IGNORECASE)
    words = " ".join(words.split())
    return words if len(words) <= _MAX_TEXT else f"{words[:_MAX_TEXT]}…"


def intermediary_advice(response: Response) -> str:
    """Return the advice about a response from another server."""
    if 300 <= response.http_status < 400:
        return REDIRECT_ADVICE
    if response.http_status in _BLOCKED_STATUSES:
        return (
            "A firewall or proxy between this machine and HubSpot blocks the calls: have it allow them, "
            "then resume or retry the run."
        )
    return "This is not HubSpot: check base_url and any proxy in between, then resume or retry the run."
