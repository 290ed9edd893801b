"""An uploaded file as JSON values for the page: what was read from it, and what can be chosen."""

from collections.abc import Mapping
from typing import Any

from importer.reader import OBJECT_TYPES
from importer.web.readings import columns_by_index
from importer.web.store import Import

_LOOKUP_PROPERTIES = {"email": "Email", "domain": "Company domain name"}
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "iso-8859-15", "cp1250", "cp1251", "cp932", "euc-jp", "gb18030", "big5")
_DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}

_EMPTY: Mapping[str, Any] = {
    "format": "",
    "encoding": "",
    "delimiter": "",
    "sheet": "",
    "sheet_names": [],
    "header_row": None,
    "rows_estimate": None,
    "is_exact": False,
    "columns": [],
    "rows": [],
    "roles": {},
    "reasons": {},
    "from_type": None,
    "to_type": None,
    "from_by": None,
    "to_by": None,
    "sentence": "",
    "notes": [],
    "warnings": [],
}
"""The preview of a file that cannot be read at all."""


def import_values(found: Import, preview: Mapping[str, Any], start: str | None) -> dict[str, Any]:
    """Return an import with the preview of its file as JSON values."""
    reading = columns_by_index(found.reading, preview.get("columns", ()))
    known = {**_EMPTY, **preview, **(_chosen(reading) if preview["error"] is not None else {})}
    return {
        "id": found.id,
        "name": found.name,
        "size": found.size,
        "created_at": found.created_at,
        "operation": found.operation,
        "label_mode": found.label_mode,
        **{key: known[key] for key in ("format", "encoding", "delimiter", "sheet", "header_row")},
        "sheets": known["sheet_names"],
        "rows": known["rows_estimate"],
        "rows_estimated": not known["is_exact"],
        "columns": [_column_values(column) for column in known["columns"]],
        "preview": known["rows"],
        "roles": known["roles"] or {},
        "reasons": known["reasons"] or {},
        **{key: known[key] for key in ("from_type", "to_type", "from_by", "to_by", "sentence")},
        "notes": known["notes"],
        "warnings": known["warnings"],
        "types": [{"name": name, "label": name.replace("_", " ").capitalize()} for name in OBJECT_TYPES],
        "lookup": [{"name": name, "label": label} for name, label in _LOOKUP_PROPERTIES.items()],
        "encodings": _ENCODINGS,
        "delimiters": [{"value": value, "label": label} for value, label in _DELIMITERS.items()],
        "reading": reading,
        "error": preview["error"],
        "is_complete": preview["error"] is None,
        "remembered": found.is_remembered,
        "suggested": found.is_suggested,
        "edits": len(found.edits),
        "run_id": found.run_id,
        "start": start,
    }


def _chosen(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices for the columns so far, with the keys of a preview, which omits them until it has no error."""
    return {
        "roles": reading.get("columns"),
        "from_type": reading.get("from_object_type"),
        "to_type": reading.get("to_object_type"),
        "from_by": reading.get("from_by"),
        "to_by": reading.get("to_by"),
    }


def _column_values(column: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": column["index"],
        "letter": column["letters"],
        "name": column["name"],
        "samples": column["samples"],
    }


def column_names(preview: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns in a preview."""
    return [column["name"] for column in preview.get("columns", ())]
