"""Rows that a run does not send because the labels of other rows of the same source contradict theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.journal import Journal, open_for_run
from importer.model import RowNames
from importer.runner.differing_labels import (
    NONE_DIFFER,
    DifferingLabels,
    NameOf,
    name_without_account,
    refuse_differing_labels,
)
from importer.runner.primary_conflicts import (
    NO_CONFLICTS,
    HeldClaims,
    NamesPrimary,
    PrimaryConflicts,
    names_primary,
    refuse_conflicts,
)
from importer.runner.survivors import FindSurvivors


@dataclass(frozen=True, slots=True)
class LabelConflicts:
    """The rows that compete for Primary, and those that replace the labels of one link from both of its sides."""

    primary: PrimaryConflicts = NO_CONFLICTS
    differing: DifferingLabels = NONE_DIFFER

    def warnings(self, names: RowNames) -> Iterator[str]:
        """Yield sentences for the start of a run; `names` are those of the rows."""
        if self.differing.rows:
            yield self.differing.warning(names)
        if self.primary.records:
            yield self.primary.warning(names)


NO_LABEL_CONFLICTS = LabelConflicts()


def label_conflicts_by_name(path: Path) -> LabelConflicts:
    """Refuse the conflicting pairs of the journal at `path` by the texts of their labels, without the account's."""
    with open_for_run(path) as journal:
        return refuse_label_conflicts(journal, name_without_account, names_primary)


def refuse_label_conflicts(
    journal: Journal,
    name_of: NameOf,
    is_primary: NamesPrimary,
    find_survivors: FindSurvivors | None = None,
    held: HeldClaims = tuple,
) -> LabelConflicts:
    """Record the conflicting pairs of a run as `failed`, and return the conflicts.

    Without `find_survivors` ids are compared as written, although some may be those of one merged record. `held` are
    the claims of rows that a retry leaves alone, because they are linked.
    """
    differing = refuse_differing_labels(journal, name_of)
    return LabelConflicts(refuse_conflicts(journal, is_primary, find_survivors, held), differing)
