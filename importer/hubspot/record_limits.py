"""Limits on the links of a record, and the records that are near them. Source: HubSpot, limits tracking API."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from importer.hubspot.parse import id_text, objects
from importer.hubspot.response import NoResponse, Reply


@dataclass(frozen=True, slots=True)
class RecordLimit:
    """The maximum number of links of a record, in one direction.

    `used` holds the number of links of records near or at the limit, by record id; HubSpot lists only some of them.
    """

    limit: int
    used: Mapping[str, int] = field(default_factory=dict)


def parse_record_limit(reply: Reply) -> RecordLimit | None:
    """Return the limit in a response, None if there is none."""
    if isinstance(reply, NoResponse) or not 200 <= reply.http_status < 300:
        return None
    content = reply.content
    limit = content.get("limit")
    if type(limit) is not int or limit < 1:
        return None
    used = {id_text(one.get("objectId")): limit for one in objects(content.get("atLimitFromRecordSamples"))}
    for one in objects(content.get("nearLimitFromRecordSamples")):
        number = one.get("usage")
        if type(number) is int:
            used.setdefault(id_text(one.get("objectId")), number)
    return RecordLimit(limit, used)


def with_admin_limit(found: RecordLimit | None, reply: Reply) -> RecordLimit | None:
    """Return the lower of `found` and an admin's limit for the unlabelled type, which every link has.

    Source: HubSpot, association limits: an admin may set a limit for each type, even 1.
    """
    if isinstance(reply, NoResponse) or not 200 <= reply.http_status < 300:
        return found
    numbers = [
        one.get("userEnforcedMaxToObjectIds")
        for one in objects(reply.content.get("results"))
        if one.get("label") in (None, "")
    ]
    limits = [number for number in numbers if type(number) is int and number > 0]
    if not limits:
        return found
    return replace(found, limit=min(found.limit, *limits)) if found is not None else RecordLimit(min(limits))
