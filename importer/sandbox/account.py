"""The unfaulted operations of HubSpot on a state: linking and reading back. No HTTP, no faults."""

from importer.sandbox import responses
from importer.sandbox.catalog import ASSOCIATION_SPECS
from importer.sandbox.options import SandboxOptions
from importer.sandbox.responses import Json, PairResult, Refusal, Response
from importer.sandbox.routes import input_id, is_id
from importer.sandbox.state import Pair, State


class Account:
    """The records and links of one account, and its rules."""

    def __init__(self, options: SandboxOptions, state: State) -> None:
        self._options = options
        self._state = state

    def link(self, pair: Pair) -> PairResult:
        """Link the two records; the result holds the refusal if that is not allowed."""
        survivor = self._resolve(pair)
        if isinstance(survivor, Refusal):
            return PairResult(refusal=survivor)
        self._state.links.add(survivor)
        return PairResult(results=responses.both_directions(survivor))

    def _resolve(self, pair: Pair) -> Pair | Refusal:
        from_id = self._state.records.resolve(pair.from_type, pair.from_id)
        if from_id is None:
            return responses.unknown_record("FROM", pair.from_type, pair.from_id)
        to_id = self._state.records.resolve(pair.to_type, pair.to_id)
        if to_id is None:
            return responses.unknown_record("TO", pair.to_type, pair.to_id)
        if from_id == to_id and pair.from_type == pair.to_type:
            return responses.invalid(f"{pair.from_type} {from_id} cannot be associated with itself")
        survivor = Pair(pair.from_type, from_id, pair.to_type, to_id)
        return self._over_cap(survivor) or survivor

    def _over_cap(self, pair: Pair) -> Refusal | None:
        cap = self._options.link_cap
        if cap is None or pair in self._state.links:
            return None
        for end in (pair, pair.reverse()):
            if len(self._state.links.of(end.from_type, end.from_id, end.to_type)) >= cap:
                return responses.link_limit(cap, end.from_type, end.from_id, end.to_type)
        return None

    def read(self, from_type: str, to_type: str, entries: list[Json]) -> Response:
        """Return the links of the records of these inputs, each from its `after` on."""
        found: list[Json] = []
        errors: list[Json] = []
        for entry in entries:
            one = self._read_one(from_type, to_type, input_id(entry), str(entry.get("after") or "0"))
            (found if "from" in one else errors).append(one)
        return responses.read_response(found, errors)

    def _read_one(self, from_type: str, to_type: str, text: str, after: str) -> Json:
        if not is_id(text) or not is_id(after):
            return responses.invalid(f"Invalid object id or cursor: {text[:100]} {after[:100]}").item()
        record_id = self._state.records.resolve(from_type, int(text))
        if record_id is None:
            return responses.unknown_record("FROM", from_type, int(text)).item()
        linked = self._state.links.of(from_type, record_id, to_type)
        if not linked:
            return responses.no_associations(from_type, record_id, to_type)
        start, end = int(after), int(after) + self._options.page_size
        spec = ASSOCIATION_SPECS[from_type, to_type]
        kinds = [{"category": spec["associationCategory"], "typeId": spec["associationTypeId"], "label": None}]
        to = [{"toObjectId": str(to_id), "associationTypes": kinds} for to_id in linked[start:end]]
        result: Json = {"from": {"id": str(record_id)}, "to": to}
        if end < len(linked):
            result["paging"] = {"next": {"after": str(end), "link": f"?after={end}"}}
        return result
