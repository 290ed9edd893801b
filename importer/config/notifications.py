"""The addresses that are notified about runs: secrets, from the environment or from files."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from importer.config.settings import Settings
from importer.config.urls import parse_webhook_url
from importer.config.values import NotifyWhen
from importer.errors import SettingsError
from importer.redaction import hide

_PREFIX = "IMPORTER_NOTIFY_"

WEBHOOK_URL, WEBHOOK_SECRET, SLACK_URL, HEARTBEAT_URL = (
    f"{_PREFIX}{name}" for name in ("WEBHOOK_URL", "WEBHOOK_SECRET", "SLACK_URL", "HEARTBEAT_URL")
)

NOTIFY_VARIABLES = frozenset({WEBHOOK_URL, WEBHOOK_SECRET, SLACK_URL, HEARTBEAT_URL})
"""Environment variables that hold the secrets themselves; each overrides the key of the same name with `_file`."""


@dataclass(frozen=True, slots=True)
class NotifyTargets:
    """Where and when to notify; an address that is not configured is None.

    `webhook_secret` signs what is sent to `webhook`.
    """

    when: NotifyWhen = NotifyWhen.ALWAYS
    webhook: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    slack: SecretStr | None = None
    heartbeat: SecretStr | None = None

    def __bool__(self) -> bool:
        """Return True if anyone is to be notified at all."""
        has_address = any((self.webhook, self.slack, self.heartbeat))
        return has_address and self.when is not NotifyWhen.NEVER


def load_notify_targets(settings: Settings) -> tuple[NotifyTargets, SettingsError | None]:
    """Return the addresses in the environment or in the files that `[notify]` names, and the first error if any.

    An address that cannot be read, or whose secret cannot, is left out, and the others can be notified of the error:
    that a file cannot be read or an address is invalid. It never quotes an address.
    """
    notify = settings.notify
    if notify.when is NotifyWhen.NEVER:
        return NotifyTargets(notify.when), None
    found: dict[str, SecretStr | None] = {}
    errors = []
    for key, load, variable, file in (
        ("webhook", _url, WEBHOOK_URL, notify.webhook_url_file),
        ("webhook_secret", _secret, WEBHOOK_SECRET, notify.webhook_secret_file),
        ("slack", _url, SLACK_URL, notify.slack_url_file),
        ("heartbeat", _url, HEARTBEAT_URL, notify.heartbeat_url_file),
    ):
        try:
            found[key] = load(variable, file)
        except SettingsError as error:
            errors.append(error)
            found["webhook" if load is _secret else key] = None
    return NotifyTargets(when=notify.when, **found), errors[0] if errors else None


def _url(variable: str, file: Path | None) -> SecretStr | None:
    secret = _text(variable, file)
    if secret is None:
        return None
    try:
        url = parse_webhook_url(secret)
    except ValueError as error:
        origin = variable if _variable(variable) else f"The file {file}"
        raise SettingsError("NOTIFY_URL_INVALID", f"{origin} is not an address to notify: {error}.") from None
    parts = urlsplit(url)
    hide(url.partition(f"{parts.scheme}://{parts.netloc}")[2])  # the host alone is not a secret
    return SecretStr(url)


def _secret(variable: str, file: Path | None) -> SecretStr | None:
    secret = _text(variable, file)
    if secret is None:
        return None
    hide(secret)
    return SecretStr(secret)


def _text(variable: str, file: Path | None) -> str | None:
    """Return the text of a variable, else that of a file; None if neither is set."""
    if _variable(variable):
        return _variable(variable)
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "NOTIFY_FILE_UNREADABLE",
            f"The file {file}, which [notify] names, cannot be read: {type(error).__name__}.",
        ) from None
    if not text:
        raise SettingsError("NOTIFY_FILE_EMPTY", f"The file {file}, which [notify] names, is empty.")
    return text


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
