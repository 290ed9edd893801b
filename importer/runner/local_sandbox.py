"""The sandbox inside this process: one for a whole command, shared by its event loops."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from importer.hubspot.access_tokens import FixedToken

if TYPE_CHECKING:
    from importer.sandbox import Sandbox

SANDBOX_TOKEN = FixedToken(SecretStr("sandbox-token"), "the sandbox")
"""The token that a sandbox accepts by default."""

# Limits per 10 s of a Professional account: for all calls, and for association calls, which `--rate auto` follows.
_LIMIT, _ASSOCIATION_LIMIT = 190, 150


class LocalSandbox:
    """A sandbox that is created when first used; its records, links and limits last until the command ends."""

    def __init__(self) -> None:
        """Create nothing yet: most commands need no server."""
        self._sandbox: Sandbox | None = None

    @asynccontextmanager
    async def serve(self, portal_id: int | None, notify: Callable[[str], None]) -> "AsyncIterator[Sandbox]":
        """Serve the sandbox from the running event loop; the first time, report its URL.

        `portal_id` is the account id of a new sandbox, None for its default.
        """
        from importer.sandbox import Sandbox, SandboxOptions  # noqa: PLC0415 - most runs need no server

        is_new = self._sandbox is None
        if self._sandbox is None:
            options = SandboxOptions(limit=_LIMIT, association_limit=_ASSOCIATION_LIMIT, sample_links=True)
            self._sandbox = Sandbox(replace(options, portal_id=portal_id or options.portal_id))
        async with self._sandbox as sandbox:
            if is_new:
                notify(f"Sandbox: a local HubSpot at {sandbox.url}; nothing leaves this machine.")
            yield sandbox
