"""Refuses rows that make different records Primary for one record, because HubSpot would keep only the last one.

It is unknown which row is right, so none is sent. Otherwise the last one would take Primary from those before it, which
would still be reported as linked, and every retry would move it again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from importer.hubspot.association_types import PRIMARY_NAME, parse_type, primary_type
from importer.hubspot.labels import label_key
from importer.journal import Claim, ClaimOfPair, ClaimTable, CompetingClaims, Journal, PendingPair
from importer.model import Labels, ObjectType, Operation, Outcome, Pair, RecordId, RowNames, Status
from importer.pool.engines.primary_reader import has_primary, primary_key
from importer.runner.refused_rows import LISTED_ROWS, listed_rows, record_refusals
from importer.runner.survivors import FindSurvivors, Types

PRIMARY_CONFLICT = "PRIMARY_CONFLICT"
"""The error category of a pair that is not sent because of another row."""

NamesPrimary = Callable[[ObjectType, ObjectType, str], bool]
"""Returns whether a label text names Primary between two object types."""

HeldClaims = Callable[[], Iterable[ClaimOfPair]]
"""Returns the claims of rows that an earlier run has linked; it is called only if the run itself has claims."""

_FIRST = 5
_ADVICE = "Keep the label Primary in the right row only, save the file, and then retry it."


@dataclass(frozen=True, slots=True)
class PrimaryConflict:
    """A record for which several rows make different records Primary; `rows` has at most the first few of them.

    `merged` has ids of records that were merged into it, by which some of the rows name it, and `held` the first rows
    that are linked already and have it.
    """

    object_type: ObjectType
    record_id: str
    other_type: ObjectType
    others: int
    rows: tuple[int, ...]
    merged: tuple[RecordId, ...] = ()
    held: tuple[int, ...] = ()

    def sentence(self, names: RowNames) -> str:
        """Return the conflict as a sentence; `names` are those of the rows."""
        where = f"row{'s' * (len(self.rows) > 1)} {listed_rows(self.rows, names)}"
        verb = "was" if len(self.merged) == 1 else "were"
        merged = f" (into which {', '.join(self.merged)} {verb} merged)" if self.merged else ""
        record = f"{self.object_type} {self.record_id}{merged}"
        given = f"{where}: Primary for {record} is given to {self.others:,} {self.other_type}"
        if not self.held:
            return given
        holders = f"row{'s' * (len(self.held) > 1)} {listed_rows(self.held, names)}"
        return f"{given} ({holders} {'has' if len(self.held) == 1 else 'have'} it already)"


@dataclass(frozen=True, slots=True)
class PrimaryConflicts:
    """All conflicts of a source: the number of records and rows that they affect, and the first conflicts."""

    records: int = 0
    rows: int = 0
    first: tuple[PrimaryConflict, ...] = ()

    def warning(self, names: RowNames) -> str:
        """Return a warning for the start of a run."""
        more = "; …" if self.records > len(self.first) else ""
        listed = "; ".join(one.sentence(names) for one in self.first)
        sentence = f"{listed[:1].upper()}{listed[1:]}{more}."
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        return f"A record can have only one Primary: {rows} will not be sent. {sentence}"


NO_CONFLICTS = PrimaryConflicts()


def names_primary(from_type: ObjectType, to_type: ObjectType, text: str) -> bool:
    """Return whether a text is the name of HubSpot's Primary label, or its `CATEGORY:ID`, in this direction."""
    primary = primary_type(from_type, to_type)
    return primary is not None and (label_key(text) == PRIMARY_NAME or parse_type(text) == primary)


def refuse_conflicts(
    journal: Journal,
    is_primary: NamesPrimary,
    find_survivors: FindSurvivors | None = None,
    held: HeldClaims = tuple,
) -> PrimaryConflicts:
    """Record conflicting pairs as `failed` and return the conflicts; only runs that link can have any.

    `find_survivors` finds records that were merged, so that rows compete also by different ids of one record. `held`
    returns the claims of rows that are linked already and not in this run.
    """
    if journal.info.operation is not Operation.LINK or not journal.has_labels:
        return NO_CONFLICTS
    with journal.claims(claim_finder(is_primary)) as claims:
        if not claims.is_empty:
            claims.add(held())
        if find_survivors is not None:
            _replace_merged(claims, claims.records(), find_survivors)
            _replace_merged(claims, claims.competing_others(), find_survivors)
        return _refuse(journal, claims)


def claim_finder(is_primary: NamesPrimary) -> Callable[[Pair, Labels], Claim | None]:
    """Return a function that returns the claim of a pair with these label texts, None if they do not name Primary."""
    is_primary = cache(is_primary)

    def claim(pair: Pair, labels: Labels) -> Claim | None:
        if not any(is_primary(pair.from_type, pair.to_type, text) for text in labels):
            return None
        return claim_of(pair)

    return claim


def claim_of(pair: Pair) -> Claim | None:
    """Return the claim of a pair that names Primary, None if HubSpot has none between its object types."""
    pending = PendingPair(0, 0, pair)
    return Claim(*primary_key(pending)) if has_primary(pending) else None


def _replace_merged(claims: ClaimTable, records: Iterable[tuple[Types, RecordId]], find: FindSurvivors) -> None:
    for object_type, survivors in find(records).items():
        claims.replace(object_type, survivors)


def _refuse(journal: Journal, claims: ClaimTable) -> PrimaryConflicts:
    records, rows, first = 0, set[int](), list[PrimaryConflict]()

    def refusals() -> Iterator[tuple[Sequence[int], Outcome]]:
        nonlocal records
        for competing in claims.competing():
            conflict = _conflict(competing)
            records += 1
            rows.update(competing.rows)
            if len(first) < _FIRST:
                first.append(conflict)
            yield competing.pairs, _outcome(conflict, journal.info.row_names)

    record_refusals(journal, refusals())
    return PrimaryConflicts(records, len(rows | claims.repeated_rows()), tuple(first))


def _conflict(found: CompetingClaims) -> PrimaryConflict:
    return PrimaryConflict(
        found.object_type,
        found.record_id,
        found.other_type,
        found.others,
        tuple(found.rows[: LISTED_ROWS + 1]),
        tuple(found.merged[:LISTED_ROWS]),
        tuple(found.held[: LISTED_ROWS + 1]),
    )


def _outcome(conflict: PrimaryConflict, names: RowNames) -> Outcome:
    sentence = conflict.sentence(names)
    reason = "but a record can have only one. Nothing was sent for these rows."
    return Outcome(
        Status.FAILED,
        error_category=PRIMARY_CONFLICT,
        error_message=f"{sentence[:1].upper()}{sentence[1:]}, {reason}",
        advice=_ADVICE,
    )
