"""Access tokens for HubSpot: one that never changes, and one in a file that others may replace.

A call that was refused with 401 was not processed, so it may be repeated with another token. A token that someone else
provided may belong to another account: `AccessToken.grant` shows that it must be checked before it is used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from importer.errors import ImporterError


class TokenUnavailableError(Exception):
    """Raised when there is no token at the moment, but a later attempt may get one; the text has no secrets."""


class TokenRefusedError(Exception):
    """Raised when HubSpot refuses to renew the token, so that no attempt can succeed; the text has no secrets."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and the number of the credential that it comes from.

    `grant` is 0 for the initial credential and for tokens that the importer renews itself. It is incremented whenever
    someone else replaces the credential, which may then belong to another account.
    """

    value: SecretStr
    grant: int = 0


class TokenSource(Protocol):
    """The source of the access token of a run. It may be used on several event loops, one after the other."""

    @property
    def origin(self) -> str:
        """The origin of the token, for display."""

    @property
    def name(self) -> str:
        """A name of the source that stays the same when the token is renewed; may be a secret."""

    @property
    def identity(self) -> str:
        """The credential in use; two equal ones belong to the same account. A secret."""

    async def current(self) -> AccessToken:
        """Return the token to use now. Raises TokenUnavailableError or TokenRefusedError."""

    async def replacement(self, refused: AccessToken) -> AccessToken | None:
        """Return another token after a 401 to `refused`, None if there is no other. Raises the errors of `current`."""

    async def close(self) -> None:
        """Finish work in progress. Call this before the event loop ends."""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that nobody renews, such as one from the environment."""

    token: SecretStr
    origin: str

    @property
    def name(self) -> str:
        """The token itself."""
        return self.token.get_secret_value()

    @property
    def identity(self) -> str:
        """The token itself."""
        return self.token.get_secret_value()

    async def current(self) -> AccessToken:
        """Return the token."""
        return AccessToken(self.token)

    async def replacement(self, refused: AccessToken) -> AccessToken | None:
        """Return None: there is no other token."""
        return None

    async def close(self) -> None:
        """Do nothing."""


NO_TOKEN = FixedToken(SecretStr(""), "the settings")
"""The source for commands that need no token."""


@dataclass(slots=True)
class FileToken:
    """A token in a file, which is read again when the token is refused: someone may have renewed it."""

    path: Path
    token: SecretStr
    read: Callable[[], SecretStr]
    """Reads the file; raises an ImporterError without secrets if it contains no token."""
    _grant: int = 0

    @property
    def origin(self) -> str:
        """The path of the file."""
        return f"the file {self.path}"

    @property
    def name(self) -> str:
        """The resolved path of the file."""
        return str(self.path.resolve())

    @property
    def identity(self) -> str:
        """The token that was read last."""
        return self.token.get_secret_value()

    async def current(self) -> AccessToken:
        """Return the token that was read last."""
        return AccessToken(self.token, self._grant)

    async def replacement(self, refused: AccessToken) -> AccessToken | None:
        """Return the token in the file if it differs from the refused one.

        Raises TokenUnavailableError if the file contains no token, for example while it is being written. A pipe is
        not read again, because that could block forever.
        """
        if self.token == refused.value and self.path.is_file():
            try:
                found = self.read()
            except ImporterError as error:
                raise TokenUnavailableError(str(error)) from None
            self._grant += found != self.token
            self.token = found
        return None if self.token == refused.value else await self.current()

    async def close(self) -> None:
        """Do nothing."""
