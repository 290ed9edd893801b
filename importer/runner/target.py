"""The account that a command sends to, with the token for it."""

import asyncio
import contextlib
from dataclasses import dataclass

from importer.config import ApiVersion, LabelMode, Reading, Settings
from importer.errors import SettingsError
from importer.hubspot.access_tokens import NO_TOKEN, TokenSource
from importer.hubspot.token_source import token_source
from importer.journal import SANDBOX, Account, Journal, RunInfo
from importer.runner.account_check import TokenAccount
from importer.runner.context import RunContext
from importer.runner.events import EventHandler
from importer.runner.new_run import target_name


@dataclass(frozen=True, slots=True)
class Target:
    """The context of a command and the account of its token; the in-process sandbox has no account."""

    context: RunContext
    account: TokenAccount | None

    def account_of_lookup(self, reading: Reading) -> Account | None:
        """Return the account in which records are looked up, so that their ids are not sent to another one.

        None in the in-process sandbox, or if nothing is looked up. Raises AccountError if the settings require another
        account.
        """
        return self.identify() if reading.looks_up else None

    def identify(self) -> Account | None:
        """Return the account of the token before anything is read from it, None in the in-process sandbox.

        Raises AccountError if the settings require another account.
        """
        return self.account.identify() if self.account is not None else None

    def record_account(self, journal: Journal) -> None:
        """Record the account, if it is known, as that of a run that has sent nothing yet."""
        if self.account is not None and self.account.portal_id is not None and journal.account is None:
            journal.set_account(self.account.identify())

    def owns(self, journal: Journal) -> bool:
        """Return True if a run belongs to the token's account."""
        return self.account is None or self.account.owns(journal)

    def require_owner(self, journal: Journal) -> None:
        """Raise AccountError unless a run belongs to the token's account."""
        if self.account is not None:
            self.account.require_owner(journal)


def access_token(settings: Settings) -> TokenSource:
    """Return the source of the token for the target of `settings`; the sandbox needs none.

    Raises SettingsError if there is no token or the proxy is wrong, or if an event loop is running in this thread:
    sending needs its own.
    """
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise SettingsError(
            "EVENT_LOOP_RUNNING",
            "An event loop is running in this thread. Call this function in another thread, with asyncio.to_thread.",
        )
    if settings.sandbox:
        return NO_TOKEN
    return token_source(settings)


def target_of_settings(settings: Settings, on_event: EventHandler) -> Target:
    """Return the target of a new run."""
    context = RunContext(settings, access_token(settings), on_event)
    return Target(context, None if settings.sandbox else TokenAccount(context))


def target_of_run(info: RunInfo, settings: Settings, on_event: EventHandler) -> Target:
    """Return the target of an existing run: its base URL and, unless others are given, its API version and label mode.

    Raises SettingsError if another base URL is given: the run's ids would refer to other records there.
    """
    given, is_sandbox = settings.model_fields_set, info.target == SANDBOX
    is_elsewhere = "sandbox" in given and settings.sandbox is not is_sandbox
    if "base_url" in given and not settings.sandbox:
        is_elsewhere = is_elsewhere or settings.base_url != info.target
    if is_elsewhere:
        raise SettingsError(
            "TARGET_DIFFERS",
            f"Run {info.run_id} sends to {info.target}, not to {target_name(settings)}, where its ids would refer to "
            "other records. To send the pairs elsewhere, import their file with --fresh.",
        )
    changes: dict[str, object] = {"sandbox": is_sandbox}
    if not is_sandbox:
        changes["base_url"] = info.target
    if "api_version" not in given:
        changes["api_version"] = ApiVersion(info.api_version)
    if "label_mode" not in given and "label_mode" in info.settings:
        changes["label_mode"] = LabelMode(info.settings["label_mode"])
    return target_of_settings(settings.model_copy(update=changes), on_event)
