"""The confirmation that a command needs before it removes links."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from importer.errors import ConfirmationError


class Removed(StrEnum):
    """What a command removes; the value is the plural."""

    LINKS = "links"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How the number of links or labels to remove is confirmed: given as `number`, or typed by a person.

    `ask` returns what the person types when shown the number; it is None if nobody can be asked.
    """

    number: int | None = None
    ask: Callable[[int, Removed], str] | None = None

    def require(self, number: int, removed: Removed = Removed.LINKS) -> None:
        """Raise ConfirmationError unless exactly `number` links, or labels, may be removed; none always may."""
        if not number:
            return
        if self.number is not None:
            if self.number != number:
                message = (
                    f"--yes {self.number} does not match: {removed_text(number, removed)} would be removed. Nothing "
                    f"was removed. Check the file; if the number is right, give --yes {number}."
                )
                raise ConfirmationError("CONFIRMATION_DIFFERS", message)
            return
        if self.ask is None:
            message = (
                f"{removed_text(number, removed)} would be removed. Nothing was removed, because nobody can be asked "
                f"here. To remove them without being asked, give --yes {number}."
            )
            raise ConfirmationError("CONFIRMATION_MISSING", message)
        typed = self.ask(number, removed).strip().replace(",", "")
        if typed != str(number):
            message = f"{typed!r} is not {number}, the number of {removed} to remove. Nothing was removed."
            raise ConfirmationError("CONFIRMATION_REFUSED", message)


def removed_text(number: int, removed: Removed) -> str:
    """Return a number of links or labels for people."""
    return f"1 {removed.removesuffix('s')}" if number == 1 else f"{number:,} {removed}"


UNCONFIRMED = Confirmation()
"""Nobody can be asked."""
