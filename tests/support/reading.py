"""Passes of the engines that only read, and existing links."""

from collections.abc import Sequence
from pathlib import Path

from importer.model import Pair
from importer.pool import Pool, ReadFirst, Verify
from importer.pool.dispatch import Source
from importer.sandbox import Sandbox
from importer.sandbox.state import Pair as SandboxPair
from tests.support.pool import Ran, Rig, journal_of, key


def of_pending(pool: Pool) -> Source:
    """Read the pending pairs."""
    return pool.pending


def of_unconfirmed(pool: Pool) -> Source:
    """Read the unconfirmed pairs."""
    return pool.unconfirmed


async def verify(path: Path, sandbox: Sandbox, wanted: Sequence[Pair], url: str | None = None) -> Ran:
    """Verify these pairs against the sandbox, or against the server at `url`."""
    return await Rig(journal_of(path, wanted), sandbox, url).run(Verify, source=of_pending)


async def read_first(path: Path, sandbox: Sandbox, wanted: Sequence[Pair]) -> Ran:
    """Read these pairs before sending."""
    return await Rig(journal_of(path, wanted), sandbox).run(ReadFirst, source=of_pending)


def link(sandbox: Sandbox, *wanted: Pair) -> None:
    """Link pairs in the sandbox, as an earlier client would have."""
    for pair in wanted:
        sandbox.state.links.add(SandboxPair(*key(pair)))
