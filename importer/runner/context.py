"""The values that every part of a command needs."""

from dataclasses import dataclass

from pydantic import SecretStr

from importer.config import Settings
from importer.runner.events import EventHandler, Notice, ignore

_NO_TOKEN = SecretStr("")


@dataclass(frozen=True, slots=True)
class RunContext:
    """Settings, the token that belongs to them ("" if none is needed), and the handler of events."""

    settings: Settings
    token: SecretStr = _NO_TOKEN
    on_event: EventHandler = ignore

    def notify(self, text: str) -> None:
        """Report a plain sentence."""
        self.on_event(Notice(text))

    def warn(self, text: str) -> None:
        """Report that something may be wrong."""
        self.on_event(Notice(text, is_warning=True))
