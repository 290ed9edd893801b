"""Parsing of request lines: the kind of call, its types and its records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from importer.sandbox import refusals, responses
from importer.sandbox.calls import CallKind
from importer.sandbox.catalog import TYPE_NAMES
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import Refusal, Response

VERSIONS = ("v4", "2026-03", "2026-09")
"""The supported API versions. In a path, `v4` precedes the area; the others follow it."""

_MAX_ID_DIGITS = 19

_ONE, _OTHER, _ID, _OTHER_ID = "{from}", "{to}", "{id}", "{to_id}"

_Methods = Mapping[str, CallKind]

_ENDPOINTS: tuple[tuple[tuple[str, ...], _Methods], ...] = tuple(
    (tuple(template.split("/")), methods)
    for template, methods in (
        ("objects/{from}/{id}/associations/default/{to}/{to_id}", {"PUT": CallKind.PUT}),
        (
            "objects/{from}/{id}/associations/{to}/{to_id}",
            {"PUT": CallKind.LABEL_PUT, "DELETE": CallKind.DELETE},
        ),
        ("objects/{from}/{id}/associations/{to}", {"GET": CallKind.LINKS}),
        ("associations/{from}/{to}/batch/associate/default", {"POST": CallKind.BATCH}),
        ("associations/{from}/{to}/batch/read", {"POST": CallKind.READ}),
        ("associations/{from}/{to}/batch/create", {"POST": CallKind.CREATE}),
        ("associations/{from}/{to}/batch/archive", {"POST": CallKind.ARCHIVE}),
        ("associations/{from}/{to}/batch/labels/archive", {"POST": CallKind.LABELS_ARCHIVE}),
        ("associations/{from}/{to}/labels", {"GET": CallKind.LABELS, "POST": CallKind.LABEL_CREATE}),
        ("associations/definitions/configurations/{from}/{to}", {"GET": CallKind.CONFIGURATIONS}),
        ("limits/associations/records/{from}/{to}", {"GET": CallKind.RECORD_LIMITS}),
        ("records/{from}/batch/read", {"POST": CallKind.LOOKUP}),
        ("records/{from}/search", {"POST": CallKind.SEARCH}),
        ("records/{from}", {"GET": CallKind.RECORDS}),
        ("properties/{from}", {"GET": CallKind.PROPERTIES}),
        ("account-info/details", {"GET": CallKind.ACCOUNT}),
        ("oauth/token", {"POST": CallKind.OAUTH}),
    )
)
"""Paths without their version, and the kind of call that each allowed method makes."""


@dataclass(frozen=True, slots=True)
class Route:
    """A request line, parsed. Types are "" and ids 0 where the path has none.

    `refusal`: that of an unknown type or an invalid id.
    """

    kind: CallKind
    version: str = "v4"
    from_type: str = ""
    to_type: str = ""
    from_id: int = 0
    to_id: int = 0
    query: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None

    @property
    def pair(self) -> Pair:
        """The pair that the path names."""
        return Pair(self.from_type, self.from_id, self.to_type, self.to_id)


def find(method: str, raw_path: str) -> Route | Response:
    """Return the route of the request line, or the response that refuses it (404 or 405)."""
    path, _, query = raw_path.partition("?")
    parts = path.split("/")
    if "%" in path:
        parts = [unquote(part) for part in parts]
    version, rest = _without_version(parts)
    for template, methods in _ENDPOINTS:
        if (values := _match(template, rest)) is None:
            continue
        if method not in methods:
            return Response(405, responses.error("METHOD_NOT_ALLOWED", f"HTTP {method} is not allowed here."))
        return _route(methods[method], version, values, dict(parse_qsl(query)))
    return Response(404, responses.error("OBJECT_NOT_FOUND", "The requested path could not be found."))


def _without_version(parts: list[str]) -> tuple[str, list[str]]:
    """Return the version and the path in the form of `_ENDPOINTS`."""
    match parts:
        case ["", "crm", "v4", "objects" | "associations", *_]:
            return "v4", parts[3:]
        case ["", "crm", "associations", "v4", *rest] if "batch" not in rest:
            return "v4", ["associations", *rest]
        case ["", "crm", "v3", "objects", *rest]:
            return "v4", ["records", *rest]
        case ["", "crm", "v3", "properties" | "limits" as area, *rest]:
            return "v4", [area, *rest]
        case ["", "crm", "objects", "2026-03" | "2026-09" as version, *rest] if "associations" not in rest:
            return version, ["records", *rest]
        case ["", "crm", area, "2026-03" | "2026-09" as version, *rest]:
            return version, [area, *rest]
        case ["", "account-info", "v3" | "2026-03" | "2026-09", "details"]:
            return "v4", ["account-info", "details"]
        case ["", "oauth", "v1", "token"]:
            return "v4", ["oauth", "token"]
    return "", []


def _match(template: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    if len(template) != len(parts):
        return None
    values = {}
    for expected, part in zip(template, parts, strict=True):
        if expected.startswith("{"):
            values[expected] = part
        elif expected != part:
            return None
    return values


def _route(kind: CallKind, version: str, values: Mapping[str, str], query: Mapping[str, str]) -> Route:
    types = {side: values[side] for side in (_ONE, _OTHER) if side in values}
    ids = {side: values[side] for side in (_ID, _OTHER_ID) if side in values}
    for name in types.values():
        if refusal := unknown_type(name):
            return Route(kind, version, refusal=refusal)
    for text in ids.values():
        if not is_id(text):
            return Route(kind, version, refusal=invalid_id(text))
    return Route(
        kind=kind,
        version=version,
        from_type=TYPE_NAMES[types[_ONE]] if _ONE in types else "",
        to_type=TYPE_NAMES[types[_OTHER]] if _OTHER in types else "",
        from_id=int(ids.get(_ID, 0)),
        to_id=int(ids.get(_OTHER_ID, 0)),
        query=query,
    )


def unknown_type(name: str) -> Refusal | None:
    """Return the refusal of a type that the account does not have."""
    if name in TYPE_NAMES:
        return None
    return refusals.invalid(f"Unable to infer object type from: {name}", context={"objectType": [name]})


def invalid_id(text: str) -> Refusal:
    """Return the refusal of a text that is not a record id."""
    return refusals.invalid(f"Invalid object id: {text[:100]}", context={"id": [text[:100]]})


def is_id(text: str) -> bool:
    """Return whether this is a record id: ASCII digits that fit into 64 bits."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS
