"""Figures of a whole run, for reports. SQLite computes them, so memory use does not grow with the run.

Figures over time are sums over intervals of equal length, which a report chooses by how many it can show.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from importer.journal.activity import weighted_median
from importer.journal.journal_file import JournalFile
from importer.journal.records import CUT_OFF
from importer.journal.sqlite_errors import as_journal_error
from importer.model import GOOD_STATUSES, Status

# HubSpot's times are arbitrary text: strftime returns NULL for what it cannot parse. A confirmed outcome, which has the
# status of the API, has the time by HubSpot's clock, any other one the time by ours.
_AT = "CAST(strftime('%s', completed_at) AS INTEGER) - (api_status <> '') * :ahead"
_COMPLETED = f"""
SELECT min(max(coalesce({_AT}, :end), :start), :end) / :seconds * :seconds, status, count(*)
FROM outcomes GROUP BY 1, 2 ORDER BY 1, 2
"""
_LIMIT = "CAST(rate AS REAL) * 10 / CAST(substr(rate, instr(rate, '/') + 1) AS REAL)"
_CALLS = f"""
SELECT at / :seconds * :seconds, (at / :seconds + 1) * :seconds,
    sum(begun), sum(retries), sum(rate_limited), max(busiest), max({_LIMIT}), max(p95)
FROM activity GROUP BY at / :seconds ORDER BY 1
"""
_MEDIANS = """
SELECT at / :seconds, p50, sum(responses) FROM activity WHERE p50 IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""
_FULLEST = f"SELECT at, busiest, coalesce({_LIMIT}, 0.0) FROM activity ORDER BY busiest DESC, at LIMIT 1"
_GOOD = ", ".join(f"'{status}'" for status in sorted(GOOD_STATUSES))
_KEY = "status, coalesce(http_status, 0), error_category"
_KINDS = f"""
SELECT {_KEY}, count(*), min(error_message), max(error_message), min(advice), max(advice),
    group_concat(CASE WHEN place <= :first THEN pair END)
FROM (
    SELECT *, row_number() OVER (PARTITION BY {_KEY} ORDER BY pair) AS place FROM outcomes
    WHERE status NOT IN ({_GOOD}) AND NOT (status = '{Status.NOT_SENT}' AND pair IN (SELECT pair FROM in_flight))
)
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT :most
"""
_CUT_OFF = f"""
FROM in_flight LEFT JOIN outcomes ON outcomes.pair = in_flight.pair
WHERE coalesce(status, '{Status.NOT_SENT}') = '{Status.NOT_SENT}'
"""
_FIRST_CUT_OFF = f"SELECT in_flight.pair {_CUT_OFF} ORDER BY 1 LIMIT :first"
_WITH_STATE = """
SELECT (SELECT count(*) FROM outcomes) + (SELECT count(*) FROM in_flight WHERE pair NOT IN (SELECT pair FROM outcomes))
"""
_CHANGES = f"""
SELECT
    coalesce(before.types, ''),
    coalesce(after.types, CASE status WHEN '{Status.LINKED}' THEN sent.types END, ''),
    status, count(*)
FROM outcomes LEFT JOIN before USING (pair) LEFT JOIN after USING (pair) LEFT JOIN sent USING (pair)
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class CompletedPairs:
    """The number of pairs that got one status in an interval; `at` is its start, a Unix time."""

    at: int
    status: Status
    pairs: int


@dataclass(frozen=True, slots=True)
class CallFigures:
    """The calls in an interval, from the second `start` up to the second `end` (Unix times).

    `busiest` is the largest number of calls begun in any ten-second window that ends in it, `limit` the highest rate
    limit in force, in calls per ten seconds (None without calls). `p50` is the median latency of a typical second in
    milliseconds, `p95` the 95th percentile of the slowest second; both are None if there were no responses.
    """

    start: int
    end: int
    begun: int
    retries: int
    rate_limited: int
    busiest: int
    limit: float | None
    p95: int | None
    p50: int | None


@dataclass(frozen=True, slots=True)
class FullestWindow:
    """The ten seconds in which the most calls were begun; `at` is the last one, `limit` the limit in that second."""

    at: int
    calls: int
    limit: float


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Pairs that are not good for the same reason; `http_status` is 0 without a response.

    `message` and `advice` are "" unless all of its pairs have the same. `first` holds the numbers of the first pairs;
    it is empty for pairs that were never reached.
    """

    status: Status
    http_status: int
    category: str
    pairs: int
    message: str
    advice: str
    first: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeChange:
    """Pairs with the same association types before and after the run: `CATEGORY:ID;…`, `-` if none, "" if not read."""

    before: str
    after: str
    status: Status
    pairs: int


