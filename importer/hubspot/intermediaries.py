"""Responses that are not HubSpot's: pages of firewalls, proxies and gateways, or of a server that base_url names."""

import json
import re

from importer.hubspot.response import Response

REDIRECT_ADVICE = "The server points elsewhere: check base_url; the importer follows no redirects."

_MOST_WORDS = 100
_OWN_FIELDS = frozenset({"category", "correlationId", "errorType", "policyName", "results", "numErrors", "subCategory"})

_EDGE = frozenset({408, 413, 414, 423, 425, 429, 477})
"""Statuses that have their meaning without a body; HubSpot's network edge sends them so, as it sends those from 500."""

_BLOCKED = frozenset({400, 401, 403, 406, 407, 451, 511})


def is_from_hubspot(response: Response) -> bool:
    """Whether the body is a JSON object with a field that HubSpot's have and those of gateways do not."""
    return isinstance(response.content.get("status"), str) or not response.content.keys().isdisjoint(_OWN_FIELDS)


def is_html(response: Response) -> bool:
    """Whether the body is a page instead of JSON, well or badly formed."""
    return not response.is_json and response.details.startswith('{"body":"<')


def is_from_intermediary(response: Response) -> bool:
    """Whether something else than HubSpot gave this response, which is not a success.

    A 401 without a body may be HubSpot's, one with a page is not.
    """
    if is_from_hubspot(response) or response.http_status >= 500 or response.http_status in _EDGE:
        return False
    return response.http_status != 401 or bool(response.details)


def page_text(response: Response) -> str:
    """The title of a page that came instead of JSON, or else its first words; "" when there was nothing."""
    page = "" if response.is_json or not response.details else json.loads(response.details)["body"]
    title = re.search(r"<title[^>]*>([^<]+)", page, re.IGNORECASE)
    words = title[1] if title else re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", page, flags=re.IGNORECASE)
    words = " ".join(words.split())
    return words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}…"


def intermediary_advice(response: Response) -> str:
    """What to do about a response that is not HubSpot's."""
    if 300 <= response.http_status < 400:
        return REDIRECT_ADVICE
    if response.http_status in _BLOCKED:
        return (
            "A firewall or proxy between this machine and HubSpot blocks the calls: let it allow them, "
            "then resume or retry the run."
        )
    return "This is not HubSpot: check base_url and any proxy on the way, then resume or retry the run."
