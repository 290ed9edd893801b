"""The credentials: a token from the environment or a file, or an OAuth app; never from an argument."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from importer.config.settings import Settings
from importer.config.urls import TOKEN_VARIABLE
from importer.errors import SettingsError
from importer.redaction import hide


@dataclass(frozen=True, slots=True)
class OAuthCredentials:
    """An OAuth app and its refresh token for one account, with the file to which later refresh tokens are written."""

    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    refresh_token_file: Path


def uses_token_file(settings: Settings) -> bool:
    """Return whether the token comes from the token file; HUBSPOT_ACCESS_TOKEN overrides it."""
    return settings.token_file is not None and not _direct_token(settings)


def uses_oauth(settings: Settings) -> bool:
    """Return whether OAuth provides the token; HUBSPOT_ACCESS_TOKEN and the token file override it."""
    return settings.oauth.is_complete and settings.token_file is None and not _direct_token(settings)


def load_token(settings: Settings) -> SecretStr:
    """Return the access token: the typed one, else HUBSPOT_ACCESS_TOKEN, else the content of the token file.

    Raises SettingsError, never quoting the token, if it is missing or not a valid header value.
    """
    token = _direct_token(settings)
    if settings.token_file is not None and uses_token_file(settings):
        token = _read_file(settings.token_file, "TOKEN_FILE_UNREADABLE", "token file")
    hide(token)
    if not token:
        raise SettingsError(
            "TOKEN_MISSING",
            f"There is no HubSpot token: set {TOKEN_VARIABLE}, or set token_file in the config to a file that contains "
            "it, or set an OAuth app in [oauth]. To try the importer without an account, add --sandbox.",
        )
    if not _is_header_value(token):
        raise SettingsError(
            "TOKEN_MALFORMED",
            f"The token in {token_origin(settings)} contains characters that HubSpot tokens never contain; "
            "copy it again.",
        )
    return SecretStr(token)


def load_oauth(settings: Settings) -> OAuthCredentials:
    """Return the OAuth app of the settings and its refresh token. Raises SettingsError, never quoting a secret."""
    oauth = settings.oauth
    if oauth.client_id is None or oauth.client_secret_file is None or oauth.refresh_token_file is None:
        raise RuntimeError("the settings have no OAuth app")
    secret = _read_file(oauth.client_secret_file, "CLIENT_SECRET_UNREADABLE", "client secret file")
    hide(secret)
    if not secret:
        raise SettingsError("CLIENT_SECRET_MISSING", f"The client secret file {oauth.client_secret_file} is empty.")
    refresh_token = read_refresh_token(oauth.refresh_token_file)
    return OAuthCredentials(oauth.client_id, SecretStr(secret), refresh_token, oauth.refresh_token_file)


def read_refresh_token(path: Path) -> SecretStr:
    """Return the OAuth refresh token in a file. Raises SettingsError, never quoting it."""
    text = _read_file(path, "REFRESH_TOKEN_UNREADABLE", "refresh token file")
    hide(text)
    if not text:
        raise SettingsError("REFRESH_TOKEN_MISSING", f"The refresh token file {path} is empty.")
    if not _is_header_value(text):
        raise SettingsError(
            "REFRESH_TOKEN_MALFORMED",
            f"The refresh token file {path} contains characters that refresh tokens never contain; copy it again.",
        )
    return SecretStr(text)


def token_origin(settings: Settings) -> str:
    """Return where `load_token` reads the token from, for messages: the variable's name or the token file's path."""
    if settings.sandbox:
        return "the sandbox"
    if settings.supplied.token is not None:
        return "the token field"
    return f"the file {settings.token_file}" if uses_token_file(settings) else TOKEN_VARIABLE


def exposed_files(settings: Settings) -> list[Path]:
    """Return the files with the credentials in use that other users of this machine can read."""
    files: list[Path | None] = []
    if uses_token_file(settings):
        files = [settings.token_file]
    elif uses_oauth(settings):
        files = [settings.oauth.client_secret_file, settings.oauth.refresh_token_file]
    if not hasattr(os, "getuid"):  # Windows has no such permissions
        return []
    return [file for file in files if file is not None and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)]


def _direct_token(settings: Settings) -> str:
    """Return the typed token, else the one in the environment, "" if there is neither. Either overrides files."""
    typed = settings.supplied.token
    return (os.environ.get(TOKEN_VARIABLE, "") if typed is None else typed.get_secret_value()).strip()


def _read_file(path: Path, code: str, kind: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(code, f"The {kind} {path} cannot be read: {type(error).__name__}.") from None


def _is_header_value(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
