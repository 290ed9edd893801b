"""The journal: one SQLite file per run, the only owner of the run's state.

It holds what the run was asked to do, every row as it was read, every pair, every outcome. Resume, retry, duplicates,
totals and the report are questions asked of it. It knows nothing of HTTP.

Rows and pairs are written once, in blocks; pairs are numbered from 1 in the order of the rows, and one that an earlier
row made is listed in `duplicates` and takes its outcome from there. While a run goes on, only `sending` and `outcomes`
change.

Durability: WAL with `synchronous=NORMAL`. A killed process loses nothing that was committed. A power failure may undo
the last transactions but leaves the file sound; those pairs are asked again, and the call is idempotent, so FULL (one
fsync an outcome) would buy nothing.
"""

from importer.journal.journal import Journal, open_for_run
from importer.journal.locking import is_held, list_journals
from importer.journal.records import CUT_OFF, Account, Counts, Outcomes, PendingPair, ProblemGroup, RunInfo
from importer.journal.schema import SUFFIX
from importer.journal.serialization import SANDBOX
from importer.journal.writer import write_journal

__all__ = [
    "CUT_OFF",
    "SANDBOX",
    "SUFFIX",
    "Account",
    "Counts",
    "Journal",
    "Outcomes",
    "PendingPair",
    "ProblemGroup",
    "RunInfo",
    "is_held",
    "list_journals",
    "open_for_run",
    "write_journal",
]
