"""The values of one HTTP exchange. `parse` creates them from bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from importer.config import TOKEN_VARIABLE


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """The account's limits from the headers of a response; None where a header is missing.

    `limit` calls in a rolling window of `interval` seconds; `daily_remaining` calls until the account's midnight.
    """

    limit: int | None = None
    interval: float | None = None
    daily_remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Association:
    """One item of `results`: a link in one direction."""

    from_id: str
    to_id: str
    category: str
    type_id: str


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """A StandardError, an ErrorDetail or the body of an Error: they share their fields.

    `context` maps a name to its values, whichever of its known forms (map of lists, list, text) was received.
    """

    category: str = ""
    sub_category: str = ""
    message: str = ""
    status: str = ""
    code: str = ""
    id: str = ""
    where: str = ""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: tuple["ErrorItem", ...] = ()

    def flattened(self) -> Iterator["ErrorItem"]:
        """Yield the error itself and all errors nested in it."""
        yield self
        for error in self.errors:
            yield from error.flattened()


@dataclass(frozen=True, slots=True)
class Response:
    """The response to one request.

    `is_json`: the body is a JSON object. `is_too_large`: the body was not read to its end. `error`: the body read as an
    Error; its `errors` are also those of a BatchResponse. `details`: compact JSON of everything in the body about
    errors, or "". `retry_after`: seconds. `token_origin`: where the token came from, for display; `has_new_token`: a
    401 to a token that has since been replaced, so the call may be repeated. `content`: the body, with secrets
    redacted; all other texts are also truncated and have no control characters.
    """

    http_status: int
    is_json: bool
    status: str = ""
    num_errors: int | None = None
    results: tuple[Association, ...] = ()
    completed_at: str = ""
    error: ErrorItem = ErrorItem()
    correlation_id: str = ""
    policy_name: str = ""
    details: str = ""
    retry_after: float | None = None
    rate: RateHeaders = RateHeaders()
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_too_large: bool = False
    token_origin: str = TOKEN_VARIABLE
    has_new_token: bool = False


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A request without a response; `reason` explains why.

    `reached` is False if no connection was established, so that HubSpot cannot have received the request.
    `is_token_refused`: there is no token to send it with, and there will not be one; `reason` is then a sentence.
    """

    reason: str
    reached: bool
    is_token_refused: bool = False


Reply = Response | NoResponse
"""The result of one call."""
