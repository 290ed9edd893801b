"""Two records to link."""

from typing import NamedTuple


class Pair(NamedTuple):
    """Two records to link, as requested: type names and ids. Equal to a plain tuple of the four."""

    from_type: str
    from_id: int
    to_type: str
    to_id: int

    def reverse(self) -> "Pair":
        """Return the same link seen from its other end."""
        return Pair(self.to_type, self.to_id, self.from_type, self.from_id)


Record = tuple[str, int]
"""A type name and an id."""
