"""The object types of the sandbox's account and the unlabelled association types between them."""

from typing import TypedDict

OBJECT_TYPES = {
    "appointments": "0-421",
    "calls": "0-48",
    "carts": "0-142",
    "communications": "0-18",
    "companies": "0-2",
    "contacts": "0-1",
    "courses": "0-410",
    "deals": "0-3",
    "discounts": "0-84",
    "emails": "0-49",
    "feedback_submissions": "0-19",
    "fees": "0-85",
    "goals": "0-74",
    "invoices": "0-53",
    "leads": "0-136",
    "line_items": "0-8",
    "listings": "0-420",
    "marketing_events": "0-54",
    "meetings": "0-47",
    "notes": "0-46",
    "orders": "0-123",
    "payments": "0-101",
    "postal_mail": "0-116",
    "products": "0-7",
    "projects": "0-970",
    "quotes": "0-14",
    "services": "0-162",
    "subscriptions": "0-69",
    "tasks": "0-27",
    "taxes": "0-86",
    "tickets": "0-5",
    "users": "0-115",
}
"""HubSpot's object types: plural name to id. Source: HubSpot, "Using object APIs" guide."""

CUSTOM_TYPES = {"p1_pets": "2-101", "p1_homes": "2-102"}
"""The custom object types of the sandbox's own account: fully qualified name to id."""

TYPE_IDS = OBJECT_TYPES | CUSTOM_TYPES
"""The id of every type of the account."""

TYPE_NAMES = {
    name: plural
    for plural, type_id in (OBJECT_TYPES | CUSTOM_TYPES).items()
    for name in {plural, type_id, plural.removeprefix("p1_")}
}
"""Every name of a type that a path may use, mapped to the one the sandbox stores. Singulars are not included."""

_KNOWN_ASSOCIATION_TYPES = {
    ("contacts", "contacts"): 449,
    ("companies", "companies"): 450,
    ("deals", "deals"): 451,
    ("tickets", "tickets"): 452,
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("contacts", "deals"): 4,
    ("deals", "contacts"): 3,
    ("contacts", "tickets"): 15,
    ("tickets", "contacts"): 16,
    ("companies", "deals"): 342,
    ("deals", "companies"): 341,
    ("companies", "tickets"): 340,
    ("tickets", "companies"): 339,
    ("deals", "tickets"): 27,
    ("tickets", "deals"): 28,
    ("deals", "line_items"): 19,
    ("line_items", "deals"): 20,
    ("deals", "quotes"): 63,
    ("quotes", "deals"): 64,
    ("contacts", "notes"): 201,
    ("notes", "contacts"): 202,
    ("companies", "notes"): 189,
    ("notes", "companies"): 190,
    ("contacts", "tasks"): 203,
    ("tasks", "contacts"): 204,
    ("companies", "tasks"): 191,
    ("tasks", "companies"): 192,
    ("contacts", "meetings"): 199,
    ("meetings", "contacts"): 200,
    ("contacts", "calls"): 193,
    ("calls", "contacts"): 194,
    ("contacts", "emails"): 197,
    ("emails", "contacts"): 198,
}
"""Unlabelled association type ids. Source: HubSpot, associations guide, "association type id values"."""


PRIMARY_TYPES = {
    ("contacts", "companies"): (1, 2),
    ("deals", "companies"): (5, 6),
    ("tickets", "companies"): (26, 25),
    ("leads", "contacts"): (578, 579),
    ("leads", "companies"): (580, 581),
    ("leads", "deals"): (582, 583),
}
"""Ids of Primary: from the record that has a primary record, and in the other direction.

Source: HubSpot, associations guide; the reverse ids of leads are invented.
"""

UNREADABLE_DIRECTIONS = frozenset({("deals", "leads")})
"""Directions in which a read finds no links even if there are some. Source: measured on an account."""


class AssociationSpec(TypedDict):
    """An `associationSpec` of the API."""

    associationCategory: str
    associationTypeId: int


def association_type(from_type: str, to_type: str) -> AssociationSpec:
    """Return the `associationSpec` of a default link in this direction; undocumented types get a stable id."""
    if from_type in CUSTOM_TYPES or to_type in CUSTOM_TYPES:
        return {"associationCategory": "USER_DEFINED", "associationTypeId": _invented_id(from_type, to_type)}
    type_id = _KNOWN_ASSOCIATION_TYPES.get((from_type, to_type)) or _invented_id(from_type, to_type)
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}


def _invented_id(from_type: str, to_type: str) -> int:
    names = sorted(OBJECT_TYPES | CUSTOM_TYPES)
    return 1000 + 100 * names.index(from_type) + names.index(to_type)


ASSOCIATION_SPECS = {
    (one, other): association_type(one, other)
    for one in OBJECT_TYPES | CUSTOM_TYPES
    for other in OBJECT_TYPES | CUSTOM_TYPES
}
"""The `associationSpec` of every direction."""
