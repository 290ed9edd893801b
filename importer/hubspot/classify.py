"""The strict success rule, and the meaning of every other response. One table, no clock, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from importer.hubspot.advice import RETRY_ADVICE, refusal_advice
from importer.hubspot.intermediaries import intermediary_advice, is_from_intermediary, is_html, page_text
from importer.hubspot.not_found import proves_not_linked
from importer.hubspot.permissions import Denial, classify_denial, missing_scopes
from importer.hubspot.response import NoResponse, Reply, Response
from importer.model import Outcome, Pair, Status, Stop, StopReason
from importer.redaction import cleaned
from importer.result_columns import NOT_IN_RESULTS

LOCKED_SECONDS = 2.0
"""Minimum wait after a 423. Source: HubSpot, error page."""

_MIGRATION_SECONDS = 24 * 60 * 60


class Action(StrEnum):
    """The next action after a response."""

    DONE = "done"  # the outcome is final
    POLL = "poll"  # HubSpot is still processing: repeat the call, with growing waits
    RETRY = "retry"  # a transient failure: repeat the call after a backoff
    NOT_HUBSPOT = "not_hubspot"  # another server responded: as RETRY, but stop if HubSpot never does
    PAUSE = "pause"  # rate limited: all workers wait, then repeat the call
    STOP_TYPES = "stop_types"  # the outcome is final, and no other pair of these object types can be sent
    RECHECK = "recheck"  # as STOP, but if calls were accepted before, only when it happens again
    STOP = "stop"  # no other pair can be sent


@dataclass(frozen=True, slots=True)
class Decision:
    """Next action; outcome if no further attempt is made; minimum wait in seconds; stop reason.

    `is_proof`: the outcome is certain, regardless of earlier attempts.
    """

    action: Action
    outcome: Outcome
    wait: float | None = None
    stop: Stop | None = None
    is_proof: bool = False


def classify_response(response: Reply, pair: Pair) -> Decision:
    """Return the meaning of the response to the PUT of `pair`."""
    if isinstance(response, Response) and 200 <= response.http_status < 300:
        return _classify_success(response, pair)
    return _classify_failure(response, pair)


def incomplete(response: Response) -> Decision:
    """Return the meaning of a 2xx response whose `status` is not COMPLETE."""
    action = Action.POLL if response.status in {"PENDING", "PROCESSING"} else Action.DONE
    message = f"HubSpot returned the status {response.status or 'missing'!r} instead of COMPLETE."
    return Decision(
        action, outcome_of(Status.UNCONFIRMED, response, "NOT_COMPLETE", message, RETRY_ADVICE), response.retry_after
    )


def _classify_failure(response: Reply, pair: Pair) -> Decision:
    if isinstance(response, NoResponse):
        return _without_token(response) if response.is_token_refused else Decision(Action.RETRY, _no_response(response))
    if is_from_intermediary(response):
        return _not_hubspot(response)
    rule = _RULES.get(response.http_status)
    if rule is not None:
        return rule(response, pair)
    if response.http_status >= 500:
        return _transient_failure(response, pair)
    return Decision(Action.DONE, _rejected(response, pair), is_proof=proves_not_linked(response, pair))


def merge_with_earlier_attempt(outcome: Outcome, earlier: Outcome | None, *, is_proof: bool = False) -> Outcome:
    """Return the outcome of the last attempt, merged with that of the attempt before it.

    If an earlier attempt may have linked the pair, a later rejection does not prove that it is not linked: the outcome
    is `unconfirmed`, never `failed` or `not_sent`, unless HubSpot reports that one of the records does not exist. The
    advice about a rejection is kept: without following it a retry would be rejected again.
    """
    if earlier is None or earlier.status is not Status.UNCONFIRMED or is_proof:
        return outcome
    if outcome.status in {Status.LINKED, Status.UNCONFIRMED}:
        return outcome
    stop = "" if outcome.error_message.endswith((".", "!", "?")) else "."
    message = f"{outcome.error_message}{stop} An earlier attempt got no clear response, so the pair may be linked."
    advice = outcome.advice if outcome.status is Status.FAILED else RETRY_ADVICE
    return replace(outcome, status=Status.UNCONFIRMED, error_message=message, advice=advice)


def _classify_success(response: Response, pair: Pair) -> Decision:
    """Apply the strict rule: COMPLETE, no errors, and `results` names this pair in either direction."""
    if not response.is_json:
        return unreadable(response)
    if response.num_errors or response.error.errors:
        return Decision(Action.DONE, _rejected(response, pair))
    if response.status == "COMPLETE":
        return Decision(Action.DONE, _completed(response, pair))
    return incomplete(response)


def unreadable(response: Response) -> Decision:
    """Return the meaning of a 2xx response whose body cannot be parsed."""
    if is_html(response):
        return _not_hubspot(response)
    message = "HubSpot's response could not be read."
    outcome = outcome_of(Status.UNCONFIRMED, response, "UNREADABLE_ANSWER", message, RETRY_ADVICE)
    return Decision(Action.RETRY, outcome, response.retry_after)


def _not_hubspot(response: Response) -> Decision:
    """Return an unconfirmed outcome: a proxy may also replace the response to a call that HubSpot processed."""
    text = page_text(response)
    message = f"A server that is not HubSpot returned {response.http_status}" + (f": {text!r}." if text else ".")
    outcome = outcome_of(Status.UNCONFIRMED, response, "NOT_HUBSPOT", message, intermediary_advice(response))
    return Decision(Action.NOT_HUBSPOT, outcome, response.retry_after)


def _completed(response: Response, pair: Pair) -> Outcome:
    directions = (pair.from_id, pair.to_id), (pair.to_id, pair.from_id)
    named = [item for item in response.results if (item.from_id, item.to_id) in directions]
    if named:
        types = dict.fromkeys([f"{item.category}:{item.type_id}" for item in named if item.type_id])
        return Outcome(
            Status.LINKED,
            http_status=response.http_status,
            api_status=response.status,
            correlation_id=response.correlation_id,
            association_types=";".join(types),
            attempts=1,
            completed_at=response.completed_at,
        )
    message = "HubSpot returned COMPLETE, but its results do not name this pair."
    return outcome_of(Status.UNCONFIRMED, response, NOT_IN_RESULTS, message, RETRY_ADVICE)


def outcome_of(status: Status, response: Response, category: str, message: str, advice: str) -> Outcome:
    return Outcome(
        status,
        http_status=response.http_status,
        api_status=cleaned(response.status) if response.http_status < 300 else "",
        num_errors=response.num_errors or len(response.error.errors),
        error_category=category,
        error_message=message,
        error_details=response.details,
        correlation_id=response.correlation_id,
        completed_at=response.completed_at,
        advice=advice,
    )


def _no_response(response: NoResponse) -> Outcome:
    if response.reached:
        return Outcome(
            Status.UNCONFIRMED,
            error_category="NO_ANSWER",
            error_message=f"There was no response: {response.reason}.",
            advice=RETRY_ADVICE,
        )
    return Outcome(
        Status.NOT_SENT,
        error_category="UNREACHABLE",
        error_message=f"HubSpot could not be reached: {response.reason}.",
        advice="Check the network, any proxy and base_url, then resume the run.",
    )


def _rejected(response: Response, pair: Pair) -> Outcome:
    first = next(iter(response.error.errors), response.error) if response.http_status < 300 else response.error
    category = first.category or first.code or f"HTTP_{response.http_status}"
    message = first.message or f"HubSpot returned {response.http_status} without a message."
    outcome = outcome_of(Status.FAILED, response, category, message, refusal_advice(response, pair))
    return replace(outcome, num_errors=outcome.num_errors or 1)


def _transient_failure(response: Response, pair: Pair) -> Decision:
    del pair
    category = response.error.category or f"HTTP_{response.http_status}"
    message = response.error.message or f"HubSpot returned {response.http_status}."
    return Decision(
        Action.RETRY, outcome_of(Status.UNCONFIRMED, response, category, message, RETRY_ADVICE), response.retry_after
    )


def _locked(response: Response, pair: Pair) -> Decision:
    decision = _transient_failure(response, pair)
    return Decision(decision.action, decision.outcome, max(response.retry_after or 0.0, LOCKED_SECONDS))


def _rate_limited(response: Response, pair: Pair) -> Decision:
    del pair
    outcome = outcome_of(
        Status.NOT_SENT,
        response,
        response.policy_name or response.error.category or "RATE_LIMIT",
        response.error.message or "HubSpot asked to slow down.",
        "Resume the run later: HubSpot did not process this call.",
    )
    if _is_daily(response):
        stop = Stop(StopReason.DAILY_LIMIT, "HubSpot's daily limit is used up.")
        return Decision(Action.STOP, outcome, response.retry_after, stop)
    window = 1.0 if response.policy_name == "SECONDLY" else response.rate.interval or 10.0
    return Decision(Action.PAUSE, outcome, max(response.retry_after or 0.0, window))


def _is_daily(response: Response) -> bool:
    return response.policy_name == "DAILY" or (not response.policy_name and "daily" in response.error.message.lower())


def is_over_rate(response: Response) -> bool:
    """Return whether a response is a 429 for the ten-second limit; HubSpot's 429s without a policy count as such."""
    if response.http_status != 429 or is_from_intermediary(response):
        return False
    return response.policy_name in {"TEN_SECONDLY_ROLLING", ""} and not _is_daily(response)


