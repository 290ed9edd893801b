"""Paths of HubSpot's endpoints, by API version. Source: HubSpot, OpenAPI files of `v4`, 2026-03 and 2026-09."""

from urllib.parse import quote

from importer.config import ApiVersion
from importer.model import ObjectType, Pair

V4_ENDS = "2027-03-30"
"""The day on which HubSpot ends support for `v4`. Source: HubSpot, changelog."""


def default_association(version: ApiVersion, pair: Pair) -> str:
    """Return the path of the PUT that links one pair with the default (unlabelled) association."""
    return f"{_links_of(version, pair)}/default/{segment(pair.to_type)}/{segment(pair.to_id)}"


def association(version: ApiVersion, pair: Pair) -> str:
    """Return the path of all association types of one pair: a PUT replaces its labels, a DELETE removes the link."""
    return f"{_links_of(version, pair)}/{segment(pair.to_type)}/{segment(pair.to_id)}"


def batch_archive(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the POST that removes all association types of many pairs."""
    return f"{_associations(version)}/{segment(from_type)}/{segment(to_type)}/batch/archive"


def batch_labels_archive(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the POST that removes labels from many pairs."""
    return f"{_associations(version)}/{segment(from_type)}/{segment(to_type)}/batch/labels/archive"


def batch_default(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the POST that links up to 2,000 pairs with the default association."""
    return f"{_associations(version)}/{segment(from_type)}/{segment(to_type)}/batch/associate/default"


def batch_create(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the POST that sets the labels of up to 2,000 pairs."""
    return f"{_associations(version)}/{segment(from_type)}/{segment(to_type)}/batch/create"


def labels(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> tuple[str, ...]:
    """Return the paths of the GET that lists the labels in this direction; the second one is tried after a 404.

    Source: HubSpot; the OpenAPI file of `v4` has the first form, its guide the second.
    """
    end = f"{segment(from_type)}/{segment(to_type)}/labels"
    found = f"{_associations(version)}/{end}"
    return (f"/crm/associations/v4/{end}", found) if version is ApiVersion.V4 else (found,)


def batch_read(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the POST that reads the links of up to 1,000 records."""
    return f"{_associations(version)}/{segment(from_type)}/{segment(to_type)}/batch/read"


def record_limits(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the GET that reads how many links a record may have; for `v4`, its version is `v3`."""
    area = "/crm/v3/limits" if version is ApiVersion.V4 else f"/crm/limits/{version}"
    return f"{area}/associations/records/{segment(from_type)}/{segment(to_type)}"


def type_limits(version: ApiVersion, from_type: ObjectType, to_type: ObjectType) -> str:
    """Return the path of the GET that reads the limits that an admin has set for association types."""
    area = "/crm/associations/v4" if version is ApiVersion.V4 else f"/crm/associations/{version}"
    return f"{area}/definitions/configurations/{segment(from_type)}/{segment(to_type)}"


def account_details(version: ApiVersion) -> str:
    """Return the path of the GET that returns the account of a token; for `v4`, its version is `v3`."""
    return f"/account-info/{'v3' if version is ApiVersion.V4 else version}/details"


def _associations(version: ApiVersion) -> str:
    return "/crm/v4/associations" if version is ApiVersion.V4 else f"/crm/associations/{version}"


def _links_of(version: ApiVersion, pair: Pair) -> str:
    """Return the path of the links of the record to link from."""
    objects = "/crm/v4/objects" if version is ApiVersion.V4 else f"/crm/objects/{version}"
    return f"{objects}/{segment(pair.from_type)}/{segment(pair.from_id)}/associations"


def segment(text: str) -> str:
    """Return a text quoted as one segment of a path."""
    if text.isascii() and text.isalnum():  # most segments: nothing to quote
        return text
    return quote(text, safe="").replace(".", "%2E")  # `quote` keeps `..`, which would change the path
