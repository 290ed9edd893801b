"""The strict success rule for a batch: which of its pairs a response links, rejects or leaves unconfirmed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from importer.hubspot.advice import RETRY_ADVICE
from importer.hubspot.attribution import ids_in_errors, records_by_error
from importer.hubspot.classify import Action, Decision, classify_response, incomplete, unreadable
from importer.hubspot.response import NoResponse, Reply, Response
from importer.model import Outcome, Pair, Status
from importer.result_columns import NOT_IN_RESULTS


@dataclass(frozen=True, slots=True)
class BatchDecision:
    """The decision about a batch as a whole, and the outcomes of the pairs that are linked or unconfirmed.

    A pair without an outcome was rejected. `is_accepted` is False if smaller batches are worth trying because the
    response says too little about individual pairs: it rejects the whole batch, names no pair at all, or has errors
    that may apply to any of them.
    """

    decision: Decision
    outcomes: Mapping[Pair, Outcome] = field(default_factory=dict)
    is_accepted: bool = False


def classify_batch_response(response: Reply, pairs: Sequence[Pair]) -> BatchDecision:
    """Return the meaning of the response to the batch call of `pairs`.

    A pair is linked only by the strict rule: COMPLETE, named in `results`, every error attributed to a record, and none
    to a record of this pair. It is unconfirmed if it is named but may have an error or be confused with another pair,
    or if it is not named and no error explains why (see `_rejected`).
    """
    if isinstance(response, NoResponse) or not 200 <= response.http_status < 300:
        return BatchDecision(classify_response(response, pairs[0]))
    if not response.is_json:
        return BatchDecision(unreadable(response))
    if response.status != "COMPLETE":
        return BatchDecision(incomplete(response))
    outcomes, is_attributed = _outcomes(response, pairs)
    is_accepted = is_attributed and (len(outcomes) < len(pairs) or _has_linked(outcomes))
    linked = Outcome(Status.LINKED, response.http_status, response.status)
    return BatchDecision(Decision(Action.DONE, linked), outcomes, is_accepted)


def _outcomes(response: Response, pairs: Sequence[Pair]) -> tuple[dict[Pair, Outcome], bool]:
    """Return the outcomes of linked and unconfirmed pairs, and whether all errors are attributed to records.

    An error that is only counted may apply to any pair. One that names several records is still one error, so the count
    must not exceed the number of errors that name a record.
    """
    ids = _ids(pairs)
    errors = records_by_error(response, ids)
    is_attributed = all(errors) and (response.num_errors or 0) <= len(errors)
    types = _types_in_results(response, pairs)
    suspect_ids = ids_in_errors(response, ids) | _mirrored(pairs)
    rejected = _rejected(response, errors, [pair for pair in pairs if (pair.from_id, pair.to_id) not in types], pairs)
    unclear = _unclear(response)
    # The pairs of a batch share few outcomes, so each is created once.
    linked_as = {kinds: _linked(response, kinds) for kinds in set(types.values())}
    outcomes: dict[Pair, Outcome] = {}
    for pair in pairs:
        named = types.get((pair.from_id, pair.to_id))
        if named is not None and is_attributed and pair.from_id not in suspect_ids and pair.to_id not in suspect_ids:
            outcomes[pair] = linked_as[named]
        elif pair not in rejected:
            outcomes[pair] = unclear
    return outcomes, is_attributed


def _rejected(
    response: Response, errors: Sequence[set[str]], unnamed: Sequence[Pair], pairs: Sequence[Pair]
) -> Collection[Pair]:
    """Return the pairs whose absence from `results` the errors explain; `errors` holds the records that each names.

    All absent pairs are rejected if there is one error for each. Otherwise only those with a record that an error names
    are, and only if `results` names other pairs: a response may also omit pairs that are linked.
    """
    number = max(response.num_errors or 0, len(errors))
    if number == len(unnamed) or (number and len(pairs) == 1):
        return set(unnamed)
    if len(unnamed) == len(pairs):
        return ()
    named = set[str]().union(*errors)
    return {pair for pair in unnamed if pair.from_id in named or pair.to_id in named}


def _has_linked(outcomes: Mapping[Pair, Outcome]) -> bool:
    return any(outcome.status is Status.LINKED for outcome in outcomes.values())


def _ids(pairs: Sequence[Pair]) -> set[str]:
    return {record for pair in pairs for record in (pair.from_id, pair.to_id)}


def _linked(response: Response, types: str) -> Outcome:
    return Outcome(
        Status.LINKED,
        http_status=response.http_status,
        api_status=response.status,
        association_types=types,
        attempts=1,
        completed_at=response.completed_at,
    )


def _unclear(response: Response) -> Outcome:
    return Outcome(
        Status.UNCONFIRMED,
        http_status=response.http_status,
        api_status=response.status,
        num_errors=response.num_errors or len(response.error.errors),
        error_category=NOT_IN_RESULTS,
        error_message="The response to the batch does not clearly say whether this pair was linked.",
        error_details=response.details,
        correlation_id=response.correlation_id,
        attempts=1,
        completed_at=response.completed_at,
        advice=RETRY_ADVICE,
    )


def _types_in_results(response: Response, pairs: Sequence[Pair]) -> dict[tuple[str, str], str]:
    """Return the types of the links in `results`, in either direction, by the ids of the pairs that they name."""
    types: dict[tuple[str, str], list[str]] = {(pair.from_id, pair.to_id): [] for pair in pairs}
    for item in response.results:
        for key in ((item.from_id, item.to_id), (item.to_id, item.from_id)):
            if key in types:
                types[key].append(f"{item.category}:{item.type_id}")
    return {key: ";".join(dict.fromkeys(named)) for key, named in types.items() if named}


def _mirrored(pairs: Sequence[Pair]) -> set[str]:
    """Return the ids of pairs that `results` does not distinguish: contact 5 to company 7 and contact 7 to company 5.

    Results name a link in both directions and without object types.
    """
    if pairs[0].from_type == pairs[0].to_type:  # the two are one link
        return set()
    ids = {(pair.from_id, pair.to_id) for pair in pairs}
    return {one for one, other in ids if one != other and (other, one) in ids}
