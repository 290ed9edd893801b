"""Reasons why a run stops early."""

from dataclasses import dataclass
from enum import StrEnum

from importer.exit_codes import ExitCode


class StopReason(StrEnum):
    """Reason why a run stopped early (the JSON key `stopped_by`)."""

    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a reason, not a token
    SCOPES_MISSING = "scopes_missing"
    ACCOUNT_INACTIVE = "account_inactive"
    PERMISSIONS_LOST = "permissions_lost"
    FORBIDDEN = "forbidden"
    DAILY_LIMIT = "daily_limit"
    DAILY_RESERVE = "daily_reserve"
    ACCOUNT_MIGRATING = "account_migrating"
    TOO_MANY_FAILURES = "too_many_failures"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    FIRST_ROWS = "first_rows"
    SIGINT = "SIGINT"
    SIGTERM = "SIGTERM"
    SIGHUP = "SIGHUP"

    @property
    def is_signal(self) -> bool:
        """True if a signal stopped the run."""
        return self in _EXIT_CODES_OF_SIGNALS

    @property
    def sentence(self) -> str:
        """The reason for people, without the details that only the process itself knew."""
        return _SENTENCES.get(self, f"The run was interrupted ({self}).")

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command that stopped for this reason."""
        return _EXIT_CODES_OF_SIGNALS.get(self, ExitCode.STOPPED)


_SENTENCES = {
    StopReason.TOKEN_REFUSED: "HubSpot no longer accepts the token.",
    StopReason.SCOPES_MISSING: "The token lacks a required permission (scope).",
    StopReason.ACCOUNT_INACTIVE: "The HubSpot account is not active.",
    StopReason.PERMISSIONS_LOST: "The token has lost its permissions.",
    StopReason.FORBIDDEN: "HubSpot does not allow this token to do that.",
    StopReason.DAILY_LIMIT: "The account has used up today's calls.",
    StopReason.DAILY_RESERVE: "Today's remaining calls are reserved for other integrations.",
    StopReason.ACCOUNT_MIGRATING: "HubSpot is moving the account to another data center.",
    StopReason.TOO_MANY_FAILURES: "Too many rows failed. Something is probably wrong with all of them.",
    StopReason.RATE_LIMITED: "HubSpot kept asking to slow down.",
    StopReason.UNREACHABLE: "HubSpot could not be reached.",
    StopReason.UNREADABLE: "Links in HubSpot could not be read.",
    StopReason.FIRST_ROWS: "Only the first rows were to be sent, as requested.",
}

_EXIT_CODES_OF_SIGNALS = {
    StopReason.SIGINT: ExitCode.INTERRUPTED,
    StopReason.SIGTERM: ExitCode.TERMINATED,
    StopReason.SIGHUP: ExitCode.TERMINATED,
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Reason why a run stopped early, with a sentence for people."""

    reason: StopReason
    message: str
