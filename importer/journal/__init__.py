"""The journal: one SQLite file per run, the only owner of the run's state.

It holds the settings of the run, every row as it was read, every pair and every outcome. Resume, retry, duplicates,
totals and the report are queries against it. It does not depend on HTTP.

Rows and pairs are written once, in blocks. Pairs are numbered from 1 in the order of the rows; a pair that repeats one
of an earlier row is listed in `duplicates` and shares that pair's outcome. During a run only the tables `in_flight`,
`before`, `after`, `sent`, `primaries` and `outcomes` change.

Durability: WAL with `synchronous=NORMAL`. A killed process loses nothing that was committed. A power failure may roll
back the last transactions but leaves the file intact; those pairs are sent again, which is idempotent, so FULL (one
fsync per outcome) would gain nothing.
"""

from importer.journal.activity import (
    NOT_RECORDED,
    ActivityTotals,
    LiveState,
    PauseReason,
    PauseSpan,
    ProcessSpan,
    Second,
)
from importer.journal.claims import ClaimOfPair, ClaimTable
from importer.journal.goals import LabelKey
from importer.journal.journal import Journal, open_for_run
from importer.journal.locking import hold, is_held, list_journals, remove_journal
from importer.journal.other_versions import OtherVersion, read_other_version
from importer.journal.records import (
    CUT_OFF,
    NO_TYPES,
    Account,
    Claim,
    CompetingClaims,
    CorrectedRow,
    LabelledSide,
    LabelUse,
    MergedRecord,
    Outcomes,
    PendingPair,
    ProblemGroup,
    RunError,
    RunInfo,
    SourceCounts,
    StateToRestore,
    Types,
)
from importer.journal.run_figures import CallFigures, CompletedPairs, FailureKind, FullestWindow, TypeChange
from importer.journal.schema import SUFFIX
from importer.journal.serialization import SANDBOX
from importer.journal.writer import write_journal

__all__ = [
    "CUT_OFF",
    "NOT_RECORDED",
    "NO_TYPES",
    "SANDBOX",
    "SUFFIX",
    "Account",
    "ActivityTotals",
    "CallFigures",
    "Claim",
    "ClaimOfPair",
    "ClaimTable",
    "CompetingClaims",
    "CompletedPairs",
    "CorrectedRow",
    "FailureKind",
    "FullestWindow",
    "Journal",
    "LabelKey",
    "LabelUse",
    "LabelledSide",
    "LiveState",
    "MergedRecord",
    "OtherVersion",
    "Outcomes",
    "PauseReason",
    "PauseSpan",
    "PendingPair",
    "ProblemGroup",
    "ProcessSpan",
    "RunError",
    "RunInfo",
    "Second",
    "SourceCounts",
    "StateToRestore",
    "TypeChange",
    "Types",
    "hold",
    "is_held",
    "list_journals",
    "open_for_run",
    "read_other_version",
    "remove_journal",
    "write_journal",
]
