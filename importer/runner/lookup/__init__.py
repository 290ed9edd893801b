"""Looks up records by a property: the values in the pairs of a source become record ids before they are journalled."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from importer.journal import Account, RunInfo
from importer.model import Role, SourceBlock
from importer.reader import SourceInfo
from importer.runner.context import RunContext
from importer.runner.events import LookupProgress
from importer.runner.lookup.known_values import KnownValues
from importer.runner.lookup.resolve import LookupSide, Resolver
from importer.runner.lookup.session import LookupSession
from importer.runner.lookup_counts import LookupCounts

__all__ = ["LookupCounts", "blocks_with_ids", "sides_of_run", "sides_of_source"]


@contextmanager
def blocks_with_ids(
    blocks: Iterable[SourceBlock],
    sides: Sequence[LookupSide],
    context: RunContext,
    directory: Path,
    account: Account | None,
) -> Iterator[tuple[Iterable[SourceBlock], Resolver | None]]:
    """Yield the blocks with record ids in their pairs, and the resolver, whose counts grow with the blocks.

    `sides` are those whose records are looked up, `account` the one to look them up in, None if it is not known.
    Without sides, yields the blocks unchanged and None. Results are kept in a temporary file in `directory`.
    Raises HubSpotError, while the blocks are read, if it cannot be determined which records the values belong to.
    """
    if not sides:
        yield blocks, None
        return
    path = directory / "lookup.sqlite"
    with LookupSession(context, account.portal_id if account else None) as session, KnownValues(path) as known:
        report = partial(_report, context, is_done=False)
        resolver = Resolver(sides, known, session.find, report)
        yield resolver.resolve(blocks), resolver
        _report(context, resolver.counts, is_done=True)
    path.unlink()


def sides_of_source(info: SourceInfo) -> list[LookupSide]:
    """Return the sides of a source whose records are looked up."""
    return _sides(info.from_by, info.to_by, info.columns)


def sides_of_run(info: RunInfo) -> list[LookupSide]:
    """Return the sides of a run whose records were looked up."""
    columns = {Role(role): info.header[place - 1] for role, place in info.places.items()}
    return _sides(info.reading.get("from_by"), info.reading.get("to_by"), columns)


def _sides(from_by: str | None, to_by: str | None, columns: Mapping[Role, str]) -> list[LookupSide]:
    sides = ((True, from_by, Role.FROM_OBJECT_ID), (False, to_by, Role.TO_OBJECT_ID))
    return [LookupSide(is_from, name, columns[role]) for is_from, name, role in sides if name]


def _report(context: RunContext, counts: LookupCounts, *, is_done: bool) -> None:
    context.on_event(LookupProgress(replace(counts), is_done))
