"""The kinds of calls that the sandbox distinguishes for counts, limits and faults."""

from enum import StrEnum


class CallKind(StrEnum):
    """A kind of call."""

    PUT = "put"
    BATCH = "batch"
    READ = "read"
    LABEL_PUT = "label_put"
    CREATE = "create"
    DELETE = "delete"
    ARCHIVE = "archive"
    LABELS_ARCHIVE = "labels_archive"
    LINKS = "links"
    LABELS = "labels"
    LABEL_CREATE = "label_create"
    CONFIGURATIONS = "configurations"
    RECORD_LIMITS = "record_limits"
    LOOKUP = "lookup"
    SEARCH = "search"
    RECORDS = "records"
    PROPERTIES = "properties"
    ACCOUNT = "account"
    OAUTH = "oauth"
    OTHER = "other"


SINGLE_KINDS = frozenset({CallKind.PUT, CallKind.LABEL_PUT, CallKind.DELETE})
"""Calls that change one pair, named in their path."""

ASSOCIATION_KINDS = SINGLE_KINDS | {CallKind.LINKS}
"""Single association calls, to which the limit of association calls applies."""

EXEMPT_KINDS = frozenset(
    {
        CallKind.BATCH,
        CallKind.READ,
        CallKind.CREATE,
        CallKind.ARCHIVE,
        CallKind.LABELS_ARCHIVE,
        CallKind.LABELS,
        CallKind.LABEL_CREATE,
        CallKind.CONFIGURATIONS,
        CallKind.SEARCH,
        CallKind.OAUTH,
    }
)
"""Calls to which the ten-second limit does not apply. Source: HubSpot's OpenAPI description."""

WRITE_KINDS = SINGLE_KINDS | {CallKind.BATCH, CallKind.CREATE, CallKind.ARCHIVE, CallKind.LABELS_ARCHIVE}
"""Calls that can change links."""

UNNUMBERED_KINDS = frozenset({CallKind.ACCOUNT, CallKind.OAUTH})
"""Calls that every client makes besides its work; they do not count as calls of a run."""

SPECIFIC_KINDS = frozenset({CallKind.ACCOUNT, CallKind.OAUTH})
"""Calls that are only affected by faults whose SPEC names their kind."""
