"""The sandbox inside this process: one for a whole command, whichever event loops use it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.sandbox import Sandbox

_LIMIT = 190  # calls per 10 s of a Professional account; `--rate auto` discovers it


class LocalSandbox:
    """A sandbox that is created when first used; its records, links and limits last until the command ends."""

    def __init__(self) -> None:
        """Create nothing yet: most commands need no server."""
        self._sandbox: Sandbox | None = None

    @asynccontextmanager
    async def serve(self, notify: Callable[[str], None]) -> "AsyncIterator[Sandbox]":
        """Serve the sandbox from the running event loop; the first time, report its URL."""
        from importer.sandbox import Sandbox, SandboxOptions  # noqa: PLC0415 - most runs need no server

        is_new = self._sandbox is None
        self._sandbox = self._sandbox or Sandbox(SandboxOptions(limit=_LIMIT))
        async with self._sandbox as sandbox:
            if is_new:
                notify(f"Sandbox: a local HubSpot at {sandbox.url}; nothing leaves this machine.")
            yield sandbox
