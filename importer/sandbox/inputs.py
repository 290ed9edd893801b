"""Parsing of JSON bodies; invalid ones become refusals."""

import json
from typing import Any

from importer.sandbox import refusals
from importer.sandbox.association_types import AssociationType
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import Json, Refusal
from importer.sandbox.routes import invalid_id, is_id


def parse(body: bytes) -> Any:
    """Return the parsed body, or a refusal."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: JSON that is nested too deeply
        return refusals.invalid("Invalid input JSON on line 1, column 1")


def json_object(body: bytes) -> Json | Refusal:
    """Return the body as a JSON object, or a refusal."""
    parsed = parse(body)
    if isinstance(parsed, dict | Refusal):
        return parsed
    return refusals.invalid("Invalid input JSON: an object is expected")


def inputs(body: bytes, maximum: int) -> list[Json] | Refusal:
    """Return the `inputs` of a batch body, or a refusal."""
    parsed = parse(body)
    if isinstance(parsed, Refusal):
        return parsed
    found = parsed.get("inputs") if isinstance(parsed, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return refusals.invalid("Invalid input JSON: 'inputs' must be a list of objects")
    if not 0 < len(found) <= maximum:
        return refusals.invalid(f"'inputs' has {len(found)} entries; 1 to {maximum} are allowed")
    return found


def input_pair(from_type: str, to_type: str, entry: Json) -> Pair | Refusal:
    """Return the pair of one entry `{"from": {"id"}, "to": {"id"}}`."""
    return pair_of(from_type, input_id(entry.get("from")), to_type, input_id(entry.get("to")))


def pair_of(from_type: str, from_id: str, to_type: str, to_id: str) -> Pair | Refusal:
    """Return the pair of two known types and two ids as texts, or the refusal of an invalid id."""
    for text in (from_id, to_id):
        if not is_id(text):
            return invalid_id(text)
    return Pair(from_type, int(from_id), to_type, int(to_id))


def input_id(end: object) -> str:
    """Return the id of `{"id": "7"}` as text, "" if it is missing."""
    return str(end.get("id", "")) if isinstance(end, dict) else ""


def record_of(from_type: str, to_type: str, entry: Json) -> Pair:
    """Return the record of a read's input as a pair with record 0, so that faults can affect single records."""
    text = input_id(entry)
    return Pair(from_type, int(text) if is_id(text) else 0, to_type, 0)


def association_types(found: object) -> list[AssociationType] | Refusal:
    """Return the types of `[{"associationCategory", "associationTypeId"}, …]`, or a refusal."""
    if not isinstance(found, list) or not found:
        return refusals.invalid("Invalid input JSON: at least one association type is required")
    types = []
    for one in found:
        category = one.get("associationCategory") if isinstance(one, dict) else None
        type_id = str(one.get("associationTypeId")) if isinstance(one, dict) else ""
        if not isinstance(category, str) or not is_id(type_id):
            return refusals.invalid("Some required fields were not set: [associationCategory, associationTypeId]")
        types.append(AssociationType(category, int(type_id)))
    return types
