"""The access token: from the environment or from a token file, never from an argument."""

import os
import stat

from pydantic import SecretStr

from importer.config.settings import Settings
from importer.config.urls import TOKEN_VARIABLE
from importer.errors import SettingsError
from importer.redaction import hide


def load_token(settings: Settings) -> SecretStr:
    """Return the access token from HUBSPOT_ACCESS_TOKEN, or else from the file that `token_file` names.

    Raises SettingsError, never quoting the token, when it is missing or not a valid header value.
    """
    text = os.environ.get(TOKEN_VARIABLE, "")
    if not text.strip() and settings.token_file is not None:
        try:
            text = settings.token_file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "TOKEN_FILE_UNREADABLE",
                f"The token file {settings.token_file} cannot be read: {type(error).__name__}.",
            ) from None
    token = text.strip()
    hide(token)
    if not token:
        raise SettingsError(
            "TOKEN_MISSING",
            f"There is no HubSpot token: set {TOKEN_VARIABLE}, or set token_file in the config to a file that contains "
            "it. To try the importer without an account, add --sandbox.",
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingsError(
            "TOKEN_MALFORMED",
            f"The token in {token_origin(settings)} contains characters that HubSpot tokens never contain; "
            "copy it again.",
        )
    return SecretStr(token)


def token_origin(settings: Settings) -> str:
    """Return where `load_token` reads the token from, for messages: the variable's name or the token file's path."""
    if settings.sandbox:
        return "the sandbox"
    if os.environ.get(TOKEN_VARIABLE, "").strip() or settings.token_file is None:
        return TOKEN_VARIABLE
    return f"the file {settings.token_file}"


def token_file_is_exposed(settings: Settings) -> bool:
    """Return whether the token file is in use and other users of this machine may read it."""
    if settings.token_file is None or os.environ.get(TOKEN_VARIABLE, "").strip():
        return False
    if not hasattr(os, "getuid"):  # Windows has no such permissions
        return False
    return bool(settings.token_file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
