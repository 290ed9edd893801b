"""A person's choices of how a file is read, from and to JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from importer.model import Role
from importer.web.responses import RequestError

_TEXTS = frozenset(
    {"from_object_type", "to_object_type", "from_by", "to_by", "sheet", "delimiter", "encoding"},
)
_SWITCHES = frozenset({"no_header", "allow_blank", "visible_rows_only"})

REMEMBERED = frozenset({"from_object_type", "to_object_type", "from_by", "to_by", "columns", "labels", "allow_blank"})
"""The choices that also fit another file with the same header."""


Columns = Sequence[Mapping[str, Any]]
"""The columns of a file, as in its preview: `index`, `position` and `name`."""


def merged(reading: Mapping[str, Any], changes: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Return the choices with `changes` applied; None removes a choice.

    Raises RequestError if a change is malformed.
    """
    result = dict(reading)
    for key, value in changes.items():
        if key == "columns":
            result[key] = _columns(result.get(key, {}), value, columns)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _checked(key, value)
        if not result.get(key, True):
            del result[key]
    if result.get("no_header"):
        result.pop("header_row", None)
    return result


def columns_by_index(reading: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Return the choices with the index of each chosen column in place of its name."""
    if "columns" not in reading:
        return dict(reading)
    chosen = {role: _index(name, columns) for role, name in reading["columns"].items()}
    return {**reading, "columns": {role: index for role, index in chosen.items() if index is not None}}


def header_key(names: Sequence[str]) -> str:
    """Return the key under which the choices for a header are remembered."""
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()


def _columns(chosen: Mapping[str, str], changes: object, columns: Columns) -> dict[str, str]:
    if changes is None:
        return {}
    if not isinstance(changes, dict):
        raise RequestError(400, "WRONG_TYPE", "The columns are not an object.")
    result = dict(chosen)
    for role, index in changes.items():
        if role not in set(Role):
            raise RequestError(400, "UNKNOWN_KEY", f"There is no role {role!r}.")
        if index is None:
            result.pop(role, None)
            continue
        if type(index) is not int or not 0 <= index < len(columns):
            raise RequestError(400, "WRONG_TYPE", f"There is no column {index!r} in this file.")
        name = columns[index]["name"]
        is_unique = name.strip() and not name.startswith("#") and sum(one["name"] == name for one in columns) == 1
        result[role] = name if is_unique else f"#{columns[index]['position']}"
    return result


def _index(name: str, columns: Columns) -> int | None:
    """Return the index of the column that a name or a position (`#2`) chooses, None if there is no such column."""
    found = (one["index"] for one in columns if name in {one["name"], f"#{one['position']}"})
    return next(found, None)


def _checked(key: str, value: object) -> Any:
    is_valid = (
        (key in _TEXTS and isinstance(value, str))
        or (key in _SWITCHES and isinstance(value, bool))
        or (key == "header_row" and type(value) is int and value > 0)
        or (key == "labels" and isinstance(value, list) and all(isinstance(text, str) for text in value))
    )
    if not is_valid:
        raise RequestError(400, "WRONG_TYPE", f"{key!r} is not an option for reading a file, or has the wrong type.")
    return value
