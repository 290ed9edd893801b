"""Loading settings: flags > environment > TOML profile > top of the TOML file > defaults."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from importer.config.notifications import NOTIFY_VARIABLES
from importer.config.settings import COMMAND_LINE, ENVIRONMENT, ENVIRONMENT_PREFIX, TABLES, Settings
from importer.config.urls import TOKEN_VARIABLE, RedactedValueError
from importer.errors import SettingsError
from importer.model import Role
from importer.redaction import hide

CONFIG_VARIABLE = "IMPORTER_CONFIG"
PROFILE_VARIABLE = "IMPORTER_PROFILE"

_NOT_SETTINGS = {CONFIG_VARIABLE, PROFILE_VARIABLE, *NOTIFY_VARIABLES}


def load_settings(
    flags: Mapping[str, object] | None = None, config: Path | None = None, profile: str | None = None
) -> Settings:
    """Return the effective settings: `flags` override `IMPORTER_*`, which override the profile and the defaults.

    A flag that is None was not given. `config` is a TOML file whose top-level keys apply to every run and whose
    `[profiles.NAME]` tables apply to `profile`; `IMPORTER_CONFIG` and `IMPORTER_PROFILE` are their defaults.
    `[columns]`, `[oauth]` and `[notify]` are merged key by key.

    Raises SettingsError with the key, its origin, its value and, for an unknown key, the closest known one.
    """
    hide(os.environ.get(TOKEN_VARIABLE, "").strip())
    values, origins = _merged(flags or {}, config, profile)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _settings_error(error, origins) from None
    settings.record_origins(origins)
    return settings


def load_notify_settings(
    flags: Mapping[str, object] | None = None, config: Path | None = None, profile: str | None = None
) -> Settings:
    """Return the keys `notify` and `sandbox` of settings that `load_settings` refuses, as far as they can be read."""
    try:
        values, _ = _merged(flags or {}, config, profile)
        return Settings.model_validate({key: values[key] for key in ("notify", "sandbox") if key in values})
    except (SettingsError, ValidationError):
        return Settings()  # the addresses may be in the environment


def _merged(
    flags: Mapping[str, object], config: Path | None, profile: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of the settings by key, and their origins. Raises SettingsError if the file cannot be read."""
    variable = os.environ.get(CONFIG_VARIABLE)
    path = config or (Path(os.path.expanduser(variable)) if variable else None)  # noqa: PTH111 - keeps an unknown ~user
    layers = [
        *_file_layers(path, profile or os.environ.get(PROFILE_VARIABLE) or None),
        (ENVIRONMENT, _environment()),
        (COMMAND_LINE, {key: value for key, value in flags.items() if value is not None}),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, layer in layers:
        for key, value in layer.items():
            merged = isinstance(value, dict) and isinstance(values.get(key), dict)
            values[key] = {**values[key], **value} if merged else value
            origins[key] = name
    return values, origins


def _environment() -> dict[str, Any]:
    """Return the settings in the environment. Empty variables are ignored; validation rejects unknown ones.

    `IMPORTER_OAUTH_CLIENT_ID` sets the key `client_id` of the table `oauth`.
    """
    values: dict[str, Any] = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and value and name not in _NOT_SETTINGS
    }
    for table in TABLES:
        keys = [key for key in values if key.startswith(f"{table}_")]
        if keys:
            values[table] = {key.removeprefix(f"{table}_"): values.pop(key) for key in keys}
    return values


def _file_layers(path: Path | None, profile: str | None) -> list[tuple[str, dict[str, Any]]]:
    if path is None:
        if profile is not None:
            raise SettingsError(
                "PROFILE_WITHOUT_CONFIG",
                f"--profile {profile} needs the config file that defines it: add --config PATH.",
            )
        return []
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError("CONFIG_UNREADABLE", f"The config file {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # also raised for a path that contains NUL
        raise SettingsError("CONFIG_NOT_TOML", f"The config file {path} is not valid TOML: {error}.") from error
    profiles = table.pop("profiles", {})
    layers = [(f"'{path}'", table)]
    if profile is not None:
        if not isinstance(profiles, dict) or not isinstance(profiles.get(profile), dict):
            known = ", ".join(profiles) if isinstance(profiles, dict) and profiles else "none"
            raise SettingsError(
                "PROFILE_UNKNOWN", f"The config file {path} has no [profiles.{profile}]. Its profiles are: {known}."
            )
        layers.append((f"[profiles.{profile}] of '{path}'", profiles[profile]))
    return layers


def _settings_error(error: ValidationError, origins: Mapping[str, str]) -> SettingsError:
    """Return one error that describes every invalid setting; its code is that of the first one."""
    described = [_describe(dict(item), origins) for item in error.errors(include_url=False)]
    code, _ = described[0]
    return SettingsError(code, " ".join(sentence for _, sentence in described))


def _describe(item: Mapping[str, Any], origins: Mapping[str, str]) -> tuple[str, str]:
    """Return the code and the sentence for one pydantic error."""
    place = [str(part) for part in item["loc"]]
    reason = item["msg"].removeprefix("Value error, ")
    if not place:
        return "SETTINGS_CONFLICT", f"{reason}."
    origin = origins.get(place[0], "the settings")
    where = f"On {origin}" if origin == COMMAND_LINE else f"In {origin}"
    if item["type"] == "extra_forbidden":
        known = (Settings if len(place) == 1 else TABLES[place[0]]).model_fields
        close = get_close_matches(place[-1], known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        return "SETTING_UNKNOWN", f"{where}: there is no setting {'.'.join(place)!r}{hint}"
    if place[2:] == ["[key]"]:
        roles = ", ".join(Role)
        return "ROLE_UNKNOWN", f"{where}: columns: there is no role {place[1]!r}; the roles are {roles}."
    redacted = isinstance(item.get("ctx", {}).get("error"), RedactedValueError)
    value = "" if redacted else f" is {str(item['input'])!r}"
    return "SETTING_INVALID", f"{where}: {'.'.join(place)}{value}: {reason[:1].lower()}{reason[1:]}."
