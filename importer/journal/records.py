"""The values that are written to a journal and read from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from importer.config import Settings
from importer.corrections import Correction
from importer.model import ObjectType, Operation, Outcome, Pair, Problem, RecordId, Role, RowNames, SourceRow, Status
from importer.timestamps import utc_now_text

CUT_OFF = Outcome(
    Status.UNCONFIRMED,
    error_category="CUT_OFF",
    error_message="The run was cut off before the outcome of this pair was known; it may have been sent.",
    advice="Resume the run: the pair is sent again, which is safe even if it is already linked.",
)
"""The outcome of a pair that was in flight when the process died.

Pairs are claimed in chunks before they are sent, so the journal does not know whether a call for this one had begun.
"""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The settings that a run was started with; never the token.

    Times are ISO 8601. `parent` is the run that this run retries or undoes. `reading` holds the settings that determine
    which pairs the source yields, `target` is the base URL or `sandbox`, `results` the path of the results file,
    `settings` all settings, `places` the column of `header` for each role (counted from 1), `parts` the names of the
    source's files if it has several. `operation` is what the run does to every pair.
    """

    run_id: str
    created_at: str
    parent: str | None
    source: str
    source_sha256: str
    source_modified_at: str
    header: tuple[str, ...]
    delimiter: str
    reading: dict[str, Any]
    target: str
    api_version: str
    results: str
    settings: dict[str, Any] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    operation: Operation = Operation.LINK

    @property
    def row_names(self) -> RowNames:
        """The names of the source's rows."""
        return RowNames(self.parts)

    @property
    def unused_columns(self) -> dict[Role, str]:
        """The roles for which no column of the source is used, although one may fit: each with the name ""."""
        return {Role(role): "" for role, column in self.reading.get("columns", {}).items() if not column.strip()}

    @property
    def looks_up(self) -> bool:
        """True if the ids of the pairs were looked up by values in the source."""
        return bool(self.reading.get("from_by") or self.reading.get("to_by"))

    def child(self, run_id: str, results: Path, settings: Settings, operation: Operation | None = None) -> "RunInfo":
        """Return the description of a new run over this run's pairs, with its operation unless another is given."""
        return replace(
            self,
            run_id=run_id,
            created_at=utc_now_text(),
            parent=self.run_id,
            api_version=settings.api_version,
            results=str(results),
            settings=settings.model_dump(mode="json"),
            operation=operation or self.operation,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """The HubSpot account that a run belongs to.

    `portal_id` is HubSpot's number of the account, None if HubSpot did not return it. `fingerprint` is a hash of the
    token, keyed with the random `key` of the run: it shows whether a token is the same, and nothing else about it.
    """

    portal_id: int | None
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class MergedRecord:
    """A record found by a value that may come from one of the records merged into it (`merged`)."""

    object_type: ObjectType
    record_id: RecordId
    value: str
    merged: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class CorrectedRow:
    """A row of a run after corrections to its cells, and all of these corrections."""

    row: SourceRow
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """The contents of a source, known before anything is sent; `RowCounts` has the same rows by their final status.

    `invalid`, `blank` and `duplicates` (rows that repeat a pair of an earlier row) count rows, `pairs` distinct pairs.
    """

    rows: int
    pairs: int
    invalid: int
    duplicates: int
    blank: int = 0


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """The rows with the same problem code: their number, and the first of them with row number and problem."""

    code: str
    rows: int
    first: tuple[tuple[int, Problem], ...]


@dataclass(slots=True)
class LabelUse:
    """The number of pairs with a label text, and the first rows that contain it."""

    pairs: int = 0
    rows: list[int] = field(default_factory=list)


class Claim(NamedTuple):
    """The claim that the record `other_id` alone has a label such as Primary for a record, among those of its type."""

    object_type: ObjectType
    record_id: RecordId
    other_type: ObjectType
    other_id: RecordId


class LabelledSide(NamedTuple):
    """The labels that a pair sets on its link, which A to B and B to A share; names are the same in both directions.

    `link` holds the types and ids of the two records in a fixed order; `is_reverse` is True if the pair has them in the
    opposite order. A label is None if its name is not known.
    """

    link: tuple[tuple[str, str], tuple[str, str]]
    is_reverse: bool
    labels: frozenset[str | None]


@dataclass(frozen=True, slots=True)
class CompetingClaims:
    """Pairs that claim a label of one record for `others` different records, by their rows and their numbers.

    `merged` has the ids by which rows name the record and which were merged into it. `held` are rows with such a pair
    that an earlier run has linked, so that it is not in this run.
    """

    object_type: ObjectType
    record_id: RecordId
    other_type: ObjectType
    others: int
    rows: Sequence[int]
    pairs: Sequence[int]
    merged: Sequence[RecordId] = ()
    held: Sequence[int] = ()


Outcomes = Sequence[tuple[int, Outcome]]
"""Outcomes of pairs, by the numbers of the pairs (`PendingPair.id`)."""


NO_TYPES = "-"
"""The types of a pair that is not linked, as text."""


class StateToRestore(NamedTuple):
    """The state of a pair of an undo, as texts; see `PendingPair`."""

    left: str | None = None
    target: str | None = None
    added: str = NO_TYPES
    removed: str = NO_TYPES
    sent: str | None = None
    reverse: str | None = None


Primaries = Sequence[tuple[int, str, str]]
"""For pairs that are to become primary, by number: the id of the primary record before ("" if none), and its types."""

Types = Sequence[tuple[int, str]]
"""Association types of pairs as text (`CATEGORY:ID;…`, `-` if none), by the numbers of the pairs."""


@dataclass(frozen=True, slots=True)
class RunError:
    """The error that ended the last process on a run before it could write a summary; the message has no secrets."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PendingPair:
    """A pair to send, with its number in the journal and the first row that yields it.

    `earlier` is its latest outcome, if any: provisional, not sent, cut off, or to be confirmed. `before` holds its
    association types as read before sending (`CATEGORY:ID;…`, `-` if none), None if they were not read. In an undo,
    `left` holds the types that the undone run left, `target` those to restore (None if the pair must not be changed;
    `left` are then those before the run), `added` and `removed` the labels that it may have added and
    removed. If the undone run was cut off after it had labelled the pair's link from both sides, `sent` holds the types
    that it may have left, and `reverse` the same as the reverse pair has them. `goal` holds the types of its labels, ""
    for a pair without labels.
    """

    id: int
    row: int
    pair: Pair
    earlier: Outcome | None = None
    before: str | None = None
    left: str | None = None
    target: str | None = None
    goal: str = ""
    added: str = NO_TYPES
    removed: str = NO_TYPES
    sent: str | None = None
    reverse: str | None = None

    @property
    def may_be_linked(self) -> bool:
        """True if it was sent before without a trustworthy response."""
        return self.earlier is not None and self.earlier.status is Status.UNCONFIRMED

    @property
    def attempts(self) -> int:
        """The number of calls already made for it."""
        return 0 if self.earlier is None else self.earlier.attempts

    @property
    def is_untouched(self) -> bool:
        """True if no call of this run can have changed it yet."""
        return not self.may_be_linked and not self.attempts
