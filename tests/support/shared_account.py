"""A sandbox in another thread, whose links tests change and compare as other clients would."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from importer import Settings
from importer.sandbox import Pair, Sandbox, SandboxOptions
from importer.sandbox.association_types import AssociationType
from importer.sandbox.dump import sorted_links
from tests.support.threads import served_in_thread

Item = tuple[Pair, AssociationType]
"""One type of a link, as seen from the smaller of its two ends."""


@dataclass
class Account:
    """A sandbox that is served by another thread, and changed there."""

    sandbox: Sandbox
    loop: asyncio.AbstractEventLoop

    def call(self, change: Callable[[], object]) -> None:
        """Call `change` in the thread of the sandbox."""

        async def changed() -> None:
            change()

        asyncio.run_coroutine_threadsafe(changed(), self.loop).result(30)

    def clear(self) -> None:
        """Remove all links, and separate merged records."""
        state = self.sandbox.state
        for pair in list(state.links):
            state.links.remove(pair)
        for record in list(state.records.merged):
            state.records.add(record)

    def bytes(self) -> bytes:
        """Return all links with their types: equal links give equal bytes."""
        return b"".join(sorted_links(self.sandbox.state.links))

    def settings(self, state_dir: Path, **flags: object) -> Settings:
        """Return settings for commands in this account that need not wait."""
        rates = {"rate": "50000/1", "batch_rate": "50000/1", "backoff_base": 0.001, "backoff_cap": 0.002}
        values = {"base_url": self.sandbox.url, "state_dir": state_dir, "quiet": True}
        return Settings.model_validate(values | rates | flags)

    def items(self) -> set[Item]:
        """Return every type of every link."""
        links = self.sandbox.state.links
        pairs = {min(pair, pair.reverse()) for pair in links}
        return {(pair, one) for pair in pairs for one in links.types(pair)}


@asynccontextmanager
async def _account() -> AsyncIterator[Account]:
    async with Sandbox(SandboxOptions(limit=100_000, window=1.0)) as sandbox:
        yield Account(sandbox, asyncio.get_running_loop())


@contextmanager
def account() -> Iterator[Account]:
    """Serve a sandbox in a thread; no limit slows it down."""
    with served_in_thread(_account) as running:
        yield running
