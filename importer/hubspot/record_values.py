"""Values of a property of records that are known by id: bodies of requests, parsing of responses."""

from collections.abc import Collection
from typing import Any

from importer.hubspot.lookup import MERGED_IDS, errors_only_report_missing
from importer.hubspot.parse import objects
from importer.hubspot.response import Response


def values_body(name: str, ids: Collection[str]) -> dict[str, Any]:
    """Return the body of a batch read of the property `name` of at most 100 records."""
    return {"inputs": [{"id": one} for one in ids], "properties": [name, MERGED_IDS], "propertiesWithHistory": []}


def parse_values(response: Response, name: str, ids: Collection[str]) -> dict[str, str | None]:
    """Return the values by id as a readable response has them; None for a record that does not exist.

    A record without a value has "". One whose id is not returned is not known. The id of a merged record is that of
    its survivor in the response, which lists the ids that were merged into it. Source: HubSpot, CRM objects guide.
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
