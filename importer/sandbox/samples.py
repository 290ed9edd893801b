"""The records, labels and links that the files of sample_data need. All are invented."""

from importer.sandbox.association_types import AssociationType
from importer.sandbox.pairs import Pair
from importer.sandbox.state import State

PEOPLE = tuple(
    (500_101 + 19 * number, first, last, f"{first}.{last}@{place}.example".lower())
    for number, (first, last, place) in enumerate(
        (first, last, place)
        for place in ("northfield", "southgate")
        for first in ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay")
        for last in ("Amber", "Birch", "Cedar", "Dale")
    )
)
"""Contacts that can be found by email: id, first name, last name, email."""

COMPANIES = tuple(
    (70_001 + number, name, f"{name.lower().replace(' ', '-')}.example")
    for number, name in enumerate(
        ("Northfield Bakery", "Southgate Books", "Westhaven Bicycles", "Eastbrook Gardens", "Millpond Lamps")
    )
)
"""Companies that can be found by domain: id, name, domain."""

TWO_COMPANIES_DOMAIN = "harbour-toys.example"
"""The domain of two companies."""

SECONDARY_EMAIL = "ada@private.example"
"""An additional address of the first of `PEOPLE`."""

MERGED_EMAIL = "ben.b@old.example"
"""The address of a contact that was merged into the second of `PEOPLE`."""

ARCHIVED_EMAIL = "gone@northfield.example"
"""The address of a deleted contact."""

MERGED_CONTACT, ARCHIVED_CONTACT = 7_000_000_001, 7_000_000_002

LABELS = ("Decision maker", "Billing contact")
"""Labels between contacts and companies."""

WRONG_LINKS = tuple(
    Pair("contacts", PEOPLE[number][0], "companies", COMPANIES[(number + 2) % len(COMPANIES)][0])
    for number in range(0, 40, 2)
)
"""Links that exist on request, to be removed again. Every fourth one has the first of `LABELS`."""


def add_sample_records(state: State) -> None:
    """Create the records and labels in a new state."""
    records = state.records
    for record_id, first, last, email in PEOPLE:
        records.add(("contacts", record_id), {"firstname": first, "lastname": last, "email": email})
    records.add(("contacts", PEOPLE[0][0]), {"hs_additional_emails": SECONDARY_EMAIL})
    for record_id, name, domain in COMPANIES:
        records.add(("companies", record_id), {"name": name, "domain": domain})
    for record_id in (70_011, 70_012):
        records.add(("companies", record_id), {"name": "Harbour Toys", "domain": TWO_COMPANIES_DOMAIN})
    records.add(("contacts", MERGED_CONTACT), {"email": MERGED_EMAIL})
    state.merge(("contacts", MERGED_CONTACT), PEOPLE[1][0])
    records.add(("contacts", ARCHIVED_CONTACT), {"email": ARCHIVED_EMAIL})
    state.archive(("contacts", ARCHIVED_CONTACT), "2026-10-01T08:00:00.000Z")
    for label in LABELS:
        state.types.add_label("contacts", "companies", label)
    state.types.add_label("contacts", "contacts", "Manager", "Employee")


def add_sample_links(state: State) -> None:
    """Create the links of `WRONG_LINKS`."""
    (label,) = (one.type for one in state.types.all("contacts", "companies") if one.label == LABELS[0])
    for number, pair in enumerate(WRONG_LINKS):
        state.links.add(pair)
        labels: tuple[AssociationType, ...] = (label,) if number % 4 == 0 else ()
        state.links.add_labels(pair, labels)
