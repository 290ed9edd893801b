"""How far a run was undone: by the undo of it that is listed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Undone(StrEnum):
    """How far a run was undone. It is UNKNOWN once the undo was deleted or cannot be read."""

    FULLY = "fully"
    PARTLY = "partly"
    RUNNING = "running"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"

    @classmethod
    def by(cls, undo: Mapping[str, Any] | None) -> "Undone":
        """Return how far the undo with these listed values, None if it is missing, has got."""
        match undo:
            case {"state": "finished", "bad": bad}:
                return cls.PARTLY if bad else cls.FULLY
            case {"state": "running" | "unfinished" as state}:
                return cls(state)
            case _:
                return cls.UNKNOWN
