"""The meaning of responses to labelled calls. Only reading back shows whether the labels are set."""

from importer.hubspot.advice import RETRY_ADVICE
from importer.hubspot.classify import Action, Decision, classify_response, incomplete, outcome_of
from importer.hubspot.parse import id_text
from importer.hubspot.response import NoResponse, Reply
from importer.model import Outcome, Pair, Status
from importer.result_columns import NOT_IN_RESULTS


def classify_labelled_response(response: Reply, pair: Pair) -> Decision:
    """Return the meaning of the response to the PUT of the labels of `pair`.

    Here, `linked` means that the response names the pair; the labels still have to be read back.
    """
    if isinstance(response, NoResponse) or not 200 <= response.http_status < 300 or not response.is_json:
        return classify_response(response, pair)
    if response.num_errors or response.error.errors:
        return classify_response(response, pair)
    if response.status not in {"", "COMPLETE"}:
        return incomplete(response)
    ids = {id_text(response.content.get(key)) for key in ("fromObjectId", "toObjectId")}
    if ids == {pair.from_id, pair.to_id}:
        return Decision(Action.DONE, Outcome(Status.LINKED, response.http_status, response.status))
    message = "HubSpot's response to the labels does not name this pair."
    return Decision(Action.DONE, outcome_of(Status.UNCONFIRMED, response, NOT_IN_RESULTS, message, RETRY_ADVICE))