def _token_rejected(response: Response, pair: Pair) -> Decision:
    if classify_denial(response) is Denial.ACCOUNT:
        return _forbidden(response, pair)
    where = response.token_origin
    if response.has_new_token:
        sentence = f"HubSpot returned 401 for a token that has since been replaced in {where}."
        return Decision(Action.RETRY, _not_processed(response, sentence, "Resume the run."))
    is_expired = "EXPIRED" in response.error.category
    sentence = f"HubSpot returned 401: the token in {where} {'has expired' if is_expired else 'is not accepted'}."
    lasts = " (an OAuth access token lasts 30 minutes)" if is_expired else ""
    outcome = _not_processed(response, sentence, f"Set a valid token in {where}{lasts}, then resume the run.")
    action = Action.STOP if is_expired else Action.RECHECK
    return Decision(action, outcome, stop=Stop(StopReason.TOKEN_REFUSED, sentence))


def _without_token(response: NoResponse) -> Decision:
    advice = "Set a valid token, then resume the run."
    outcome = Outcome(Status.NOT_SENT, error_category="TOKEN_REFUSED", error_message=response.reason, advice=advice)
    return Decision(Action.STOP, outcome, stop=Stop(StopReason.TOKEN_REFUSED, response.reason))


def _forbidden(response: Response, pair: Pair) -> Decision:
    match classify_denial(response):
        case Denial.SCOPES:
            scopes = missing_scopes(response)
            missing = f"the scopes {', '.join(scopes)}" if scopes else "scopes"
            sentence = (
                f"HubSpot returned 403: the token lacks {missing} needed to link {pair.from_type} to {pair.to_type}."
            )
            stop = Stop(StopReason.SCOPES_MISSING, sentence)
            return Decision(Action.STOP_TYPES, _rejected(response, pair), stop=stop)
        case Denial.ACCOUNT:
            sentence = f"HubSpot returned {response.http_status}: this HubSpot account is deactivated."
            advice = "Reactivate the account, or use a token for another account; then resume the run."
            reason = StopReason.ACCOUNT_INACTIVE
        case Denial.CREATOR:
            sentence = (
                "HubSpot returned 403: the user who created this token's app or service key has lost permissions."
            )
            advice = "Give that user their permissions back, or set a token of another user; then resume the run."
            reason = StopReason.PERMISSIONS_LOST
        case Denial.RECORDS:
            return Decision(Action.DONE, _rejected(response, pair))
    return Decision(Action.STOP, _not_processed(response, sentence, advice), stop=Stop(reason, f"{sentence} {advice}"))


