"""The calls that read links and their definitions."""

from collections.abc import Callable, Mapping

from importer.sandbox import inputs, refusals, responses
from importer.sandbox.association_types import AssociationType
from importer.sandbox.catalog import UNREADABLE_DIRECTIONS
from importer.sandbox.lag import LaggingLinks
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair, Record
from importer.sandbox.responses import Json, Refusal, Response
from importer.sandbox.routes import Route, is_id
from importer.sandbox.state import State
from importer.sandbox.work import Work

_TypeItems = Mapping[AssociationType, Json]
"""Every type of a direction in the form of responses."""

_MAX_PAGE = 500
"""Links on one page of the single GET. Source: HubSpot, associations guide."""

_DEFAULT_LIMIT = 50_000
"""Links of one record to records of one type, if the option `link_cap` sets no other limit. It is not enforced."""

_NEAR_LIMIT = 0.8


class Reading:
    """Reads links, labels and limits of labels."""

    def __init__(self, options: SandboxOptions, state: State, clock: Callable[[], float]) -> None:
        self._options = options
        self._state = state
        self._links = LaggingLinks(state.links, options.read_lag, clock)

    # ---- links

    def read(self, route: Route, body: bytes) -> Work | Refusal:
        """Read the links of many records, each starting at its cursor `after`."""
        entries = inputs.inputs(body, self._options.read_inputs)
        if isinstance(entries, Refusal):
            return entries
        pairs = [inputs.record_of(route.from_type, route.to_type, entry) for entry in entries]
        return Work(lambda intercept: self._read(route.from_type, route.to_type, entries), pairs)

    def _read(self, from_type: str, to_type: str, entries: list[Json]) -> Response:
        found: list[Json] = []
        errors: list[Json] = []
        items = self._type_items(from_type, to_type)
        for entry in entries:
            one = self._read_one(from_type, to_type, entry, items)
            (found if "from" in one else errors).append(one)
        return responses.read_response(found, errors)

    def _read_one(self, from_type: str, to_type: str, entry: Json, items: _TypeItems) -> Json:
        text, after = inputs.input_id(entry), str(entry.get("after") or "0")
        if not is_id(text) or not is_id(after):
            return refusals.invalid(f"Invalid object id or cursor: {text[:100]} {after[:100]}").item()
        record_id = self._state.records.resolve(from_type, int(text))
        if record_id is None:
            return refusals.unknown_record("FROM", from_type, int(text)).item()
        page = self._page((from_type, record_id), to_type, (int(after), self._options.page_size), items)
        if not page["to"] and after == "0":
            return refusals.no_associations(from_type, record_id, to_type)
        return {"from": {"id": str(record_id)}, **page}

    def links(self, route: Route, body: bytes) -> Work | Refusal:
        """Read the links of one record, page by page."""
        limit, after = route.query.get("limit", str(_MAX_PAGE)), route.query.get("after") or "0"
        if not is_id(limit) or not is_id(after) or not 0 < int(limit) <= _MAX_PAGE:
            return refusals.invalid(f"'limit' must be 1 to {_MAX_PAGE} and 'after' a cursor of an earlier page")
        record_id = self._state.records.resolve(route.from_type, route.from_id)
        if record_id is None:
            return refusals.unknown_record("FROM", route.from_type, route.from_id)
        size = min(int(limit), self._options.page_size)

        def carry_out(_: object) -> Response:
            items = self._type_items(route.from_type, route.to_type)
            page = self._page((route.from_type, record_id), route.to_type, (int(after), size), items)
            return Response(200, {"results": page.pop("to"), **page})

        return Work(carry_out, (Pair(route.from_type, route.from_id, route.to_type, 0),))

    def _page(self, record: Record, to_type: str, bounds: tuple[int, int], items: _TypeItems) -> Json:
        """Return `to` and `paging` of a page; `bounds` are its start and its size."""
        if (record[0], to_type) in UNREADABLE_DIRECTIONS:
            return {"to": []}
        found, has_more = self._links.page(record, to_type, *bounds)
        to = [
            {"toObjectId": str(to_id), "associationTypes": [items[one] for one in types if one in items]}
            for to_id, types in found
        ]
        end = sum(bounds)
        return {"to": to, **({"paging": {"next": {"after": str(end), "link": f"?after={end}"}}} if has_more else {})}

    def _type_items(self, from_type: str, to_type: str) -> _TypeItems:
        types = self._state.types
        unlabelled = types.unlabelled(from_type, to_type)
        known = {one.type: _type_item(one.type, one.label) for one in types.all(from_type, to_type)}
        return {unlabelled: _type_item(unlabelled, None), **known}

    # ---- definitions

    def labels(self, route: Route, body: bytes) -> Work | Refusal:
        """List the association types of this direction."""
        found = self._state.types.all(route.from_type, route.to_type)
        return Work(lambda _: Response(200, {"results": [_type_item(one.type, one.label) for one in found]}))

    def label_create(self, route: Route, body: bytes) -> Work | Refusal:
        """Create a label, or with `inverseLabel` a paired one."""
        parsed = inputs.json_object(body)
        if isinstance(parsed, Refusal):
            return parsed
        label, inverse = parsed.get("label"), parsed.get("inverseLabel")
        if not isinstance(label, str) or not isinstance(inverse, str | None):
            return refusals.invalid("Some required fields were not set: [label, name]")
        from_type, to_type = route.from_type, route.to_type

        def carry_out(_: object) -> Response:
            try:
                created = self._state.types.add_label(from_type, to_type, label, inverse)
            except ValueError as error:
                return Refusal(437, "LIMIT_EXCEEDED", str(error)).response()
            both = dict.fromkeys([(created.type, label), (created.inverse, label if inverse is None else inverse)])
            return Response(200, {"results": [_type_item(*one) for one in both]})

        return Work(carry_out)

    def configurations(self, route: Route, body: bytes) -> Work | Refusal:
        """List the types of this direction that an admin has limited, with their limits."""
        found = self._state.types.all(route.from_type, route.to_type)
        results = [
            {**_type_item(one.type, one.label), "userEnforcedMaxToObjectIds": one.max_links}
            for one in found
            if one.max_links is not None
        ]
        return Work(lambda _: Response(200, {"results": results}))

    def record_limits(self, route: Route, body: bytes) -> Work | Refusal:
        """Return how many links a record of the first type may have, and samples of records at and near that limit."""
        limit = self._options.link_cap or _DEFAULT_LIMIT
        counts = self._state.links.link_counts(route.from_type, route.to_type)
        used = sorted((one for one in counts if one[1] >= limit * _NEAR_LIMIT), key=lambda one: -one[1])
        full = [record_id for record_id, number in used if number >= limit]
        return Work(lambda _: responses.record_limits(limit, full, used[len(full) :]))


def _type_item(known: AssociationType, label: str | None) -> Json:
    return {"category": known.category, "typeId": known.type_id, "label": label}
