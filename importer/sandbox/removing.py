"""The calls that remove links or labels."""

from collections.abc import Iterator

from importer.sandbox import inputs, responses
from importer.sandbox.account import Account
from importer.sandbox.association_types import AssociationType
from importer.sandbox.linking import labelled_input
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair
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
        pairs = [one for one in found if isinstance(one, Pair)]
        self._state.ask_removal(pairs)

        def remove(intercept: Intercept, one: Pair | Refusal) -> PairResult:
            if isinstance(one, Refusal):
                return PairResult(refusal=one)
            return intercept(one) or self._account.archive(one)

        return Work(
            lambda intercept: responses.archive_response(route.version, [remove(intercept, one) for one in found]),
            pairs,
        )

    def labels_archive(self, route: Route, body: bytes) -> Work | Refusal:
        """Take labels off many pairs; naming the unlabelled type removes the link."""
        entries = inputs.inputs(body, self._options.batch_inputs)
        if isinstance(entries, Refusal):
            return entries
        found = [labelled_input(route, entry) for entry in entries]
        pairs = [one[0] for one in found if not isinstance(one, Refusal)]
        self._state.ask_removal(pairs)

        def remove(intercept: Intercept, one: tuple[Pair, list[AssociationType]] | Refusal) -> PairResult:
            if isinstance(one, Refusal):
                return PairResult(refusal=one)
            return intercept(one[0]) or self._account.archive_labels(*one)

        return Work(
            lambda intercept: responses.archive_response(route.version, [remove(intercept, one) for one in found]),
            pairs,
        )


def _archived(route: Route, entry: Json) -> Iterator[Pair | Refusal]:
    """Yield the pairs of one entry `{"from": {"id"}, "to": [{"id"}, …]}`."""
    from_id, ends = inputs.input_id(entry.get("from")), entry.get("to")
    if not is_id(from_id) or not isinstance(ends, list):
        yield invalid_id(from_id)
        return
    for end in ends:
        yield inputs.pair_of(route.from_type, from_id, route.to_type, inputs.input_id(end))