def _too_large(response: Response, pair: Pair) -> Decision:
    """Return a rejection: HubSpot or a gateway rejects the size before anything is processed."""
    outcome = _rejected(response, pair)
    message = response.error.message or "The request was rejected as too large (413)."
    return Decision(Action.DONE, replace(outcome, error_message=message))


def _migrating(response: Response, pair: Pair) -> Decision:
    del pair
    seconds = response.retry_after if response.retry_after is not None else _MIGRATION_SECONDS
    sentence = f"HubSpot is migrating this account (477) and asks to wait {timedelta(seconds=round(seconds))}."
    advice = "Resume the run when HubSpot has migrated the account."
    outcome = _not_processed(response, sentence, advice)
    return Decision(Action.STOP, outcome, seconds, Stop(StopReason.ACCOUNT_MIGRATING, sentence))


def _not_processed(response: Response, sentence: str, advice: str) -> Outcome:
    """Return the outcome of a call that HubSpot did not process, with its own message or else `sentence`."""
    category = response.error.category or f"HTTP_{response.http_status}"
    return outcome_of(Status.NOT_SENT, response, category, response.error.message or sentence, advice)


_RULES: dict[int, Callable[[Response, Pair], Decision]] = {
    401: _token_rejected,
    403: _forbidden,
    408: _transient_failure,
    409: _transient_failure,
    413: _too_large,
    423: _locked,
    425: _transient_failure,
    429: _rate_limited,
    477: _migrating,
}
