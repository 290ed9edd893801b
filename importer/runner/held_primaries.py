"""The Primary labels that rows hold which a retry leaves alone, because they are linked: it must not move them."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from importer.config import Settings
from importer.errors import JournalError
from importer.hubspot.association_types import parse_types, primary_type
from importer.journal import SUFFIX, Account, ClaimOfPair, Journal
from importer.model import Outcome, PairOutcome, Status
from importer.runner.context import RunContext
from importer.runner.events import ignore
from importer.runner.new_run import NewRun
from importer.runner.primary_conflicts import claim_finder, claim_of, names_primary
from importer.runner.source_file import SourceFile, open_table
from importer.runner.state_directory import runs_directory

logger = logging.getLogger(__name__)

_LINKED = frozenset({Status.LINKED, Status.ALREADY_LINKED})


def held_in_runs(parent: Journal, corrected: Collection[int], settings: Settings) -> Iterator[ClaimOfPair]:
    """Yield the claims of linked rows of a run that is retried, and of the runs that it retried itself.

    Rows that are `corrected` in the retry are left out: it has all of their pairs.
    """
    replaced = set(corrected)
    yield from _held_in_run(parent, replaced)
    replaced.update(parent.corrections())
    earlier = parent.info.parent
    while earlier is not None and (path := runs_directory(settings) / f"{earlier}{SUFFIX}").exists():
        try:
            with Journal(path) as journal:
                yield from _held_in_run(journal, replaced)
                replaced.update(journal.corrections())
                earlier = journal.info.parent
        except JournalError as error:
            logger.warning("%s", error)
            return


def _held_in_run(journal: Journal, replaced: Collection[int]) -> Iterator[ClaimOfPair]:
    if journal.undone_by is not None:
        return
    for row in journal.rows(Outcome(Status.NOT_SENT)):
        for one in row.pairs if row.number not in replaced else ():
            claim = claim_of(one.pair) if _has_primary(one) else None
            if claim is not None:
                yield ClaimOfPair(None, row.number, claim)


def _has_primary(one: PairOutcome) -> bool:
    primary = primary_type(one.pair.from_type, one.pair.to_type)
    return one.outcome.status in _LINKED and bool(one.goal) and primary in parse_types(one.goal)


def held_in_file(
    source: SourceFile, retry: NewRun, context: RunContext, account: Account | None, directory: Path
) -> Iterator[ClaimOfPair]:
    """Yield the claims of the linked rows of a results file that is retried, as the file is now.

    The rows are read into a journal of their own in `directory`, with the same lookups as those that are retried.
    """
    held = replace(retry, run_id="held", reading=replace(retry.reading, statuses=_LINKED, corrections={}))
    path = directory / "held.sqlite"
    with open_table(source, held.reading) as table:
        held.write(path, source, table, replace(context, on_event=ignore), account)
    with Journal(path) as journal:
        for found in journal.claims_of_pairs(claim_finder(names_primary)):
            yield found._replace(number=None)
