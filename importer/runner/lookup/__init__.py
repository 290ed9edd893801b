"""Looks up records by a property: the values in the pairs of a source become record ids before they are journalled."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.journal import Account
from importer.model import Role, SourceBlock
from importer.reader import SourceInfo
from importer.runner.context import RunContext
from importer.runner.lookup.known_values import KnownValues
from importer.runner.lookup.resolve import LookupCounts, LookupSide, Resolver
from importer.runner.lookup.session import LookupSession

__all__ = ["LookupCounts", "blocks_with_ids"]

_SECONDS_BETWEEN_NOTICES = 10.0


@contextmanager
def blocks_with_ids(
    blocks: Iterable[SourceBlock], info: SourceInfo, context: RunContext, directory: Path, account: Account | None
) -> Iterator[tuple[Iterable[SourceBlock], LookupCounts | None]]:
    """Yield the blocks with record ids in their pairs, and the counts of the lookup, which grow with the blocks.

    `account` is the one to look up records in, None if it is not known. Without a lookup the blocks are yielded as they
    are, and None. Results are kept in a temporary file in `directory`. Raises HubSpotError, while the blocks are read,
    if it cannot be determined which records the values belong to.
    """
    sides = _sides(info)
    if not sides:
        yield blocks, None
        return
    path = directory / "lookup.sqlite"
    with LookupSession(context, account.portal_id if account else None) as session, KnownValues(path) as known:
        progress = _Progress(context)
        resolver = Resolver(sides, known, session.find, progress.report)
        yield resolver.resolve(blocks), resolver.counts
        progress.report_end(resolver.counts)
    path.unlink()


def _sides(info: SourceInfo) -> list[LookupSide]:
    sides = (
        (True, info.from_by, info.columns[Role.FROM_OBJECT_ID]),
        (False, info.to_by, info.columns[Role.TO_OBJECT_ID]),
    )
    return [LookupSide(is_from, name, column) for is_from, name, column in sides if name]


class _Progress:
    """Reports the progress of a lookup."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._last = time.monotonic()

    def report(self, counts: LookupCounts) -> None:
        """Report the counts, unless that was done just now."""
        if time.monotonic() - self._last >= _SECONDS_BETWEEN_NOTICES:
            self._last = time.monotonic()
            self._context.notify(f"Looking up records: {_text(counts)} so far.")

    def report_end(self, counts: LookupCounts) -> None:
        """Report the final counts."""
        self._context.notify(f"Looked up records: {_text(counts)}.")


def _text(counts: LookupCounts) -> str:
    """Return the counts as text, without those that are zero."""
    others = (("not found", counts.not_found), ("ambiguous", counts.ambiguous), ("not readable", counts.not_read))
    parts = [f"{counts.found:,} found", *(f"{number:,} {name}" for name, number in others if number)]
    return f"{counts.values:,} different values: {', '.join(parts)}"
