"""Values that only the program itself sets, for one process."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Supplied:
    """Values that the command line or the page sets; no file, flag or variable can.

    `token` was typed by a person. `sandbox_url` is the base URL of a sandbox that is already running; None if each
    command starts its own. `shown_portal_id` is the HubSpot account that the page showed when a person started this;
    None if it was not known.
    """

    token: SecretStr | None = None
    sandbox_url: str | None = None
    shown_portal_id: int | None = None
