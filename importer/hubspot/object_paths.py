"""Paths of HubSpot's calls about records and their properties, by API version.

Source: HubSpot, CRM objects guide; the dated versions replace `v3` of the objects and properties APIs.
"""

from urllib.parse import quote

from importer.config import ApiVersion
from importer.hubspot.paths import segment
from importer.model import ObjectType


def batch_read_records(version: ApiVersion, object_type: ObjectType, *, archived: bool = False) -> tuple[str, str]:
    """Return the path and query of the POST that reads up to 100 records by id or by a unique property."""
    return f"{_objects(version)}/{segment(object_type)}/batch/read", "archived=true" if archived else ""


def records(version: ApiVersion, object_type: ObjectType, after: str) -> tuple[str, str]:
    """Return the path and query of the GET that lists records, 100 per page, from the cursor `after`."""
    query = f"limit=100&after={quote(after, safe='')}" if after else "limit=100"
    return f"{_objects(version)}/{segment(object_type)}", query


def search_records(version: ApiVersion, object_type: ObjectType) -> str:
    """Return the path of the POST that searches records."""
    return f"{_objects(version)}/{segment(object_type)}/search"


def properties(version: ApiVersion, object_type: ObjectType) -> str:
    """Return the path of the GET that lists the properties of an object type."""
    base = "/crm/v3/properties" if version is ApiVersion.V4 else f"/crm/properties/{version}"
    return f"{base}/{segment(object_type)}"


def _objects(version: ApiVersion) -> str:
    return "/crm/v3/objects" if version is ApiVersion.V4 else f"/crm/objects/{version}"
