"""URLs of records in HubSpot."""

from importer.model import PairOutcome
from importer.reader import type_id

_DEFAULT_DOMAIN = "app.hubspot.com"


def record_links(pair: PairOutcome, portal_id: int | None, domain: str) -> dict[str, str | None]:
    """Return the URLs of the two records of a pair, None if not known. Source: HubSpot, record URLs."""

    def url(object_type: str, record_id: str) -> str | None:
        found = type_id(object_type)
        if portal_id is None or found is None:
            return None
        return f"https://{domain or _DEFAULT_DOMAIN}/contacts/{portal_id}/record/{found}/{record_id}"

    one = pair.pair
    return {"from_url": url(one.from_type, one.from_id), "to_url": url(one.to_type, one.to_id)}
