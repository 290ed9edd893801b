"""The calls that create links: default and labelled, single and in batches."""

from collections.abc import Sequence
from functools import partial

from importer.sandbox import inputs, responses
from importer.sandbox.account import Account
from importer.sandbox.batches import Entry, batch_work
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import Json, PairResult, Refusal, Response
from importer.sandbox.routes import Route
from importer.sandbox.state import State
from importer.sandbox.work import Intercept, Work


class Linking:
    """Creates links and sets labels."""

    def __init__(self, options: SandboxOptions, state: State, account: Account) -> None:
        self._options = options
        self._state = state
        self._account = account

    def put(self, route: Route, body: bytes) -> Work | Refusal:
        """Create the default link of one pair."""
        pair = route.pair

        def carry_out(intercept: Intercept) -> Response:
            return responses.put_response(intercept(pair) or self._account.link(pair))

        return Work(carry_out, (pair,))

    def batch(self, route: Route, body: bytes) -> Work | Refusal:
        """Create the default links of many pairs."""
        entries = inputs.inputs(body, self._options.batch_inputs)
        if isinstance(entries, Refusal):
            return entries
        found = [unlabelled(inputs.input_pair(route.from_type, route.to_type, entry)) for entry in entries]

        def link(intercept: Intercept, entry: Entry) -> PairResult:
            return intercept(entry[0]) or self._account.link(entry[0])

        return batch_work(found, self._state.ask, link, responses.batch_response)

    def label_put(self, route: Route, body: bytes) -> Work | Refusal:
        """Replace the labels of one pair."""
        parsed = inputs.parse(body)
        types = parsed if isinstance(parsed, Refusal) else inputs.association_types(parsed)
        if isinstance(types, Refusal):
            return types
        pair = route.pair

        def carry_out(intercept: Intercept) -> Response:
            result = intercept(pair) or self._account.set_labels(pair, types)
            if result.refusal:
                return result.refusal.response()
            return Response(201, _as_labels(pair.from_type, pair.to_type, result)[0])

        return Work(carry_out, (pair,))

    def create(self, route: Route, body: bytes) -> Work | Refusal:
        """Replace the labels of many pairs."""
        entries = inputs.inputs(body, self._options.batch_inputs)
        if isinstance(entries, Refusal):
            return entries
        found = [labelled_input(route, entry) for entry in entries]

        def link(intercept: Intercept, entry: Entry) -> PairResult:
            pair, types = entry
            faulty = intercept(pair)
            if faulty is None:
                return self._account.set_labels(pair, types)
            results = _as_labels(pair.from_type, pair.to_type, faulty) if faulty.results else ()
            return PairResult(faulty.refusal, tuple(results), faulty.errors, faulty.num_errors)

        return batch_work(found, self._state.ask, link, partial(responses.batch_response, success=201))


def unlabelled(pair: Pair | Refusal) -> Entry | Refusal:
    """Return the entry of a call without labels."""
    return pair if isinstance(pair, Refusal) else (pair, ())


def labelled_input(route: Route, entry: Json) -> Entry | Refusal:
    """Return the pair and the types of one entry `{"from", "to", "types"}`."""
    pair = inputs.input_pair(route.from_type, route.to_type, entry)
    if isinstance(pair, Refusal):
        return pair
    types = inputs.association_types(entry.get("types"))
    return types if isinstance(types, Refusal) else (pair, types)


def _as_labels(from_type: str, to_type: str, result: PairResult) -> Sequence[Json]:
    """Return results in the form of labelled calls; faults return them in the form of default calls."""
    own = [one for one in result.results if "labels" in one]
    if own:
        return own
    ends = [(int(one["from"]["id"]), int(one["to"]["id"])) for one in result.results[:1]] or [(0, 0)]
    return [responses.labels_item(Pair(from_type, from_id, to_type, to_id), ()) for from_id, to_id in ends]
