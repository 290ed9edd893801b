"""The strict rule of success, and what follows from every other answer. One table, no clock, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from importer.hubspot.hints import RETRY, advise_refusal
from importer.hubspot.non_hubspot import advise_foreign, is_foreign, is_page, page_words
from importer.hubspot.permissions import Denial, denial_of, missing_scopes
from importer.hubspot.response import NoResponse, Response
from importer.hubspot.unknown_records import proves_unlinked
from importer.model import Outcome, Pair, Status, Stop, StopReason
from importer.redaction import cleaned

LOCKED_SECONDS = 2.0
"""The least wait after a 423. Source: HubSpot, error page."""

_MIGRATION_SECONDS = 24 * 60 * 60


class Action(StrEnum):
    """What to do after an answer."""

    DONE = "settle"  # the outcome stands
    POLL = "poll"  # HubSpot works on it: the same call again, after growing waits
    RETRY = "again"  # a passing failure: the same call again, after a backoff
    FOREIGN = "foreign"  # something else than HubSpot answered: as AGAIN, but when nothing else ever does, stop
    PAUSE = "pause"  # too fast: the whole pool waits, then the same call again
    STOP_TYPES = "stop_types"  # the outcome stands, and no other pair of these two object types can be sent
    RECHECK = "recheck"  # as STOP, but when calls were accepted before, only if it comes again
    STOP = "stop"  # no other pair can be sent


@dataclass(frozen=True, slots=True)
class Decision:
    """Next action; outcome if no further attempt is made; minimum wait in seconds; stop reason.

    `is_proof` is whether the outcome is certain whatever earlier attempts may have done.
    """

    action: Action
    outcome: Outcome
    wait: float | None = None
    stop: Stop | None = None
    is_proof: bool = False


def classify_response(answer: Response | NoResponse, pair: Pair) -> Decision:
    """What an answer to the PUT of `pair` means."""
    if isinstance(answer, Response) and 200 <= answer.http_status < 300:
        return _judge_success(answer, pair)
    return _judge_failure(answer, pair)


def incomplete(answer: Response) -> Decision:
    """What a success means whose `status` is not COMPLETE."""
    action = Action.POLL if answer.status in {"PENDING", "PROCESSING"} else Action.DONE
    message = f"HubSpot answered with status {answer.status or 'missing'!r} instead of COMPLETE."
    return Decision(action, _outcome(Status.UNCONFIRMED, answer, "NOT_COMPLETE", message, RETRY), answer.retry_after)


def _judge_failure(answer: Response | NoResponse, pair: Pair) -> Decision:
    if isinstance(answer, NoResponse):
        return Decision(Action.RETRY, _outcome_of_silence(answer))
    if is_foreign(answer):
        return _foreign(answer)
    rule = _RULES.get(answer.http_status)
    if rule is not None:
        return rule(answer, pair)
    if answer.http_status >= 500:
        return _passing(answer, pair)
    return Decision(Action.DONE, _refused(answer, pair), is_proof=proves_unlinked(answer, pair))


def merge_with_earlier_attempt(outcome: Outcome, earlier: Outcome | None, *, is_proof: bool = False) -> Outcome:
    """`outcome` of the last attempt, in the light of the one before it.

    When an earlier attempt may have linked the pair, a later refusal does not prove that it is not linked: that is
    `unconfirmed`, never `failed` or `not_sent`. Only HubSpot's word that one of its records is unknown proves it.
    """
    if earlier is None or earlier.status is not Status.UNCONFIRMED or is_proof:
        return outcome
    if outcome.status in {Status.LINKED, Status.UNCONFIRMED}:
        return outcome
    message = f"{outcome.error_message} An earlier attempt got no clear answer, so the pair may be linked."
    return replace(outcome, status=Status.UNCONFIRMED, error_message=message, advice=RETRY)


def _judge_success(answer: Response, pair: Pair) -> Decision:
    """The strict rule: COMPLETE, no errors, and `results` names this pair in either direction."""
    if not answer.is_json:
        return unreadable(answer)
    if answer.num_errors or answer.error.errors:
        return Decision(Action.DONE, _refused(answer, pair))
    if answer.status == "COMPLETE":
        return Decision(Action.DONE, _completed(answer, pair))
    return incomplete(answer)


def unreadable(answer: Response) -> Decision:
    """What a success means whose body cannot be read."""
    if is_page(answer):
        return _foreign(answer)
    outcome = _outcome(Status.UNCONFIRMED, answer, "UNREADABLE_ANSWER", "HubSpot's answer could not be read.", RETRY)
    return Decision(Action.RETRY, outcome, answer.retry_after)


def _foreign(answer: Response) -> Decision:
    """A page may also replace the response to a call that HubSpot did take, so the pair is unconfirmed."""
    said = page_words(answer)
    message = f"Something that is not HubSpot answered {answer.http_status}" + (f": {said!r}." if said else ".")
    outcome = _outcome(Status.UNCONFIRMED, answer, "NOT_HUBSPOT", message, advise_foreign(answer))
    return Decision(Action.FOREIGN, outcome, answer.retry_after)


def _completed(answer: Response, pair: Pair) -> Outcome:
    forth, back = (pair.from_id, pair.to_id), (pair.to_id, pair.from_id)
    named = [item for item in answer.results if (item.from_id, item.to_id) in (forth, back)]
    if named:
        types = dict.fromkeys(f"{item.category}:{item.type_id}" for item in named if item.type_id)
        return Outcome(
            Status.LINKED,
            answer.http_status,
            answer.status,
            correlation_id=answer.correlation_id,
            association_types=";".join(types),
            completed_at=answer.completed_at,
        )
    message = "HubSpot answered COMPLETE, but its results do not name this pair."
    return _outcome(Status.UNCONFIRMED, answer, "NOT_IN_RESULTS", message, RETRY)


def _outcome(status: Status, answer: Response, category: str, message: str, advice: str) -> Outcome:
    return Outcome(
        status,
        answer.http_status,
        cleaned(answer.status) if answer.http_status < 300 else "",
        answer.num_errors or len(answer.error.errors),
        category,
        message,
        answer.details,
        answer.correlation_id,
        "",
        0,
        answer.completed_at,
        advice,
    )


def _outcome_of_silence(answer: NoResponse) -> Outcome:
    if answer.reached:
        return Outcome(
            Status.UNCONFIRMED,
            error_category="NO_ANSWER",
            error_message=f"No answer came: {answer.reason}.",
            advice=RETRY,
        )
    return Outcome(
        Status.NOT_SENT,
        error_category="UNREACHABLE",
        error_message=f"HubSpot could not be reached: {answer.reason}.",
        advice="Check the network, any proxy and base_url, then resume the run.",
    )


def _refused(answer: Response, pair: Pair) -> Outcome:
    first = next(iter(answer.error.errors), answer.error) if answer.http_status < 300 else answer.error
    category = first.category or first.code or f"HTTP_{answer.http_status}"
    message = first.message or f"HubSpot answered {answer.http_status} without saying why."
    outcome = _outcome(Status.FAILED, answer, category, message, advise_refusal(answer, pair))
    return replace(outcome, num_errors=outcome.num_errors or 1)


def _passing(answer: Response, pair: Pair) -> Decision:
    del pair
    category = answer.error.category or f"HTTP_{answer.http_status}"
    message = answer.error.message or f"HubSpot answered {answer.http_status}."
    return Decision(Action.RETRY, _outcome(Status.UNCONFIRMED, answer, category, message, RETRY), answer.retry_after)


def _locked(answer: Response, pair: Pair) -> Decision:
    verdict = _passing(answer, pair)
    return Decision(verdict.action, verdict.outcome, max(answer.retry_after or 0.0, LOCKED_SECONDS))


def _too_many(answer: Response, pair: Pair) -> Decision:
    del pair
    outcome = _outcome(
        Status.NOT_SENT,
        answer,
        answer.policy_name or answer.error.category or "RATE_LIMIT",
        answer.error.message or "HubSpot asked to slow down.",
        "Resume the run later: HubSpot did not take this call.",
    )
    if answer.policy_name == "DAILY" or (not answer.policy_name and "daily" in answer.error.message.lower()):
        sentence = (
            "HubSpot's daily limit is used up. The count starts again at midnight in the account's time zone "
            "(HubSpot: Settings, Account defaults)."
        )
        return Decision(Action.STOP, outcome, answer.retry_after, Stop(StopReason.DAILY_LIMIT, sentence))
    window = 1.0 if answer.policy_name == "SECONDLY" else answer.rate.interval or 10.0
    return Decision(Action.PAUSE, outcome, max(answer.retry_after or 0.0, window))


def _token_refused(answer: Response, pair: Pair) -> Decision:
    if denial_of(answer) is Denial.ACCOUNT:
        return _forbidden(answer, pair)
    where = answer.token_origin
    is_expired = "EXPIRED" in answer.error.category
    sentence = f"HubSpot answered 401: the token in {where} {'has expired' if is_expired else 'is not accepted'}."
    lasts = " (an OAuth access token lasts 30 minutes)" if is_expired else ""
    outcome = _untaken(answer, sentence, f"Set a valid token in {where}{lasts}, then resume the run.")
    action = Action.STOP if is_expired else Action.RECHECK
    return Decision(action, outcome, stop=Stop(StopReason.TOKEN_REFUSED, sentence))


def _forbidden(answer: Response, pair: Pair) -> Decision:
    match denial_of(answer):
        case Denial.SCOPES:
            scopes = missing_scopes(answer)
            lacking = f"lacks the scopes {', '.join(scopes)}" if scopes else "lacks scopes"
            sentence = f"HubSpot answered 403: the token {lacking} to link {pair.from_type} to {pair.to_type}."
            stop = Stop(StopReason.SCOPES_MISSING, sentence)
            return Decision(Action.STOP_TYPES, _refused(answer, pair), stop=stop)
        case Denial.ACCOUNT:
            sentence = f"HubSpot answered {answer.http_status}: this HubSpot account is deactivated."
            advice = "Reactivate the account, or use the token of another one; then resume the run."
            reason = StopReason.ACCOUNT_INACTIVE
        case Denial.CREATOR:
            sentence = "HubSpot answered 403: the user who created this token's app or service key has lost rights."
            advice = "Give that user their permissions back, or set a token made by another user; then resume the run."
            reason = StopReason.PERMISSIONS_LOST
        case Denial.RECORDS:
            return Decision(Action.DONE, _refused(answer, pair))
    return Decision(Action.STOP, _untaken(answer, sentence, advice), stop=Stop(reason, f"{sentence} {advice}"))


def _too_large(answer: Response, pair: Pair) -> Decision:
    """The size is refused before anything is taken, by HubSpot or by a gateway with a page of its own."""
    outcome = _refused(answer, pair)
    said = answer.error.message or "The call is refused as too large (413)."
    return Decision(Action.DONE, replace(outcome, error_message=said))


def _migrating(answer: Response, pair: Pair) -> Decision:
    del pair
    seconds = answer.retry_after if answer.retry_after is not None else _MIGRATION_SECONDS
    sentence = f"HubSpot is moving this account (477); it asks to come back in {timedelta(seconds=round(seconds))}."
    advice = "Resume the run when HubSpot has moved the account."
    outcome = _untaken(answer, sentence, advice)
    return Decision(Action.STOP, outcome, seconds, Stop(StopReason.ACCOUNT_MIGRATING, sentence))


def _untaken(answer: Response, sentence: str, advice: str) -> Outcome:
    """The outcome of a call that HubSpot did not take, in its own words or else in `sentence`."""
    category = answer.error.category or f"HTTP_{answer.http_status}"
    return _outcome(Status.NOT_SENT, answer, category, answer.error.message or sentence, advice)


_RULES: dict[int, Callable[[Response, Pair], Decision]] = {
    401: _token_refused,
    403: _forbidden,
    408: _passing,
    413: _too_large,
    409: _passing,
    423: _locked,
    425: _passing,
    429: _too_many,
    477: _migrating,
}
