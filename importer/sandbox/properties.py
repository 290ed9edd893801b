"""Properties of records: their definitions and default values."""

import re
from dataclasses import dataclass

from importer.sandbox.catalog import CUSTOM_TYPES, OBJECT_TYPES


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an object type.

    `is_unique`: its definition has `hasUniqueValue`. `pattern`: the default value, with `{}` for the id of the record.
    """

    name: str
    label: str
    is_unique: bool = False
    pattern: str | None = None

    def default(self, record_id: int) -> str | None:
        """Return the value that a record has if none is set."""
        return self.pattern.format(record_id) if self.pattern else None

    def record_with_default(self, value: str) -> int | None:
        """Return the id of the record whose default value this is, ignoring case."""
        if not self.pattern:
            return None
        before, _, after = self.pattern.casefold().partition("{}")
        match = re.fullmatch(rf"{re.escape(before)}([1-9]\d{{0,18}}){re.escape(after)}", value.casefold(), re.ASCII)
        return int(match[1]) if match else None


_COMMON = (
    Property("hs_object_id", "Record ID", is_unique=True),
    Property("hs_merged_object_ids", "Merged record IDs"),
    Property("createdate", "Create date"),
    Property("hs_lastmodifieddate", "Last modified date"),
)

_OF_TYPES = {
    "contacts": (
        Property("email", "Email", pattern="contact-{}@example.com"),
        Property("hs_additional_emails", "Additional email addresses"),
        Property("firstname", "First name"),
        Property("lastname", "Last name"),
        Property("customer_number", "Customer number", is_unique=True, pattern="C{}"),
    ),
    "companies": (
        Property("name", "Company name", pattern="Company {}"),
        Property("domain", "Company domain name", pattern="company-{}.example.com"),
        Property("account_code", "Account code", is_unique=True, pattern="A{}"),
    ),
    "deals": (Property("dealname", "Deal name", pattern="Deal {}"),),
    "tickets": (Property("subject", "Ticket name", pattern="Ticket {}"),),
}

DEFAULT_PROPERTIES = {
    object_type: {one.name: one for one in (*_COMMON, *_OF_TYPES.get(object_type, ()))}
    for object_type in OBJECT_TYPES | CUSTOM_TYPES
}
"""The properties of every object type by name.

`email` is not marked as unique, although records can be looked up by it.
"""

LOOKUP_PROPERTIES = {"contacts": frozenset({"email"})}
"""Properties that identify records although their definition does not have `hasUniqueValue`."""
