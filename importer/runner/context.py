"""The values that every part of a command needs."""

from dataclasses import dataclass

from importer.config import Settings
from importer.hubspot.access_tokens import NO_TOKEN, TokenSource
from importer.runner.events import EventHandler, Notice, ignore


@dataclass(frozen=True, slots=True)
class RunContext:
    """Settings, the source of the token for them, and the handler of events."""

    settings: Settings
    token: TokenSource = NO_TOKEN
    on_event: EventHandler = ignore

    def notify(self, text: str) -> None:
        """Report a plain sentence."""
        self.on_event(Notice(text))

    def warn(self, text: str) -> None:
        """Report that something may be wrong."""
        self.on_event(Notice(text, is_warning=True))
