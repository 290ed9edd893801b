"""Reports links that HubSpot has made primary by itself although their rows name other labels, or none."""

from importer.hubspot.association_types import PRIMARY_TYPES
from importer.journal import Journal
from importer.model import Role
from importer.runner.context import RunContext


def report_new_primary(journal: Journal, context: RunContext) -> None:
    """Report how many links of a run have Primary now, but had it neither before nor in their rows.

    This is a warning if the run restores the links of a removal. Nothing is reported if the source has no labels: then
    it does not say which links are primary.
    """
    if Role.LABEL not in journal.info.places and not journal.has_labels:
        return
    pairs = journal.count_with_new_type(PRIMARY_TYPES)
    if not pairs:
        return
    many = "1 pair has" if pairs == 1 else f"{pairs:,} pairs have"
    reason = "HubSpot makes the first company that a record is linked to its primary one"
    if journal.removal is None:
        context.notify(f"{many} the Primary label although it is not in the file: {reason}.")
        return
    first, then = journal.info.run_id, journal.removal or "with the id of the removal's run"
    context.warn(
        f"{many} the Primary label now and did not have it before the removal: {reason}. To restore the links without "
        f"it: importer undo {first} and then importer undo {then}"
    )
