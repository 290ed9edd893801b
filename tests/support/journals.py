"""Journals for tests: their description, rows, outcomes, and code that other processes run on them."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import importer
from importer.journal import Journal, PendingPair, RunInfo, write_journal
from importer.model import ObjectType, Outcome, Pair, Problem, RecordId, SourceBlock, SourceRow, Status
from tests.support.blocks import blocks_of

INFO = RunInfo(
    run_id="r",
    created_at="2026-11-23T19:45:33Z",
    parent=None,
    source="/data/deals.csv",
    source_sha256="ab" * 32,
    source_modified_at="2026-11-22T10:00:00Z",
    header=("Contact ID", 'Größe; "x"\n', "\ud800"),
    delimiter=";",
    reading={"limit": 3, "columns": {"from_object_id": "A"}, "statuses": None},
    target="https://api.hubapi.com",
    api_version="v4",
    results="/data/deals.results.csv",
)
NOT_SENT = Outcome(Status.NOT_SENT, advice="Resume.")
LINKED = Outcome(Status.LINKED, 200, "COMPLETE", association_types="HUBSPOT_DEFINED:279", attempts=1)
FAILED = Outcome(
    Status.FAILED, 404, "", 1, "OBJECT_NOT_FOUND", 'No such\n"record" 🚀', "{}", "c-1", "", 2, "t", "Look."
)
UNCONFIRMED = Outcome(Status.UNCONFIRMED, 502, attempts=3)
PROBLEM = Problem("MISSING_ID", "Company ID", "'' is not an id.", "Fill it in.")


def pair(number: int, to: int = 1) -> Pair:
    """Return a pair of a contact and a company."""
    return Pair(ObjectType("contacts"), RecordId(str(number)), ObjectType("companies"), RecordId(str(to)))


def row(number: int, *pairs: Pair, problems: tuple[Problem, ...] = ()) -> SourceRow:
    """Return a row with one cell."""
    return SourceRow(number, (f"cell of {number}",), pairs, problems)


def written(path: Path, *rows: SourceRow) -> Path:
    """Write a journal with these rows."""
    write_journal(path, INFO, blocks_of(rows))
    return path


def outcomes(path: Path) -> dict[int, list[Status]]:
    """Return the statuses of each row's pairs, as another process reads them now."""
    with Journal(path) as journal:
        return {row.number: [made.outcome.status for made in row.pairs] for row in journal.rows(NOT_SENT)}


def claim_pending(journal: Journal, after: int = 0, limit: int = 10) -> list[PendingPair]:
    """Claim the next pending pairs and return them."""
    found = journal.pending(after, limit)
    journal.claim(found)
    return found


def claim(journal: Journal, limit: int = 1000) -> dict[Pair, int]:
    """Claim pairs; return their numbers."""
    return {pending.pair: pending.id for pending in claim_pending(journal, 0, limit)}


def count_pending(journal: Journal) -> int:
    """Return the number of pending pairs."""
    return sum(journal.pending_by_types())


PREAMBLE = """
import os, resource, signal, sys
from pathlib import Path
from importer.errors import JournalError
from importer.journal import open_for_run, write_journal
from tests.support.journals import *
"""


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in another process, with the names of this module and `path` from the first argument."""
    return subprocess.run(command(code, *arguments), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def command(code: str, *arguments: object) -> list[str]:
    """Return the command for `run_python`."""
    return [sys.executable, "-c", PREAMBLE + "path = Path(sys.argv[1])\n" + code, *map(str, arguments)]


ROOT = Path(importer.__file__).parent.parent


def many_blocks(count: int) -> Iterable[SourceBlock]:
    """Yield `count` - 2 rows of 500 characters."""
    return blocks_of(SourceRow(n, ("x" * 500,), (pair(n),), ()) for n in range(2, count))
