"""The calls that read links and their definitions."""

from importer.sandbox import inputs, refusals, responses
from importer.sandbox.association_types import AssociationType
from importer.sandbox.catalog import UNREADABLE_DIRECTIONS
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import Json, Refusal, Response
from importer.sandbox.routes import Route, is_id
from importer.sandbox.state import State
from importer.sandbox.work import Work

_MAX_PAGE = 500
"""Links on one page of the single GET. Source: HubSpot, associations guide."""


class Reading:
    """Reads links, labels and limits of labels."""

    def __init__(self, options: SandboxOptions, state: State) -> None:
        self._options = options
        self._state = state

    # ---- links

    def read(self, route: Route, body: bytes) -> Work | Refusal:
        """Read the links of many records, each from its `after` on."""
        entries = inputs.inputs(body, self._options.read_inputs)
        if isinstance(entries, Refusal):
            return entries
        pairs = [inputs.record_of(route.from_type, route.to_type, entry) for entry in entries]
        return Work(lambda intercept: self._read(route.from_type, route.to_type, entries), pairs)

    def _read(self, from_type: str, to_type: str, entries: list[Json]) -> Response:
        found: list[Json] = []
        errors: list[Json] = []
        for entry in entries:
            one = self._read_one(from_type, to_type, inputs.input_id(entry), str(entry.get("after") or "0"))
            (found if "from" in one else errors).append(one)
        return responses.read_response(found, errors)

    def _read_one(self, from_type: str, to_type: str, text: str, after: str) -> Json:
        if not is_id(text) or not is_id(after):
            return refusals.invalid(f"Invalid object id or cursor: {text[:100]} {after[:100]}").item()
        record_id = self._state.records.resolve(from_type, int(text))
        if record_id is None:
            return refusals.unknown_record("FROM", from_type, int(text)).item()
        page = self._page(from_type, record_id, to_type, int(after), self._options.page_size)
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
            page = self._page(route.from_type, record_id, route.to_type, int(after), size)
            return Response(200, {"results": page.pop("to"), **page})

        return Work(carry_out, (Pair(route.from_type, route.from_id, route.to_type, 0),))

    def _page(self, from_type: str, record_id: int, to_type: str, start: int, size: int) -> Json:
        linked = self._state.links.of(from_type, record_id, to_type)
        if (from_type, to_type) in UNREADABLE_DIRECTIONS:
            linked = []
        texts = {one.type: one.label for one in self._state.types.all(from_type, to_type)}
        to = [
            {
                "toObjectId": str(to_id),
                "associationTypes": [
                    _type_item(one, texts[one])
                    for one in self._state.links.types(Pair(from_type, record_id, to_type, to_id))
                ],
            }
            for to_id in linked[start : start + size]
        ]
        end = start + size
        paging = {"paging": {"next": {"after": str(end), "link": f"?after={end}"}}} if end < len(linked) else {}
        return {"to": to, **paging}

    # ---- definitions

    def labels(self, route: Route, body: bytes) -> Work | Refusal:
        """List the association types of this direction."""
        found = self._state.types.all(route.from_type, route.to_type)
        return Work(lambda _: Response(200, {"results": [_type_item(one.type, one.label) for one in found]}))

    def label_create(self, route: Route, body: bytes) -> Work | Refusal:
        """Create a label, with `inverseLabel` a paired one."""
        parsed = inputs.json_object(body)
        if isinstance(parsed, Refusal):
            return parsed
        label, inverse = parsed.get("label"), parsed.get("inverseLabel")
        if not isinstance(label, str) or not isinstance(inverse, str | None):
            return refusals.invalid("Some required fields were not set: [label, name]")
        from_type, to_type = route.from_type, route.to_type

        def carry_out(_: object) -> Response:
            try:
                made = self._state.types.add_label(from_type, to_type, label, inverse)
            except ValueError as error:
                return Refusal(437, "LIMIT_EXCEEDED", str(error)).response()
            both = dict.fromkeys([(made.type, label), (made.inverse, label if inverse is None else inverse)])
            return Response(200, {"results": [_type_item(*one) for one in both]})

        return Work(carry_out)

    def configurations(self, route: Route, body: bytes) -> Work | Refusal:
        """List the types of this direction with the limit that an admin set for them."""
        found = self._state.types.all(route.from_type, route.to_type)
        results = [
            {**_type_item(one.type, one.label), "userEnforcedMaxToObjectIds": one.max_links}
            for one in found
            if one.max_links is not None
        ]
        return Work(lambda _: Response(200, {"results": results}))


def _type_item(known: AssociationType, label: str | None) -> Json:
    return {"category": known.category, "typeId": known.type_id, "label": label}
