"""The counts of a lookup."""

from collections.abc import Iterable
from dataclasses import dataclass

from importer.hubspot.lookup import Ambiguous, Found, NotFound, Result, Unread


@dataclass(slots=True)
class LookupCounts:
    """Distinct values that were looked up, by result.

    `not_read` counts values that HubSpot refuses. `merged` counts found values that may come from another record, which
    was merged into the one found.
    """

    values: int = 0
    found: int = 0
    not_found: int = 0
    ambiguous: int = 0
    not_read: int = 0
    merged: int = 0

    def add(self, results: Iterable[Result]) -> None:
        """Count results."""
        for result in results:
            self.values += 1
            self.found += isinstance(result, Found)
            self.merged += isinstance(result, Found) and bool(result.merged)
            self.not_found += isinstance(result, NotFound)
            self.ambiguous += isinstance(result, Ambiguous)
            self.not_read += isinstance(result, Unread)
