"""Rules that stop a run, or pairs of some object types, after too many failures."""

from collections import Counter

from importer.config import Settings
from importer.journal import PendingPair
from importer.model import Outcome, Status, Stop, StopReason
from importer.pool.stop_signal import StopSignal, Types, types_of

MIN_OUTCOMES_FOR_SHARE = 100
"""Number of final outcomes before `max_failure_share` is applied."""

MAX_FORBIDDEN_IN_A_ROW = 50
"""After this many consecutive pairs of the same object types refused with 403, these types are blocked."""


class FailureLimits:
    """Counts final outcomes, and stops or blocks what exceeds a limit; `counts` has this process's pairs by status."""

    def __init__(self, settings: Settings, signal: StopSignal) -> None:
        """Apply the limits of the settings."""
        self.counts: Counter[Status] = Counter(dict.fromkeys(Status, 0))  # reading a missing count is slow
        self._settings = settings
        self._signal = signal
        self._forbidden: Counter[Types] = Counter()

    def check(self, pending: PendingPair, outcome: Outcome) -> None:
        """Stop the run, or block object types, if the outcome of a call (already counted) exceeds a limit."""
        self._check_forbidden(pending, outcome)
        self._check_share()

    def _check_forbidden(self, pending: PendingPair, outcome: Outcome) -> None:
        if outcome.http_status != 403 or outcome.status is not Status.FAILED:
            if self._forbidden:
                self._forbidden.pop(types_of(pending), None)
            return
        types = types_of(pending)
        self._forbidden[types] += 1
        number = self._forbidden[types]
        if number >= MAX_FORBIDDEN_IN_A_ROW and self._settings.max_failure_share < 1:
            sentence = (
                f"HubSpot refused {number:,} consecutive pairs of {types[0]} and {types[1]} with 403 "
                f"({outcome.error_category}); {self._share_setting()} allows failures, but not that many in a row. "
                "Check the results; if they are as expected, set max_failure_share to 1 and resume."
            )
            self._signal.block(types, Stop(StopReason.FORBIDDEN, sentence))

    def _check_share(self) -> None:
        bad = self.counts[Status.FAILED] + self.counts[Status.UNCONFIRMED]
        total = bad + self.counts[Status.LINKED] + self.counts[Status.UNLINKED]
        if total >= MIN_OUTCOMES_FOR_SHARE and bad > self._settings.max_failure_share * total:
            sentence = (
                f"{bad:,} of the first {total:,} pairs were not linked; {self._share_setting()} allows fewer. "
                "Check the results; if they are as expected, raise max_failure_share and resume."
            )
            self._signal.stop(Stop(StopReason.TOO_MANY_FAILURES, sentence))

    def _share_setting(self) -> str:
        origin = self._settings.origin_of("max_failure_share")
        if origin == "the default":
            origin = "the default; set it in the config file or in IMPORTER_MAX_FAILURE_SHARE"
        return f"max_failure_share ({self._settings.max_failure_share:g}, {origin})"
