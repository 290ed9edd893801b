"""Property values of records known by id: request bodies and response parsing."""

from collections.abc import Collection
from typing import Any

from importer.hubspot.lookup import MERGED_IDS, errors_only_report_missing
from importer.hubspot.parse import objects
from importer.hubspot.response import Response


def values_body(name: str, ids: Collection[str]) -> dict[str, Any]:
    """Return the body of a batch read of the property `name` for at most 100 records."""
    return {"inputs": [{"id": one} for one in ids], "properties": [name, MERGED_IDS], "propertiesWithHistory": []}


def parse_values(response: Response, name: str, ids: Collection[str]) -> dict[str, str | None]:
    """Return the values in a readable response by record id; None for a record that does not exist.

    A record without a value has "". A record missing from the result is not known. The response lists a merged record
    under the id of its survivor, with the ids that were merged into it. Source: HubSpot, CRM objects guide.
    """
    values: dict[str, str | None] = {}
    items = response.content.get("results")
    listed = objects(items)
    is_clear = isinstance(items, list) and len(listed) == len(items)
    for item in listed:
        properties = item.get("properties")
        record = str(item.get("id"))
        if not isinstance(properties, dict):
            is_clear = False
            continue
        value = properties.get(name)
        text = "" if value is None else str(value)
        merged = str(properties.get(MERGED_IDS) or "").split(";")
        named = {one for one in (record, *map(str.strip, merged)) if one in ids}
        values.update(dict.fromkeys(named, text))
        is_clear = is_clear and bool(named)
    if is_clear and errors_only_report_missing(response):
        values |= dict.fromkeys(set(ids) - values.keys())
    return values
