"""The kinds of calls that the sandbox counts, limits and lets faults strike."""

from enum import StrEnum


class CallKind(StrEnum):
    """A kind of call."""

    PUT = "put"
    BATCH = "batch"
    READ = "read"
    ACCOUNT = "account"
    OTHER = "other"


SINGLE_KINDS = frozenset({CallKind.PUT})
"""Calls about one pair, named in their path."""

UNNUMBERED_KINDS = frozenset({CallKind.ACCOUNT})
"""Calls that every client makes once in passing: they do not count as calls of a run."""

SPECIFIC_KINDS = frozenset({CallKind.ACCOUNT})
"""Calls that only faults whose SPEC names their kind affect."""
