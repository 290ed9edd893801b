"""What a front end adds to the settings of one process."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Supplied:
    """What a front end supplies to one process, never by a file, an argument or the environment.

    `token` was typed by a person; `sandbox_url` is the base URL of a sandbox that is served already, None if a command
    is to serve its own one.
    """

    token: SecretStr | None = None
    sandbox_url: str | None = None
