"""The common form of batches that change links: one result for each entry, which may be a refusal."""

from collections.abc import Callable, Iterable, Sequence

from importer.sandbox.association_types import AssociationType
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import PairResult, Refusal, Response
from importer.sandbox.work import Intercept, Work

Entry = tuple[Pair, Sequence[AssociationType]]
"""The pair of an entry, and its types (none in calls without labels)."""


def batch_work(
    entries: Sequence[Entry | Refusal],
    count_request: Callable[[Iterable[Pair]], None],
    change: Callable[[Intercept, Entry], PairResult],
    respond: Callable[[Sequence[PairResult]], Response],
) -> Work:
    """Return the work of a batch: `change` each valid entry, and `respond` with the results in the entries' order.

    The pairs of valid entries are passed to `count_request` immediately, whether or not the call is carried out.
    """
    pairs = [entry[0] for entry in entries if not isinstance(entry, Refusal)]
    count_request(pairs)

    def result(intercept: Intercept, entry: Entry | Refusal) -> PairResult:
        return PairResult(refusal=entry) if isinstance(entry, Refusal) else change(intercept, entry)

    return Work(lambda intercept: respond([result(intercept, entry) for entry in entries]), pairs)
