"""The values that every part of a command needs."""

from dataclasses import dataclass, field

from importer.config import Settings
from importer.hubspot.access_tokens import NO_TOKEN, TokenSource
from importer.runner.events import EventHandler, Notice, ignore
from importer.runner.local_sandbox import LocalSandbox


@dataclass(slots=True)
class RequestCounts:
    """The requests that a command makes before its run has a pool; all are reads."""

    reads: int = 0
    retries: int = 0
    rate_limited: int = 0


@dataclass(frozen=True, slots=True)
class RunContext:
    """The settings of a command, the source of its token, and its event handler.

    `sandbox` is used if the command sends to its own sandbox; `requests` counts the requests made before the pool's.
    """

    settings: Settings
    token: TokenSource = NO_TOKEN
    on_event: EventHandler = ignore
    sandbox: LocalSandbox = field(default_factory=LocalSandbox)
    requests: RequestCounts = field(default_factory=RequestCounts)

    def notify(self, text: str) -> None:
        """Report a plain sentence."""
        self.on_event(Notice(text))

    def warn(self, text: str) -> None:
        """Report that something may be wrong."""
        self.on_event(Notice(text, is_warning=True))
