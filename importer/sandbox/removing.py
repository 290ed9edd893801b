"""The calls that remove links or labels."""

from collections.abc import Iterator
from functools import partial

from importer.sandbox import inputs, responses
from importer.sandbox.account import Account
from importer.sandbox.batches import Entry, batch_work
from importer.sandbox.linking import labelled_input, unlabelled
from importer.sandbox.options import SandboxOptions
from importer.sandbox.responses import Json, PairResult, Refusal, Response
from importer.sandbox.routes import Route, invalid_id, is_id
from importer.sandbox.state import State
from importer.sandbox.work import Intercept, Work


class Removing:
    """Removes links and labels. Removing what is not there succeeds."""

    def __init__(self, options: SandboxOptions, state: State, account: Account) -> None:
        self._options = options
        self._state = state
        self._account = account

    def delete(self, route: Route, body: bytes) -> Work | Refusal:
        """Remove all types of one pair."""
        pair = route.pair

        def carry_out(intercept: Intercept) -> Response:
            result = intercept(pair) or self._account.archive(pair)
            return result.refusal.response() if result.refusal else Response(204)

        return Work(carry_out, (pair,))

    def archive(self, route: Route, body: bytes) -> Work | Refusal:
        """Remove all types of many pairs."""
        entries = inputs.inputs(body, self._options.batch_inputs)
        if isinstance(entries, Refusal):
            return entries
        found = [one for entry in entries for one in _archived(route, entry)]

        def remove(intercept: Intercept, entry: Entry) -> PairResult:
            return intercept(entry[0]) or self._account.archive(entry[0])

        return batch_work(found, self._state.ask_removal, remove, partial(responses.archive_response, route.version))

    def labels_archive(self, route: Route, body: bytes) -> Work | Refusal:
        """Remove labels from many pairs; naming the unlabelled type removes the link."""
        entries = inputs.inputs(body, self._options.batch_inputs)
        if isinstance(entries, Refusal):
            return entries
        found = [labelled_input(route, entry) for entry in entries]

        def remove(intercept: Intercept, entry: Entry) -> PairResult:
            return intercept(entry[0]) or self._account.archive_labels(*entry)

        return batch_work(found, self._state.ask_removal, remove, partial(responses.archive_response, route.version))


def _archived(route: Route, entry: Json) -> Iterator[Entry | Refusal]:
    """Yield the pairs of one entry `{"from": {"id"}, "to": [{"id"}, …]}`."""
    from_id, ends = inputs.input_id(entry.get("from")), entry.get("to")
    if not is_id(from_id) or not isinstance(ends, list):
        yield invalid_id(from_id)
        return
    for end in ends:
        yield unlabelled(inputs.pair_of(route.from_type, from_id, route.to_type, inputs.input_id(end)))
