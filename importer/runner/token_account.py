"""Identifies the account of a token before anything is planned."""

from importer.config import Settings
from importer.errors import AccountError
from importer.hubspot.account_details import AccountDetails
from importer.runner.events import EventHandler, ignore
from importer.runner.os_errors import translate_os_errors
from importer.runner.target import target_of_settings


@translate_os_errors()
def token_account(settings: Settings, on_event: EventHandler = ignore) -> AccountDetails:
    """Return the details of the account that the token belongs to; empty in the sandbox.

    Raises SettingsError without a token, and AccountError if HubSpot refuses it or the settings require another
    account.
    """
    account = target_of_settings(settings, on_event).account
    if account is None:
        return AccountDetails()
    account.identify()
    if account.is_refused:
        raise AccountError(
            "TOKEN_REFUSED",
            "HubSpot refuses the token: it is wrong, was revoked, or has expired. Copy it again from HubSpot.",
        )
    return account.details
