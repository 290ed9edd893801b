"""Which faults strike in the chaos test: the whole table, but for what by its nature stops a run."""

import random

from importer.sandbox import FAULTS, CallFault

STOPPING = {
    *("token_invalid", "token_expired", "scopes_missing", "scopes_missing_text", "daily_limit", "migrating"),
    *("account_inactive", "user_lost_permissions"),
}

TOO_FAST = {"too_fast", "too_fast_retry_after", "too_fast_second"}
"""These pause the whole pool, so a few are many."""

_NOT_FOUND = {"http_404", "unknown_record"}
"""A record that HubSpot does not know cannot be linked: a server that says so strikes the pair each time."""


UNREADABLE_RECORDS = [
    "http_500=read,pairs:0.01",
    "http_400=read,pairs:0.01",
    "oversized=read,pairs:0.005",
    "silent_read=read,pairs:0.01",
]
"""Single records that break every read about them, however small it is."""


def faults(jitter: random.Random) -> list[str]:
    """Every fault at small odds, in an order drawn by the jitter: of those that would strike a call the first does."""
    known = [name for name in FAULTS if name not in STOPPING]
    jitter.shuffle(known)
    lasting = ["unknown_record=pairs:0.004", "http_404=put,pairs:0.004"]
    return lasting + [spec for name in known if name not in _NOT_FOUND for spec in _odds(name)]


def _odds(name: str) -> list[str]:
    if name in TOO_FAST:
        return [f"{name}=put,0.0004", f"{name}=batch,0.02", f"{name}=read,0.02"]
    if isinstance(FAULTS[name], CallFault):
        return [f"{name}=put,0.003", f"{name}=batch,0.012", f"{name}=read,0.012"]
    return [f"{name}=pairs:0.002", f"{name}=0.001"]
