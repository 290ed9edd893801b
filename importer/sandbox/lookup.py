"""The calls that read records and properties, and the account's details."""

from collections.abc import Iterable
from itertools import islice
from zlib import crc32

from importer.sandbox import inputs, refusals, responses
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair, Record
from importer.sandbox.properties import LOOKUP_PROPERTIES
from importer.sandbox.records import CREATED_AT, Records
from importer.sandbox.responses import Json, Refusal, Response
from importer.sandbox.routes import Route, is_id
from importer.sandbox.state import State
from importer.sandbox.work import Work

_MAX_INPUTS = 100
"""Maximum inputs of a batch read of records, and records on a page of a list. Source: HubSpot, CRM objects guide."""

_UNNAMED_PROPERTIES = ("createdate", "hs_lastmodifieddate", "hs_object_id")
"""Properties that every response about records has, even if they were not requested."""


class Lookup:
    """Reads records by id or by a unique property, lists them, and reads property definitions."""

    def __init__(self, options: SandboxOptions, state: State) -> None:
        self._options = options
        self._state = state

    @property
    def _records(self) -> Records:
        return self._state.records

    # ---- batch read

    def lookup(self, route: Route, body: bytes) -> Work | Refusal:
        """Read many records by id or by `idProperty`."""
        parsed = inputs.json_object(body)
        entries = parsed if isinstance(parsed, Refusal) else inputs.inputs(body, _MAX_INPUTS)
        if isinstance(parsed, Refusal) or isinstance(entries, Refusal):
            return entries if isinstance(entries, Refusal) else refusals.invalid("Invalid input JSON")
        id_property, archived = parsed.get("idProperty"), route.query.get("archived") == "true"
        if id_property is not None and not self._identifies(route.from_type, id_property):
            return refusals.invalid(
                f"Property {str(id_property)[:100]} does not exist or is not a unique property of {route.from_type}",
                context={"idProperty": [str(id_property)[:100]]},
            )
        names = _names(parsed.get("properties"))
        values = [inputs.input_id(entry) for entry in entries]

        def carry_out(_: object) -> Response:
            found = {value: self._find(route.from_type, id_property, value, archived=archived) for value in values}
            ids = dict.fromkeys(one for one in reversed(list(found.values())) if one is not None)
            items = [record_item(self._records, (route.from_type, one), names) for one in ids]
            missing = [value for value, one in found.items() if one is None]
            return _batch_of_records(items, route.from_type, missing)

        pairs = [_subject(route.from_type, value) for value in values]
        return Work(carry_out, pairs)

    def _identifies(self, object_type: str, name: object) -> bool:
        if not isinstance(name, str) or name == "hs_object_id":
            return False
        if name in LOOKUP_PROPERTIES.get(object_type, ()):
            return True
        known = self._records.properties[object_type].get(name)
        return known is not None and known.is_unique

    def _find(self, object_type: str, id_property: str | None, value: str, *, archived: bool) -> int | None:
        if id_property is None:
            candidates: Iterable[int] = [int(value)] if is_id(value) else []
        elif id_property == "email" and object_type == "contacts":
            candidates = sorted(self._records.find_by_email(value.strip()))
        else:
            candidates = sorted(self._records.find(object_type, id_property, value.strip()))
        for one in candidates:
            if archived and (object_type, one) in self._records.archived:
                return one
            if not archived and (survivor := self._records.resolve(object_type, one)) is not None:
                return survivor
        return None

    # ---- lists

    def records(self, route: Route, body: bytes) -> Work | Refusal:
        """List the records of a type, ascending by id."""
        limit, after = route.query.get("limit", "10"), route.query.get("after") or "0"
        if not is_id(limit) or not is_id(after) or not 0 < int(limit) <= _MAX_INPUTS:
            return refusals.invalid(f"'limit' must be 1 to {_MAX_INPUTS} and 'after' a cursor of an earlier page")
        names = [name for name in route.query.get("properties", "").split(",") if name]
        if route.query.get("archived") == "true":
            ids = sorted(one for kind, one in self._records.archived if kind == route.from_type and one > int(after))
        else:
            linked = self._state.links.linked(route.from_type)
            ids = list(islice(self._records.listed_ids(route.from_type, int(after), linked), int(limit) + 1))
        page = ids[: int(limit)]

        def carry_out(_: object) -> Response:
            results = [record_item(self._records, (route.from_type, one), names) for one in page]
            following = {"paging": {"next": {"after": str(page[-1]), "link": f"?after={page[-1]}"}}}
            return Response(200, {"results": results, **(following if len(ids) > len(page) else {})})

        return Work(carry_out)

    # ---- definitions

    def properties(self, route: Route, body: bytes) -> Work | Refusal:
        """List the property definitions of a type."""
        results = [
            {
                "name": one.name,
                "label": one.label,
                "type": "string",
                "fieldType": "text",
                "groupName": f"{route.from_type}information",
                "hasUniqueValue": one.is_unique,
                "archived": False,
            }
            for one in self._records.properties[route.from_type].values()
        ]
        return Work(lambda _: Response(200, {"results": results}))

    def account(self, route: Route, body: bytes) -> Work | Refusal:
        """Return the details of the account."""
        own = self._options
        return Work(lambda _: responses.account_details(own.portal_id, own.account_type, own.time_zone))


def record_item(records: Records, record: Record, names: Iterable[str]) -> Json:
    """Return a record with these properties in the form of responses about records."""
    object_type, record_id = record
    known = records.properties[object_type]
    wanted = dict.fromkeys([*_UNNAMED_PROPERTIES, *(name for name in names if name in known)])
    archived_at = records.archived.get(record)
    return {
        "id": str(record_id),
        "properties": {name: records.value(record, name) for name in wanted},
        "createdAt": CREATED_AT,
        "updatedAt": CREATED_AT,
        "archived": archived_at is not None,
        **({"archivedAt": archived_at} if archived_at else {}),
    }


def _subject(object_type: str, value: str) -> Pair:
    """Return a pair that is always the same for a looked-up value, so that faults can affect single values."""
    return Pair(object_type, int(value) if is_id(value) else crc32(value.casefold().encode()), "", 0)


def _names(found: object) -> list[str]:
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _batch_of_records(items: list[Json], object_type: str, missing: list[str]) -> Response:
    """Return the response to a batch read, which does not identify the input of a result."""
    body = responses.batch_body(items)
    if not missing:
        return Response(200, body)
    kind = object_type.removesuffix("s").upper()
    message = f"Could not get some {kind} objects, they may be deleted or not exist. Check that ids are valid."
    error = responses.standard_error("OBJECT_NOT_FOUND", message, context={"ids": missing})
    return Response(207, body | {"numErrors": 1, "errors": [error]})
