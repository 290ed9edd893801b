"""Faults of one pair, which is then not linked."""

from collections.abc import Callable

from importer.sandbox import refusals, responses
from importer.sandbox.faults.kinds import PairFault
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import Json, PairResult, Refusal

_ELSEWHERE = 5_000_000_000
"""Added to an id for one that nobody requests, since a batch must not seem to confirm another of its pairs."""


def _refused(refusal: Refusal) -> Callable[[Pair], PairResult]:
    return lambda pair: PairResult(refusal=refusal)


def _foreign(pair: Pair) -> PairResult:
    other = pair._replace(from_id=pair.from_id + _ELSEWHERE, to_id=pair.to_id + _ELSEWHERE)
    return PairResult(results=responses.both_directions(other))


def _half_foreign(pair: Pair) -> PairResult:
    return PairResult(results=responses.both_directions(pair._replace(to_id=pair.to_id + _ELSEWHERE)))


def _error_inside(**extra: object) -> Json:
    return responses.standard_error("VALIDATION_ERROR", "The association could not be created.", **extra)


_NESTED = {
    "errors": [
        {
            "message": "The records belong to different teams.",
            "code": "TEAM_MISMATCH",
            "in": "toObjectId",
            "context": {"teams": ["1", "2"]},
            "errors": [{"message": "Team 2 is not visible to this app."}],
        },
        {"message": "See the account's association rules."},
    ]
}
_NASTY_MESSAGE = (
    '=HYPERLINK("http://127.0.0.1/","click")\nsecond "line"\r\n,;\t\'third\' \u2028 \x07\x1b[31m\x00 コンタクト'
)
_WRONGLY_TYPED = Refusal(
    400, "VALIDATION_ERROR", "", {"message": 17, "category": None, "correlationId": ["x"], "errors": {"a": 1}}
)

WITHIN_SUCCESS = {
    "empty_results": PairFault("COMPLETE, no error, no result, and not linked", lambda pair: PairResult()),
    "foreign_results": PairFault("COMPLETE, but the results name another pair, and not linked", _foreign),
    "half_foreign_results": PairFault(
        "COMPLETE, but the results name another record on one side, and not linked", _half_foreign
    ),
    "num_errors": PairFault(
        "200 with numErrors 1 and errors", lambda pair: PairResult(errors=(_error_inside(),), num_errors=1)
    ),
    "num_errors_alone": PairFault("200 with numErrors 1 and no errors", lambda pair: PairResult(num_errors=1)),
    "num_errors_named": PairFault(
        "200 with numErrors 1, although results name the pair (in a batch they do not)",
        lambda pair: PairResult(results=responses.both_directions(pair), num_errors=1),
    ),
    "errors_alone": PairFault("200 with errors and no numErrors", lambda pair: PairResult(errors=(_error_inside(),))),
    "nested_errors": PairFault(
        "200 with numErrors 1 and errors within errors",
        lambda pair: PairResult(errors=(_error_inside(**_NESTED),), num_errors=1),
    ),
    "subcategory_object": PairFault(
        "200 with an error whose subCategory is an object",
        lambda pair: PairResult(errors=(_error_inside(subCategory={"name": "crm.associations.RULE"}),), num_errors=1),
    ),
}

REFUSALS = {
    "unknown_record": PairFault(
        "404 OBJECT_NOT_FOUND for the record on the right",
        lambda pair: PairResult(refusal=refusals.unknown_record("TO", pair.to_type, pair.to_id)),
    ),
    "record_403": PairFault(
        "403 FORBIDDEN, the token's user may not edit the record on the left",
        _refused(Refusal(403, "FORBIDDEN", "You do not have permissions to edit this record")),
    ),
    "invalid_record_ids": PairFault(
        "400 VALIDATION_ERROR, the record on the left is not valid, and only the context names it",
        lambda pair: PairResult(refusal=refusals.invalid_records(pair.from_type, pair.from_id)),
    ),
    "association_limit": PairFault(
        "400 VALIDATION_ERROR, the record on the left may have no more links; the limit is named",
        lambda pair: PairResult(refusal=refusals.link_limit(1, pair.from_type, pair.from_id, pair.to_type)),
    ),
    "association_limit_unnamed": PairFault(
        "400 VALIDATION_ERROR, association limit reached, without the limit",
        _refused(refusals.invalid("Association limit reached.")),
    ),
    "validation_rule": PairFault(
        "400 VALIDATION_ERROR, a rule of the account forbids it",
        _refused(
            refusals.invalid("A validation rule of this account does not allow it.", subCategory="VALIDATION_RULE")
        ),
    ),
    "context_map": PairFault(
        "400 with context as a map", _refused(refusals.invalid("Refused.", context={"ids": ["1", "2"]}))
    ),
    "context_list": PairFault(
        "400 with context as a list", _refused(refusals.invalid("Refused.", context=["ids", 1, None]))
    ),
    "context_text": PairFault(
        "400 with context as a string", _refused(refusals.invalid("Refused.", context="{ids=[1, 2]}"))
    ),
    "subcategory_text": PairFault(
        "400 with subCategory as a string", _refused(refusals.invalid("Refused.", subCategory="crm.RULE"))
    ),
    "odd_fields": PairFault("400 whose fields have the wrong types", _refused(_WRONGLY_TYPED)),
    "big_message": PairFault("400 with a message of 1 MB", _refused(refusals.invalid("x" * 1_000_000))),
    "nasty_message": PairFault(
        "400 whose message has newlines, quotes and a leading '='", _refused(refusals.invalid(_NASTY_MESSAGE))
    ),
}
