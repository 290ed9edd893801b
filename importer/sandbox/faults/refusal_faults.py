"""Call faults that refuse the whole call."""

from importer.sandbox import refusals, responses
from importer.sandbox.faults.conditions import Call
from importer.sandbox.faults.kinds import CallFault
from importer.sandbox.faults.transforms import html, instead, refusal, retry_on_date, status
from importer.sandbox.responses import Response

_LOST_PERMISSIONS = "The user who installed this app no longer has the permissions that it needs."


def _without_scope(call: Call, unfaulted: Response) -> Response:
    """Name the scope to write the records on the right, or to read the records of a call that looks them up."""
    return refusals.scopes_missing(f"{call.to_type}.write" if call.to_type else f"{call.from_type}.read")


ACCESS_FAULTS = {
    "token_invalid": CallFault("401 INVALID_AUTHENTICATION", False, instead(refusals.token_refused)),
    "token_expired": CallFault(
        "401 EXPIRED_AUTHENTICATION", False, instead(lambda: refusals.token_refused("EXPIRED_AUTHENTICATION"))
    ),
    "scopes_missing": CallFault("403 MISSING_SCOPES, naming the scope", False, _without_scope),
    "scopes_missing_text": CallFault(
        "403 MISSING_SCOPES, with the scopes printed as one string",
        False,
        lambda call, unfaulted: Response(
            403,
            responses.error(
                "MISSING_SCOPES", "Scopes are missing.", context=f"{{missingScopes=[crm.objects.{call.to_type}.write]}}"
            ),
        ),
    ),
    "account_inactive": CallFault(
        "403 ACCOUNT_INACTIVE, the account is deactivated",
        False,
        refusal(403, "ACCOUNT_INACTIVE", "This account has been deactivated"),
    ),
    "user_lost_permissions": CallFault(
        "403 USER_DOES_NOT_HAVE_PERMISSIONS, the app's creator lost rights",
        False,
        refusal(403, "USER_DOES_NOT_HAVE_PERMISSIONS", _LOST_PERMISSIONS),
    ),
}

LIMIT_FAULTS = {
    "too_fast": CallFault(
        "429 TEN_SECONDLY_ROLLING", False, instead(lambda: refusals.over_limit("TEN_SECONDLY_ROLLING"))
    ),
    "too_fast_retry_after": CallFault(
        "429 TEN_SECONDLY_ROLLING with Retry-After: 1",
        False,
        instead(lambda: refusals.over_limit("TEN_SECONDLY_ROLLING", {"Retry-After": "1"})),
    ),
    "too_fast_second": CallFault("429 SECONDLY", False, instead(lambda: refusals.over_limit("SECONDLY"))),
    "daily_limit": CallFault("429 DAILY", False, instead(lambda: refusals.over_limit("DAILY"))),
}

UNAVAILABLE_FAULTS = {
    "migrating": CallFault(
        "477, the account is being migrated, Retry-After: 3600", False, status(477, {"Retry-After": "3600"})
    ),
    "locked": CallFault("423, locked for 2 seconds", False, status(423)),
    "retry_after": CallFault("503 with Retry-After: 1", False, status(503, {"Retry-After": "1"})),
    "retry_after_date": CallFault("503 with Retry-After as a date 2 seconds ahead", False, retry_on_date),
    "retry_after_nonsense": CallFault(
        "503 with a Retry-After that is not a time", False, status(503, {"Retry-After": "soon"})
    ),
    "lost_504": CallFault("carried out, but the response is 504", True, status(504)),
    **{
        f"http_{code}": CallFault(f"{code} with HubSpot's error body", False, status(code))
        for code in (400, 404, 408, 409, 414, 500, 502, 503, 504)
    },
    **{
        f"html_{code}": CallFault(
            f"{code} with an HTML page, such as a firewall, gateway or edge server sends", False, html(code, title)
        )
        for code, title in {
            401: "Sign in to the network",
            403: "Attention Required! | Firewall",
            404: "HTTP ERROR 404",
            413: "413 Request Entity Too Large",
            502: "Bad gateway",
            521: "Web server is down",
            522: "Connection timed out",
            523: "Origin is unreachable",
            524: "A timeout occurred",
            525: "SSL handshake failed",
            526: "Invalid SSL certificate",
        }.items()
    },
}
