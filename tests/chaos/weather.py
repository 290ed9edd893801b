"""The faults of the chaos test: all except those that always stop a run."""

import random

from importer.sandbox import FAULTS, CallFault

STOPPING = {
    *("token_invalid", "token_expired", "scopes_missing", "scopes_missing_text", "daily_limit", "migrating"),
    *("account_inactive", "user_lost_permissions"),
}

TOO_FAST = {"too_fast", "too_fast_retry_after", "too_fast_second"}
"""Faults that pause the whole pool, so they are rare."""

_NOT_FOUND = {"http_404", "unknown_record"}
"""Faults of records that do not exist: they occur at every call about the same pair."""

UNREADABLE_RECORDS = [
    "http_500=read,pairs:0.01",
    "http_400=read,pairs:0.01",
    "oversized=read,pairs:0.005",
    "silent_read=read,pairs:0.01",
]
"""Single records that make every read of them fail, however small it is."""


INVENTING = {"labels_only"}
"""Faults whose reads list labels that do not exist: what is then read and restored cannot be correct."""

OPERATION_KINDS = ("label_put", "delete", "create", "archive", "labels_archive", "lookup", "read")
"""The kinds of calls of lookups, labels, removals and undos."""


def faults_of_operations(jitter: random.Random) -> list[str]:
    """Return faults of the calls of lookups, labels, removals and undos, each with a small probability."""
    known = [name for name in FAULTS if name not in STOPPING | _NOT_FOUND | INVENTING]
    jitter.shuffle(known)
    specs = [f"{name}={kind},{_share(name, kind)}" for name in known for kind in OPERATION_KINDS]
    return ["unknown_record=pairs:0.004", *specs]


def _share(name: str, kind: str) -> float:
    if name in TOO_FAST:
        return 0.0004 if kind == "label_put" else 0.01
    return 0.002 if kind in {"label_put", "delete"} or not isinstance(FAULTS[name], CallFault) else 0.01


def faults(jitter: random.Random) -> list[str]:
    """Return every fault with a small probability, in random order: the first one that applies to a call occurs."""
    known = [name for name in FAULTS if name not in STOPPING]
    jitter.shuffle(known)
    permanent = ["unknown_record=pairs:0.004", "http_404=put,pairs:0.004"]
    return permanent + [spec for name in known if name not in _NOT_FOUND for spec in _with_probability(name)]


def _with_probability(name: str) -> list[str]:
    if name in TOO_FAST:
        return [f"{name}=put,0.0004", f"{name}=batch,0.02", f"{name}=read,0.02"]
    if isinstance(FAULTS[name], CallFault):
        return [f"{name}=put,0.003", f"{name}=batch,0.012", f"{name}=read,0.012"]
    return [f"{name}=pairs:0.002", f"{name}=0.001"]
