"""Notifies other systems that a command did not begin, because its settings are wrong."""

from dataclasses import replace

from importer.config import Settings, load_notify_targets
from importer.errors import SettingsError
from importer.runner.context import RunContext
from importer.runner.notify import Notifier


def notify_of_wrong_settings(error: SettingsError, given: object, settings: Settings, *, heartbeat: bool) -> None:
    """Notify the targets of `settings` of an error, as `notified` does; `given` is the command's file or run."""
    if not settings.sandbox:
        targets, _ = load_notify_targets(settings)
        if not heartbeat:
            targets = replace(targets, heartbeat=None)
        Notifier(targets, RunContext(settings), given).failed(error)
