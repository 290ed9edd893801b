"""Call faults of the connection, and of responses that report or resemble success."""

from dataclasses import replace

from importer.sandbox import responses
from importer.sandbox.faults import edits
from importer.sandbox.faults.kinds import CallFault
from importer.sandbox.faults.transforms import (
    batch_status,
    body,
    compress,
    deliver,
    edit,
    edit_batch,
    html,
    instead,
    only_for,
    status,
    success,
    truncate,
)
from importer.sandbox.responses import Delivery, Response

CONNECTION_FAULTS = {
    "reset": CallFault("the connection is reset before the call is carried out", False, deliver(Delivery.RESET)),
    "lost_answer": CallFault(
        "carried out, but the connection closes before the response", True, deliver(Delivery.CLOSED)
    ),
    "cut_answer": CallFault(
        "carried out, but the connection closes halfway through the response", True, deliver(Delivery.HALF)
    ),
    "hang": CallFault("not carried out, and no response is ever sent", False, deliver(Delivery.NEVER)),
    "lost_hang": CallFault("carried out, but no response is ever sent", True, deliver(Delivery.NEVER)),
    "slow": CallFault(
        "carried out, but the response is sent 3 seconds late",
        True,
        lambda call, unfaulted: replace(unfaulted, delay=3.0),
    ),
    "redirect": CallFault(
        "302 to a page of the sandbox that counts the clients that follow it",
        False,
        instead(lambda: Response(302, b"", {"Location": "/sandbox/redirected"})),
    ),
}

UNUSUAL_SUCCESSES = {
    "status_201": CallFault("a success has status 201", True, success(201)),
    "status_202": CallFault("a success has status 202", True, success(202)),
    "status_207": CallFault("a success has status 207", True, success(207)),
    "errors_as_200": CallFault("a batch with errors has status 200 instead of 207", True, success(200)),
    "extra_fields": CallFault("the response has undocumented fields", True, edit_batch(edits.unknown_fields)),
    "missing_fields": CallFault(
        "the response has only status and results", True, edit_batch(edits.only_required_fields)
    ),
    "null_fields": CallFault("the optional fields of the response are null", True, edit(edits.null_fields)),
    "numeric_ids": CallFault("record ids in the response are numbers, not strings", True, edit(edits.numeric_ids)),
    "wrong_content_type": CallFault(
        "the Content-Type of the JSON response is text/plain",
        True,
        lambda call, unfaulted: replace(unfaulted, content_type="text/plain"),
    ),
    "no_content_type": CallFault("the response has no Content-Type", True, deliver(Delivery.BARE)),
    "gzip": CallFault("the response is compressed", True, compress),
    "no_rate_headers": CallFault(
        "the response has no rate limit headers",
        True,
        lambda call, unfaulted: replace(unfaulted, has_rate_headers=False),
    ),
    "primary_results": CallFault(
        "the results of a default link name the type Primary instead of the unlabelled one",
        True,
        only_for("put batch", edit_batch(edits.primary_results)),
    ),
}

UNCERTAIN_SUCCESSES = {
    "no_status": CallFault("the response has no status field", True, edit(edits.without_status)),
    "empty_body": CallFault("200 with an empty body", True, body(b"")),
    "empty_object": CallFault("200 with the body {}", True, body({})),
    "json_list": CallFault("200 with the body []", True, body([])),
    "truncated_json": CallFault("the JSON of the response ends in the middle", True, truncate),
    "html_200": CallFault(
        "200 with an HTML page, such as a proxy sends", False, html(200, "Welcome to the guest network")
    ),
    "unnamed_results": CallFault("linked, but results is empty", True, edit_batch(edits.without_results)),
    "pending": CallFault(
        "status PENDING, not linked yet (with *N: linked when retried)", False, batch_status("PENDING")
    ),
    "processing": CallFault(
        "status PROCESSING, not linked yet (with *N: linked when retried)", False, batch_status("PROCESSING")
    ),
    "pending_linked": CallFault("linked, but the status stays PENDING", True, edit_batch(edits.never_finished)),
    "canceled": CallFault("status CANCELED, not linked", False, batch_status("CANCELED")),
    "cancelled": CallFault(
        "status CANCELLED, the other documented spelling, not linked", False, batch_status("CANCELLED")
    ),
    "unknown_status": CallFault("an undocumented status, not linked", False, batch_status("DEFERRED")),
    "first_error_only": CallFault("a batch lists only its first error", True, edit(edits.first_error_only)),
    "silent_errors": CallFault(
        "a batch or read has status 200 and omits its errors: records are missing without a trace",
        True,
        edits.silent_errors,
    ),
    "silent_read": CallFault(
        "a batch read is COMPLETE and names none of the records",
        True,
        only_for("read", lambda call, unfaulted: Response(200, responses.batch_body(()))),
    ),
    "uncounted_error": CallFault(
        "a batch counts one more error than it lists, and all its pairs are linked",
        True,
        only_for("batch", edit(edits.uncounted_error)),
    ),
    "index_errors": CallFault(
        "the errors of a batch identify inputs by position alone, with one error even when all are linked",
        True,
        only_for("batch", edit(edits.index_errors)),
    ),
}

READ_FAULTS = {
    "unnamed_records": CallFault(
        "a batch read of records omits the last record it found, without an error",
        True,
        only_for("lookup", edit_batch(edits.without_last_result)),
    ),
    "labels_only": CallFault(
        "a read lists each link with a label and without the unlabelled type",
        True,
        only_for("read", edit(edits.with_types({"category": "USER_DEFINED", "typeId": 12, "label": "Manager"}))),
    ),
    "no_types": CallFault("a read lists each link without any type", True, only_for("read", edit(edits.with_types()))),
    "read_405": CallFault("a read of links is refused with 405", True, only_for("read links", status(405))),
    "endless_pages": CallFault(
        "every page of a read points to the first page again", True, only_for("read", edit(edits.endless_pages))
    ),
    "half_later": CallFault(
        "a read postpones every second record: try again later", True, only_for("read", edit(edits.half_later))
    ),
    "oversized": CallFault("the response to a read is above 16 MiB", True, only_for("read", edit(edits.oversized))),
    "oversized_for_many": CallFault(
        "the response to a read of more than 20 records is above 16 MiB",
        True,
        only_for("read", edit(edits.oversized_for_many)),
    ),
}
