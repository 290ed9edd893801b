"""URLs of records in HubSpot."""

from importer.model import ObjectType, Outcome, Pair, PairOutcome, RecordId, Status
from importer.web.links import record_links

PAIR = PairOutcome(
    Pair(ObjectType("contacts"), RecordId("7"), ObjectType("p1_pets"), RecordId("8")), Outcome(Status.LINKED), 2
)


def test_a_record_has_a_url_if_its_account_and_the_id_of_its_type_are_known() -> None:
    url = "https://app-eu1.hubspot.com/contacts/123/record/0-1/7"
    assert record_links(PAIR, 123, "app-eu1.hubspot.com") == {"from_url": url, "to_url": None}
    assert record_links(PAIR, 123, "") == {"from_url": url.replace("-eu1", ""), "to_url": None}
    assert record_links(PAIR, None, "") == {"from_url": None, "to_url": None}
