"""The sandbox inside this process: one for a whole command, whichever event loops use it."""

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

# Calls in 10 s of a Professional account: all of them, and association calls alone, which `--rate auto` keeps to.
_LIMIT, _ASSOCIATION_LIMIT = 190, 150


class LocalSandbox:
    """A sandbox that is created when first used; its records, links and limits last until the command ends."""

    def __init__(self) -> None:
        """Create nothing yet: most commands need no server."""
        self._sandbox: Sandbox | None = None

    @asynccontextmanager
    async def serve(self, portal_id: int | None, notify: Callable[[str], None]) -> "AsyncIterator[Sandbox]":
        """Serve the sandbox from the running event loop; the first time, report its URL.

        `portal_id` is its account id when it is created, None for its own default.
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
