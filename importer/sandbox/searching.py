"""Search for records by their properties, with the limits of the search API.

Source of the limits: HubSpot, search guide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from importer.sandbox import inputs, refusals
from importer.sandbox.lookup import record_item
from importer.sandbox.pairs import Record
from importer.sandbox.records import Records
from importer.sandbox.responses import Refusal, Response
from importer.sandbox.routes import Route
from importer.sandbox.state import State
from importer.sandbox.work import Work

_MAX_BODY = 3_000
_MAX_PAGE = 200
_MAX_RESULTS = 10_000
_MAX_GROUPS = 5
_MAX_FILTERS = 18

_Filter = Mapping[str, Any]
_Group = list[_Filter]


@dataclass(frozen=True, slots=True)
class _Query:
    """A valid search, which finds the records for which all filters of at least one group hold."""

    groups: list[_Group]
    names: list[str]
    limit: int
    after: int


class Searching:
    """Searches records.

    A group with an EQ or IN filter searches all records. Any other group searches only records whose properties have
    been set, because the records that exist from the start are computed.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def search(self, route: Route, body: bytes) -> Work | Refusal:
        """Search one page of records, ascending by id."""
        if len(body.decode("utf-8", "replace")) > _MAX_BODY:
            return refusals.invalid(f"The request body is above {_MAX_BODY} characters")
        parsed = inputs.json_object(body)
        query = parsed if isinstance(parsed, Refusal) else _query(parsed)
        if isinstance(query, Refusal):
            return query
        records, object_type = self._state.records, route.from_type
        for name in (one["propertyName"] for group in query.groups for one in group):
            if name not in records.properties[object_type]:
                return refusals.invalid(f"Property {str(name)[:100]} does not exist")

        def carry_out(_: object) -> Response:
            ids = sorted({one for group in query.groups for one in _matches(records, object_type, group)})
            end = query.after + query.limit
            results = [record_item(records, (object_type, one), query.names) for one in ids[query.after : end]]
            paging = {"paging": {"next": {"after": str(end), "link": f"?after={end}"}}} if end < len(ids) else {}
            return Response(200, {"total": len(ids), "results": results, **paging}, has_rate_headers=False)

        return Work(carry_out)


def _query(parsed: Mapping[str, Any]) -> _Query | Refusal:
    groups = parsed.get("filterGroups", [])
    if not isinstance(groups, list) or not all(_is_group(group) for group in groups):
        return refusals.invalid("Invalid input JSON: 'filterGroups' must be a list of groups of filters")
    filters = [list(group["filters"]) for group in groups]
    if not 0 < len(filters) <= _MAX_GROUPS or sum(map(len, filters)) > _MAX_FILTERS:
        return refusals.invalid(f"1 to {_MAX_GROUPS} filter groups with at most {_MAX_FILTERS} filters are allowed")
    limit, after = parsed.get("limit", 10), str(parsed.get("after") or "0")
    if not isinstance(limit, int) or not 0 < limit <= _MAX_PAGE:
        return refusals.invalid(f"'limit' must be 1 to {_MAX_PAGE}")
    if not (after.isascii() and after.isdigit()) or int(after) + limit > _MAX_RESULTS:
        return refusals.invalid(f"Paging is possible up to {_MAX_RESULTS} results")
    names = parsed.get("properties") or []
    return _Query(filters, [name for name in names if isinstance(name, str)], limit, int(after))


def _is_group(group: object) -> bool:
    filters = group.get("filters") if isinstance(group, dict) else None
    return isinstance(filters, list) and bool(filters) and all(_is_filter(one) for one in filters)


def _is_filter(one: object) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("propertyName"), str):
        return False
    if one.get("operator") in {"IN", "NOT_IN"}:
        return isinstance(one.get("values"), list)
    return one.get("operator") in _OPERATORS


def _matches(records: Records, object_type: str, group: _Group) -> set[int]:
    candidates = _candidates(records, object_type, group)
    existing = {one for one in candidates if records.resolve(object_type, one) == one}
    return {one for one in existing if all(_holds(records, (object_type, one), single) for single in group)}


def _candidates(records: Records, object_type: str, group: _Group) -> set[int]:
    for one in group:
        name = one["propertyName"]
        if one["operator"] == "EQ":
            return records.find(object_type, name, str(one.get("value", "")))
        if one["operator"] == "IN":
            return set().union(*(records.find(object_type, name, str(value)) for value in one["values"]))
    return records.with_values(object_type)


def _holds(records: Records, record: Record, one: _Filter) -> bool:
    value = records.value(record, one["propertyName"])
    own = None if value is None else value.lower()
    if one["operator"] in {"IN", "NOT_IN"}:
        # Values are compared as they are: upper-case ones match nothing, which is HubSpot's behaviour for text.
        return own is not None and (own in map(str, one["values"])) is (one["operator"] == "IN")
    return _OPERATORS[one["operator"]](own, str(one.get("value", "")).lower())


_OPERATORS: Mapping[str, Callable[[str | None, str], bool]] = {
    "EQ": lambda own, value: own == value,
    "NEQ": lambda own, value: own is not None and own != value,
    "HAS_PROPERTY": lambda own, value: own is not None,
    "NOT_HAS_PROPERTY": lambda own, value: own is None,
    "CONTAINS_TOKEN": lambda own, value: own is not None and value.strip("*") in own,
}
