"""The faults that the sandbox can be translate_errors to show: a table.

A fault is asked for as `NAME=SPEC` (grammar: `conditions.FAULT_SPEC_HELP`), such as `http_503=0.05` or
`pending=contacts:12>companies:7*3`. There are two kinds. A *call fault* changes the answer of a whole call, single,
batch or read. A *pair fault* changes what is said of one pair, alone in a single call or among others in a batch.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from importer.sandbox import responses
from importer.sandbox.faults.conditions import Call
from importer.sandbox.responses import Delivery, Json, Refusal, Response, Verdict
from importer.sandbox.state import Pair


@dataclass(frozen=True, slots=True)
class CallFault:
    """A fault of a whole call. `answer` turns the call and the honest answer into what is sent.

    `links` says whether the honest work is done. If not, the honest answer given is an empty one.
    """

    description: str
    links: bool
    answer: Callable[[Call, Response], Response]


@dataclass(frozen=True, slots=True)
class PairFault:
    """A fault of one pair, which is then not linked: `verdict` is what is said of it."""

    description: str
    verdict: Callable[[Pair], Verdict]
    links: bool = False


# ---- call faults: makers of answers


def _instead(make: Callable[[], Response]) -> Callable[[Call, Response], Response]:
    """Response this, whatever was asked."""
    return lambda call, honest: make()


def _status(status: int, headers: Mapping[str, str] | None = None) -> Callable[[Call, Response], Response]:
    category, message = _STATUS_WORDS[status]
    return _instead(lambda: Response(status, responses.error(category, message), headers or {}))


_STATUS_WORDS = {
    400: ("VALIDATION_ERROR", "Invalid input JSON on line 1, column 1"),
    404: ("OBJECT_NOT_FOUND", "The requested resource could not be found."),
    408: ("REQUEST_TIMEOUT", "The request took too long to arrive."),
    409: ("CONFLICT", "The resource is being changed by another request."),
    414: ("URI_TOO_LONG", "The request URL is too long."),
    423: ("LOCKED", "The resource is locked for 2 seconds while another change to it is processed."),
    477: ("MIGRATION_IN_PROGRESS", "This account is being moved to another data centre."),
    500: ("INTERNAL_ERROR", "internal error"),
    502: ("BAD_GATEWAY", "The request exceeded a processing limit."),
    503: ("SERVICE_UNAVAILABLE", "The service is temporarily unavailable."),
    504: ("GATEWAY_TIMEOUT", "The request exceeded a processing limit."),
}


def _html(status: int, title: str) -> Callable[[Call, Response], Response]:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return _instead(lambda: Response(status, page.encode(), content_type="text/html; charset=UTF-8"))


def _batch_status(status: str) -> Callable[[Call, Response], Response]:
    return _instead(lambda: Response(200, responses.batch_body((), status)))


def _body(body: object) -> Callable[[Call, Response], Response]:
    return lambda call, honest: replace(honest, body=body) if honest.is_success else honest


def _edit(change: Callable[[Json], Json]) -> Callable[[Call, Response], Response]:
    """Change the body of a success; an honest refusal stays as it is."""
    return lambda call, honest: replace(honest, body=change(honest.body)) if honest.is_success else honest


def _success(status: int) -> Callable[[Call, Response], Response]:
    return lambda call, honest: replace(honest, status=status) if honest.is_success else honest


def _deliver(delivery: Delivery) -> Callable[[Call, Response], Response]:
    return lambda call, honest: replace(honest, delivery=delivery)


def _only_for(kind: str, fault: Callable[[Call, Response], Response]) -> Callable[[Call, Response], Response]:
    return lambda call, honest: fault(call, honest) if call.kind == kind else honest


def _retry_on_date(call: Call, honest: Response) -> Response:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return _status(503, {"Retry-After": date})(call, honest)


def _truncated(call: Call, honest: Response) -> Response:
    text = json.dumps(honest.body).encode()
    return replace(honest, body=text[: len(text) // 2])


def _gzipped(call: Call, honest: Response) -> Response:
    return replace(honest, body=gzip.compress(json.dumps(honest.body).encode()), headers={"Content-Encoding": "gzip"})


def _missing_fields(body: Json) -> Json:
    return {key: body[key] for key in ("status", "results")}


def _extra_fields(body: Json) -> Json:
    results = [{**result, "associationCategory": "WORK", "portalId": 1} for result in body["results"]]
    return {**body, "results": results, "links": {"next": "none"}, "requestedAt": body["startedAt"], "traceId": [1, {}]}


def _null_fields(body: Json) -> Json:
    return {"numErrors": None, "errors": None, "links": None, "requestedAt": None, **body}


def _numeric_ids(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: int(value) if key in {"id", "toObjectId"} else _numeric_ids(value) for key, value in body.items()}
    return [_numeric_ids(one) for one in body] if isinstance(body, list) else body


def _first_error_only(body: Json) -> Json:
    return {**body, "numErrors": 1, "errors": body["errors"][:1]} if len(body.get("errors", ())) > 1 else body


def _silent_errors(call: Call, honest: Response) -> Response:
    if not honest.is_success:
        return honest
    kept = {key: value for key, value in honest.body.items() if key not in {"errors", "numErrors"}}
    return replace(honest, status=200, body=kept)


def _uncounted_error(body: Json) -> Json:
    return {**body, "numErrors": body.get("numErrors", 0) + 1}


def _index_errors(body: Json) -> Json:
    """Errors that say which input they are about by its place alone."""
    errors = [{"status": "error", "category": "VALIDATION_ERROR", "message": "inputs[0] is not valid", "index": 0}]
    return {**body, "numErrors": len(body.get("errors", errors)), "errors": errors * len(body.get("errors", errors))}


def _with_types(*types: Json) -> Callable[[Json], Json]:
    """List every link of a read with these types instead."""

    def change(body: Json) -> Json:
        results = [
            {**result, "to": [{**link, "associationTypes": list(types)} for link in result["to"]]}
            for result in body["results"]
        ]
        return {**body, "results": results}

    return change


def _endless(body: Json) -> Json:
    paging = {"next": {"after": "0", "link": "?after=0"}}
    return {**body, "results": [{**result, "paging": paging} for result in body["results"]]}


def _half_later(body: Json) -> Json:
    """Every second record of a read is put off."""
    results, put_off = body["results"][::2], body["results"][1::2]
    errors = [
        responses.standard_error("INTERNAL_ERROR", "Try again later.", context={"fromObjectId": [one["from"]["id"]]})
        for one in put_off
    ]
    errors += body.get("errors", ())
    return {**body, "results": results, **({"numErrors": len(errors), "errors": errors} if errors else {})}


_ABOVE_16_MIB = "x" * (16 * 1024 * 1024 + 1)


def _oversized(body: Json) -> Json:
    return {**body, "links": {"padding": _ABOVE_16_MIB}}


def _oversized_for_many(body: Json) -> Json:
    return _oversized(body) if len(body["results"]) + len(body.get("errors", ())) > 20 else body


# ---- pair faults: makers of verdicts


def _refused(refusal: Refusal) -> Callable[[Pair], Verdict]:
    return lambda pair: Verdict(refusal=refusal)


_ELSEWHERE = 5_000_000_000
"""Added to an id, it names a record that nobody asked for: a batch must not seem to confirm another of its pairs."""


def _foreign(pair: Pair) -> Verdict:
    other = pair._replace(from_id=pair.from_id + _ELSEWHERE, to_id=pair.to_id + _ELSEWHERE)
    return Verdict(results=responses.both_directions(other))


def _half_foreign(pair: Pair) -> Verdict:
    return Verdict(results=responses.both_directions(pair._replace(to_id=pair.to_id + _ELSEWHERE)))


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
_LOST_PERMISSIONS = "The user who installed this app no longer has the permissions that it needs."
_NASTY_MESSAGE = (
    '=HYPERLINK("http://127.0.0.1/","click")\nsecond "line"\r\n,;\t\'third\' \u2028 \x07\x1b[31m\x00 コンタクト'
)

# ---- the table

_CALL_FAULTS: dict[str, CallFault] = {
    # the network
    "reset": CallFault("the connection is reset before anything is done", False, _deliver(Delivery.RESET)),
    "lost_answer": CallFault(
        "the work is done, the connection is closed before the answer", True, _deliver(Delivery.CLOSED)
    ),
    "cut_answer": CallFault(
        "the work is done, the connection is closed half way through the answer", True, _deliver(Delivery.HALF)
    ),
    "hang": CallFault("nothing is done and no answer ever comes", False, _deliver(Delivery.NEVER)),
    "lost_hang": CallFault("the work is done, but no answer ever comes", True, _deliver(Delivery.NEVER)),
    "slow": CallFault(
        "the work is done, the answer comes 3 seconds late", True, lambda call, honest: replace(honest, delay=3.0)
    ),
    "redirect": CallFault(
        "302 to a page of the sandbox that counts who follows",
        False,
        _instead(lambda: Response(302, b"", {"Location": "/sandbox/redirected"})),
    ),
    # success in odd clothes
    "status_201": CallFault("success is answered as 201", True, _success(201)),
    "status_202": CallFault("success is answered as 202", True, _success(202)),
    "status_207": CallFault("success is answered as 207", True, _success(207)),
    "errors_as_200": CallFault("a batch with errors is answered as 200 instead of 207", True, _success(200)),
    "extra_fields": CallFault("the answer has fields nobody has heard of", True, _edit(_extra_fields)),
    "missing_fields": CallFault("the answer has only status and results", True, _edit(_missing_fields)),
    "null_fields": CallFault("the optional fields of the answer are null", True, _edit(_null_fields)),
    "numeric_ids": CallFault("record ids in the answer are numbers, not texts", True, _edit(_numeric_ids)),
    "wrong_content_type": CallFault(
        "the JSON answer calls itself text/plain", True, lambda call, honest: replace(honest, content_type="text/plain")
    ),
    "no_content_type": CallFault("the answer has no Content-Type", True, _deliver(Delivery.BARE)),
    "gzip": CallFault("the answer is compressed", True, _gzipped),
    # success that is none, or cannot be seen
    "no_status": CallFault(
        "the answer has no status field", True, _edit(lambda body: {k: v for k, v in body.items() if k != "status"})
    ),
    "empty_body": CallFault("200 with an empty body", True, _body(b"")),
    "empty_object": CallFault("200 with the body {}", True, _body({})),
    "json_list": CallFault("200 with the body []", True, _body([])),
    "truncated_json": CallFault("the JSON of the answer ends in the middle", True, _truncated),
    "html_200": CallFault(
        "200 with an HTML page, as a proxy in between may answer", False, _html(200, "Welcome to the guest network")
    ),
    "unnamed_results": CallFault("linked, but results is empty", True, _edit(lambda body: {**body, "results": []})),
    "pending": CallFault(
        "status PENDING, not linked yet (with *N: linked when asked once more)", False, _batch_status("PENDING")
    ),
    "processing": CallFault(
        "status PROCESSING, not linked yet (with *N: linked when asked once more)", False, _batch_status("PROCESSING")
    ),
    "pending_linked": CallFault(
        "linked, but the status stays PENDING", True, _edit(lambda body: {**body, "status": "PENDING", "results": []})
    ),
    "canceled": CallFault("status CANCELED, not linked", False, _batch_status("CANCELED")),
    "cancelled": CallFault(
        "status CANCELLED, as HubSpot's prose spells it, not linked", False, _batch_status("CANCELLED")
    ),
    "unknown_status": CallFault("a status nobody has heard of, not linked", False, _batch_status("DEFERRED")),
    "first_error_only": CallFault("a batch names only the first of its errors", True, _edit(_first_error_only)),
    "silent_errors": CallFault(
        "a batch or read answers 200 and leaves its errors out: records are missing without a word",
        True,
        _silent_errors,
    ),
    "silent_read": CallFault(
        "a batch read answers COMPLETE and names none of the records",
        True,
        _only_for("read", lambda call, honest: Response(200, responses.batch_body(()))),
    ),
    "uncounted_error": CallFault(
        "a batch counts one error more than it names, and all its pairs are linked",
        True,
        _only_for("batch", _edit(_uncounted_error)),
    ),
    "index_errors": CallFault(
        "the errors of a batch name inputs by their place alone, one even when all are linked",
        True,
        _only_for("batch", _edit(_index_errors)),
    ),
    "labels_only": CallFault(
        "a read lists each link with a label and without the unlabelled type",
        True,
        _only_for("read", _edit(_with_types({"category": "USER_DEFINED", "typeId": 12, "label": "Manager"}))),
    ),
    "no_types": CallFault("a read lists each link without any type", True, _only_for("read", _edit(_with_types()))),
    "endless_pages": CallFault(
        "every page of a read points to the first page again", True, _only_for("read", _edit(_endless))
    ),
    "half_later": CallFault(
        "a read says of every second record: try again later", True, _only_for("read", _edit(_half_later))
    ),
    "oversized": CallFault("the answer to a read is above 16 MiB", True, _only_for("read", _edit(_oversized))),
    "oversized_for_many": CallFault(
        "the answer to a read about more than 20 records is above 16 MiB",
        True,
        _only_for("read", _edit(_oversized_for_many)),
    ),
    # refusals of the whole call
    "token_invalid": CallFault("401 INVALID_AUTHENTICATION", False, _instead(responses.token_refused)),
    "token_expired": CallFault(
        "401 EXPIRED_AUTHENTICATION", False, _instead(lambda: responses.token_refused("EXPIRED_AUTHENTICATION"))
    ),
    "scopes_missing": CallFault(
        "403 MISSING_SCOPES, naming the scope", False, lambda call, honest: responses.scopes_missing(call.to_type)
    ),
    "scopes_missing_text": CallFault(
        "403 MISSING_SCOPES, the scopes printed as one text",
        False,
        lambda call, honest: Response(
            403,
            responses.error(
                "MISSING_SCOPES", "Scopes are missing.", context=f"{{missingScopes=[crm.objects.{call.to_type}.write]}}"
            ),
        ),
    ),
    "account_inactive": CallFault(
        "403 ACCOUNT_INACTIVE, the account is deactivated",
        False,
        _instead(lambda: Response(403, responses.error("ACCOUNT_INACTIVE", "This account has been deactivated"))),
    ),
    "user_lost_permissions": CallFault(
        "403 USER_DOES_NOT_HAVE_PERMISSIONS, the app's creator lost rights",
        False,
        _instead(lambda: Response(403, responses.error("USER_DOES_NOT_HAVE_PERMISSIONS", _LOST_PERMISSIONS))),
    ),
    "too_fast": CallFault(
        "429 TEN_SECONDLY_ROLLING", False, _instead(lambda: responses.over_limit("TEN_SECONDLY_ROLLING"))
    ),
    "too_fast_retry_after": CallFault(
        "429 TEN_SECONDLY_ROLLING with Retry-After: 1",
        False,
        _instead(lambda: responses.over_limit("TEN_SECONDLY_ROLLING", {"Retry-After": "1"})),
    ),
    "too_fast_second": CallFault("429 SECONDLY", False, _instead(lambda: responses.over_limit("SECONDLY"))),
    "daily_limit": CallFault("429 DAILY", False, _instead(lambda: responses.over_limit("DAILY"))),
    "migrating": CallFault(
        "477, the account is being moved, Retry-After: 3600", False, _status(477, {"Retry-After": "3600"})
    ),
    "locked": CallFault("423, locked for 2 seconds", False, _status(423)),
    "retry_after": CallFault("503 with Retry-After: 1", False, _status(503, {"Retry-After": "1"})),
    "retry_after_date": CallFault("503 with Retry-After as a date 2 seconds ahead", False, _retry_on_date),
    "retry_after_nonsense": CallFault(
        "503 with a Retry-After that is no time", False, _status(503, {"Retry-After": "soon"})
    ),
    "lost_504": CallFault("the work is done, the answer is 504", True, _status(504)),
    **{
        f"http_{status}": CallFault(f"{status} with HubSpot's error body", False, _status(status))
        for status in (400, 404, 408, 409, 414, 500, 502, 503, 504)
    },
    **{
        f"html_{status}": CallFault(
            f"{status} with an HTML page, as a firewall, gateway or the network edge answers",
            False,
            _html(status, title),
        )
        for status, title in {
            401: "Sign in to the network",
            403: "Attention Required! | Firewall",
            404: "HTTP ERROR 404",
            413: "413 Request Entity Too Large",
            502: "Bad gateway",
            521: "Web server is down",
            522: "Connection timed out",
            523: "Origin is unreachable",
            524: "A timeout occurred",
            525: "SSL handshake failed",
            526: "Invalid SSL certificate",
        }.items()
    },
}

_PAIR_FAULTS: dict[str, PairFault] = {
    # said within a success
    "empty_results": PairFault("COMPLETE, no error, no result, and not linked", lambda pair: Verdict()),
    "foreign_results": PairFault("COMPLETE, but the results name another pair, and not linked", _foreign),
    "half_foreign_results": PairFault(
        "COMPLETE, but the results name another record on one side, and not linked", _half_foreign
    ),
    "num_errors": PairFault(
        "200 with numErrors 1 and errors", lambda pair: Verdict(errors=(_error_inside(),), num_errors=1)
    ),
    "num_errors_alone": PairFault("200 with numErrors 1 and no errors", lambda pair: Verdict(num_errors=1)),
    "num_errors_named": PairFault(
        "200 with numErrors 1, although results name the pair (in a batch they do not)",
        lambda pair: Verdict(results=responses.both_directions(pair), num_errors=1),
    ),
    "errors_alone": PairFault("200 with errors and no numErrors", lambda pair: Verdict(errors=(_error_inside(),))),
    "nested_errors": PairFault(
        "200 with numErrors 1 and errors within errors",
        lambda pair: Verdict(errors=(_error_inside(**_NESTED),), num_errors=1),
    ),
    "subcategory_object": PairFault(
        "200 with an error whose subCategory is an object",
        lambda pair: Verdict(errors=(_error_inside(subCategory={"name": "crm.associations.RULE"}),), num_errors=1),
    ),
    # refusals
    "unknown_record": PairFault(
        "404 OBJECT_NOT_FOUND for the record on the right",
        lambda pair: Verdict(refusal=responses.unknown_record("TO", pair.to_type, pair.to_id)),
    ),
    "record_403": PairFault(
        "403 FORBIDDEN, the user behind the token may not edit the record on the left",
        _refused(Refusal(403, "FORBIDDEN", "You do not have permissions to edit this record")),
    ),
    "invalid_record_ids": PairFault(
        "400 VALIDATION_ERROR, the record on the left is not valid, and only the context names it",
        lambda pair: Verdict(refusal=responses.invalid_records(pair.from_type, pair.from_id)),
    ),
    "association_limit": PairFault(
        "400 VALIDATION_ERROR, the record on the left may have no more links; the limit is named",
        lambda pair: Verdict(refusal=responses.link_limit(1, pair.from_type, pair.from_id, pair.to_type)),
    ),
    "association_limit_unnamed": PairFault(
        "400 VALIDATION_ERROR, association limit reached, without the limit",
        _refused(responses.invalid("Association limit reached.")),
    ),
    "validation_rule": PairFault(
        "400 VALIDATION_ERROR, a rule of the account forbids it",
        _refused(
            responses.invalid("A validation rule of this account does not allow it.", subCategory="VALIDATION_RULE")
        ),
    ),
    "context_map": PairFault(
        "400 with context as a map", _refused(responses.invalid("Refused.", context={"ids": ["1", "2"]}))
    ),
    "context_list": PairFault(
        "400 with context as a list", _refused(responses.invalid("Refused.", context=["ids", 1, None]))
    ),
    "context_text": PairFault(
        "400 with context as a text", _refused(responses.invalid("Refused.", context="{ids=[1, 2]}"))
    ),
    "subcategory_text": PairFault(
        "400 with subCategory as a text", _refused(responses.invalid("Refused.", subCategory="crm.RULE"))
    ),
    "odd_fields": PairFault(
        "400 whose fields have the wrong types",
        _refused(
            Refusal(
                400,
                "VALIDATION_ERROR",
                "",
                {"message": 17, "category": None, "correlationId": ["x"], "errors": {"a": 1}},
            )
        ),
    ),
    "big_message": PairFault("400 with a message of 1 MB", _refused(responses.invalid("x" * 1_000_000))),
    "nasty_message": PairFault(
        "400 whose message has newlines, quotes and a leading '='", _refused(responses.invalid(_NASTY_MESSAGE))
    ),
}

FAULTS: dict[str, CallFault | PairFault] = {**_CALL_FAULTS, **_PAIR_FAULTS}
"""Every fault by its name."""


def table() -> str:
    """Return the faults as a text for people: name, whether it links, description."""
    width = max(map(len, FAULTS))
    return "\n".join(
        f"{name:<{width}}  {'links' if fault.links else '     '}  {fault.description}" for name, fault in FAULTS.items()
    )
