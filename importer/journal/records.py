"""What the journal is asked and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from importer.model import Outcome, Pair, Problem, RowNames, Status

CUT_OFF = Outcome(
    Status.UNCONFIRMED,
    error_category="CUT_OFF",
    error_message="The run was cut off while this pair was being sent.",
    advice="Resume the run: the pair is asked for again, which does no harm if it is linked already.",
)
"""The outcome of a pair that a run was sending when its process died."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run was asked to do; never the token.

    Times are ISO 8601. `parent` is the run whose failures this one tries again. `reading` holds the settings that
    decide which pairs the source makes, `target` is the base URL or `sandbox`, `results` where the results file goes,
    `settings` all that it was begun with, `places` which column of `header`, from 1, plays each role, `parts` the names
    of the source's files when it has several.
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

    @property
    def row_names(self) -> RowNames:
        """How rows of the source are named."""
        return RowNames(self.parts)


@dataclass(frozen=True, slots=True)
class Account:
    """The HubSpot account that a run belongs to.

    `portal_id` is HubSpot's number of it, None where HubSpot did not say. `fingerprint` is that of the token, keyed
    with the random `key` of the run: it tells whether a token is the same, and nothing else about it.
    """

    portal_id: int | None
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run's rows come to: `invalid`, `duplicates` and `blank` count rows, `pairs` distinct pairs."""

    rows: int
    pairs: int
    invalid: int
    duplicates: int
    blank: int = 0


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """The rows with one kind of problem: how many, and the first of them with their row numbers."""

    code: str
    rows: int
    first: tuple[tuple[int, Problem], ...]


Outcomes = Sequence[tuple[int, Outcome]]
"""Outcomes of pairs by the numbers under which `take` gave them."""


@dataclass(frozen=True, slots=True)
class PendingPair:
    """A pair to send, with the number under which the journal takes its outcome and the first row that made it.

    `earlier` is the outcome it has so far: not final, not sent, cut off, or to be confirmed.
    """

    id: int
    row: int
    pair: Pair
    earlier: Outcome | None = None

    @property
    def may_be_linked(self) -> bool:
        """Whether it was sent before without a trustworthy answer, so that it may be linked."""
        return self.earlier is not None and self.earlier.status is Status.UNCONFIRMED
