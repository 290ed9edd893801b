"""Explains which pairs of a removal are left alone, before the number of the others is confirmed."""

from importer.journal import Journal
from importer.model import Status
from importer.reporter.failure_texts import explained_failure, failure_code

_MAX_KINDS = 10


def reasons_not_removed(journal: Journal) -> list[str]:
    """Return a sentence for each reason why pairs will not be removed, most frequent first.

    Valid only while the run has removed nothing: all failures are then those found by reading.
    """
    kinds = journal.failure_kinds(_MAX_KINDS, first=1)
    sentences = []
    for kind in kinds:
        if kind.status in {Status.FAILED, Status.UNCONFIRMED}:
            pairs = f"{kind.pairs:,} pair{'s' * (kind.pairs != 1)}"
            explained = explained_failure(kind, journal.info.operation)
            sentences.append(
                f"{pairs} will not be removed ({failure_code(kind)}): {explained.meaning} {explained.advice}"
            )
    return sentences