class RunFigures(JournalFile):
    """Figures of the calls, and of the outcomes of distinct pairs."""

    def completed_over_time(self, seconds: int, start: int, end: int, ahead: int = 0) -> list[CompletedPairs]:
        """Return how many pairs got each status in each interval of `seconds`, in order of time by our clock.

        Times before `start` count as `start`; unknown times and those after `end` count as `end` (both Unix times).
        HubSpot's clock is `ahead` seconds ahead of ours.
        """
        values = {"seconds": seconds, "start": start, "end": end, "ahead": ahead}
        with as_journal_error(self.path):
            found = self._db.execute(_COMPLETED, values).fetchall()
            return [CompletedPairs(at, Status(status), pairs) for at, status, pairs in found]

    def calls_over_time(self, seconds: int) -> list[CallFigures]:
        """Return the calls of each interval of `seconds` that has any, in order of time."""
        with as_journal_error(self.path):
            found = self._db.execute(_CALLS, {"seconds": seconds}).fetchall()
            rows = self._db.execute(_MEDIANS, {"seconds": seconds})
            medians = {
                interval: weighted_median([(p50, responses) for _, p50, responses in group])
                for interval, group in groupby(rows, itemgetter(0))
            }
        return [CallFigures(*(*values, medians.get(values[0] // seconds))) for values in found]

    def fullest_window(self) -> FullestWindow | None:
        """Return the first ten seconds in which the most calls were begun; None without calls."""
        with as_journal_error(self.path):
            found = self._db.execute(_FULLEST).fetchone()
            return None if found is None else FullestWindow(*found)

    def failure_kinds(self, most: int, first: int) -> list[FailureKind]:
        """Return the reasons why pairs are not good, most frequent first, with the numbers of the first `first` pairs.

        At most `most` reasons come from outcomes; one more is for pairs that were cut off, and one for unreached pairs.
        """
        with as_journal_error(self.path):
            found = self._db.execute(_KINDS, {"most": most, "first": first}).fetchall()
            kinds = [_failure_kind(values) for values in found]
            (cut_off,) = self._db.execute(f"SELECT count(*) {_CUT_OFF}").fetchone()
            first_cut_off = self._db.execute(_FIRST_CUT_OFF, {"first": first}).fetchall()
            (with_state,) = self._db.execute(_WITH_STATE).fetchone()
        unreached = self.pair_count - with_state
        if cut_off:
            numbers = tuple(number for (number,) in first_cut_off)
            texts = CUT_OFF.error_message, CUT_OFF.advice
            kinds.append(FailureKind(CUT_OFF.status, 0, CUT_OFF.error_category, cut_off, *texts, numbers))
        if unreached:
            kinds.append(FailureKind(Status.NOT_SENT, 0, "", unreached, "", ""))
        return sorted(kinds, key=lambda kind: -kind.pairs)

    def type_changes(self, most: int) -> list[TypeChange]:
        """Return the `most` most frequent changes of association types, including those that changed nothing."""
        with as_journal_error(self.path):
            found = self._db.execute(_CHANGES, (most,)).fetchall()
            return [TypeChange(before, after, Status(status), pairs) for before, after, status, pairs in found]


def _failure_kind(values: tuple[Any, ...]) -> FailureKind:
    status, http_status, category, pairs, *texts, numbers = values
    message, advice = (one if one == other else "" for one, other in (texts[:2], texts[2:]))
    first = tuple(sorted(map(int, str(numbers).split(","))))
    return FailureKind(Status(status), http_status, category, pairs, message, advice, first)
