"""The findings of `check --online`: what a run would find in the account and change there."""

from dataclasses import dataclass, field

from importer.model import ObjectType, Pair

FIRST = 5
"""Number of records or pairs of each kind that are listed."""


@dataclass(frozen=True, slots=True)
class PrimaryMove:
    """A record whose Primary label would move from one record to another; `row` is the one with the label."""

    row: int
    object_type: ObjectType
    record_id: str
    from_id: str
    to_id: str


@dataclass(frozen=True, slots=True)
class ReplacedLabels:
    """A pair that would lose labels because its row does not name them; those without a name are `CATEGORY:ID`."""

    row: int
    pair: Pair
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadAtRisk:
    """A pair whose new labels would, or might, cost a lead its last primary record; HubSpot then deletes the lead."""

    row: int
    pair: Pair
    error_category: str


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A record that would have more links to one object type than HubSpot allows; `row` is one that links it."""

    row: int
    object_type: ObjectType
    record_id: str
    to_type: ObjectType
    links: int
    limit: int


@dataclass(slots=True)
class Findings:
    """What a run would find, in distinct pairs: already linked, to be linked, and unreadable (with one reason).

    `moved` counts the records whose Primary label would move, `replaced` the pairs that would lose labels and
    `replaced_primary` those of them that would lose Primary, `leads_at_risk` the pairs that would not be sent because
    of a lead (they are sent, if the run `may_delete_leads`), and `over_limit` the records that would have too many
    links; the first of each are listed. `unread_limits` counts the directions whose limit of links could not be read.
    """

    already_linked: int = 0
    to_link: int = 0
    unread: int = 0
    reason: str = ""
    moved: int = 0
    first_moved: list[PrimaryMove] = field(default_factory=list)
    replaced: int = 0
    replaced_primary: int = 0
    first_replaced: list[ReplacedLabels] = field(default_factory=list)
    may_delete_leads: bool = False
    leads_at_risk: int = 0
    first_leads_at_risk: list[LeadAtRisk] = field(default_factory=list)
    over_limit: int = 0
    first_over_limit: list[OverLimit] = field(default_factory=list)
    unread_limits: int = 0

    @property
    def leads_refused(self) -> int:
        """The number of pairs that would not be sent because of a lead."""
        return 0 if self.may_delete_leads else self.leads_at_risk
