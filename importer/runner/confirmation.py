"""The confirmation that a command needs before it removes links."""

from collections.abc import Callable
from dataclasses import dataclass

from importer.errors import ConfirmationError


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How the number of links to remove is confirmed: it was given, or a person is asked to type it.

    `ask` returns what a person types when shown the number; None if there is nobody to ask.
    """

    number: int | None = None
    ask: Callable[[int], str] | None = None

    def require(self, number: int) -> None:
        """Raise ConfirmationError unless exactly `number` links may be removed."""
        if self.number is not None:
            if self.number != number:
                message = (
                    f"--yes {self.number} does not match: {links_text(number)} would be removed. Nothing was removed. "
                    f"Check the file; if the number is right, give --yes {number}."
                )
                raise ConfirmationError("CONFIRMATION_DIFFERS", message)
            return
        if not number:
            return
        if self.ask is None:
            message = (
                f"{links_text(number)} would be removed. Nothing was removed, because nobody can be asked here. To "
                f"remove them without being asked, give --yes {number}."
            )
            raise ConfirmationError("CONFIRMATION_MISSING", message)
        typed = self.ask(number).strip().replace(",", "")
        if typed != str(number):
            message = f"{typed!r} is not {number}, the number of links to remove. Nothing was removed."
            raise ConfirmationError("CONFIRMATION_REFUSED", message)


def links_text(number: int) -> str:
    """Return a number of links for people."""
    return "1 link" if number == 1 else f"{number:,} links"


UNCONFIRMED = Confirmation()
"""Nobody can be asked."""
