"""The strict rule of success for a batch: which of its pairs an answer links, refuses or leaves open."""

from collections.abc import Sequence
from dataclasses import replace

from importer.hubspot.advice import RETRY
from importer.hubspot.answers import Answer, NoAnswer
from importer.hubspot.attribution import numbers_in_errors
from importer.hubspot.verdict import Action, Verdict, incomplete, judge, unreadable
from importer.model import Outcome, Pair, Status


def judge_batch(answer: Answer | NoAnswer, pairs: Sequence[Pair]) -> tuple[Verdict, dict[Pair, Outcome]]:
    """What an answer to the batch call of `pairs` means for it, and the outcomes of pairs that it links or doubts.

    A pair is linked only by the strict rule: COMPLETE, named in `results`, and no error of the answer speaks of its
    records. It is in doubt (`unconfirmed`) when it is named but might be another, or when neither a result nor any
    error explains what became of it. A pair without an outcome was refused. The verdict is SETTLE with `linked` when
    HubSpot took the batch, whatever it says of single pairs.
    """
    if isinstance(answer, NoAnswer) or not 200 <= answer.http_status < 300:
        return judge(answer, pairs[0]), {}
    if not answer.is_json:
        return unreadable(answer), {}
    if answer.status != "COMPLETE":
        return incomplete(answer), {}
    types = _types_named(answer, pairs)
    doubted = numbers_in_errors(answer)
    doubted |= _mirrored(pairs)
    linked = Outcome(Status.LINKED, answer.http_status, answer.status, completed_at=answer.completed_at)
    unclear = Outcome(
        Status.UNCONFIRMED,
        answer.http_status,
        answer.status,
        num_errors=answer.num_errors or len(answer.error.errors),
        error_category="NOT_IN_RESULTS",
        error_message="The answer to a batch left this open.",
        error_details=answer.details,
        correlation_id=answer.correlation_id,
        completed_at=answer.completed_at,
        advice=RETRY,
    )
    explains = bool(answer.num_errors or answer.error.errors)
    # The pairs of a batch share few outcomes, so each is made once.
    linked_as = {kinds: replace(linked, association_types=kinds) for kinds in set(types.values())}
    said: dict[Pair, Outcome] = {}
    for pair in pairs:
        named = types.get((pair.from_id, pair.to_id))
        if named is not None and pair.from_id not in doubted and pair.to_id not in doubted:
            said[pair] = linked_as[named]
        elif named is not None or not explains:
            said[pair] = unclear
    return Verdict(Action.SETTLE, linked), said


def _types_named(answer: Answer, pairs: Sequence[Pair]) -> dict[tuple[str, str], str]:
    """The types of the links that results name, in either direction, by the ids of those of `pairs` that they name."""
    types: dict[tuple[str, str], list[str]] = {(pair.from_id, pair.to_id): [] for pair in pairs}
    for item in answer.results:
        for key in ((item.from_id, item.to_id), (item.to_id, item.from_id)):
            if key in types:
                types[key].append(f"{item.category}:{item.type_id}")
    return {key: ";".join(dict.fromkeys(named)) for key, named in types.items() if named}


def _mirrored(pairs: Sequence[Pair]) -> set[str]:
    """The ids of pairs that results do not tell apart: contact 5 to company 7 and contact 7 to company 5.

    Results name a link in both directions and say no object types.
    """
    if pairs[0].from_type == pairs[0].to_type:  # the two are one link
        return set()
    ids = {(pair.from_id, pair.to_id) for pair in pairs}
    return {one for one, other in ids if (other, one) in ids}
