"""Settings: flags > environment > TOML profile > defaults, validated, with errors that name the key."""

import ipaddress
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)

from importer.errors import SettingsError
from importer.model import Role, Status
from importer.redaction import hide, redact

ENVIRONMENT_PREFIX = "IMPORTER_"
CONFIG_VARIABLE = "IMPORTER_CONFIG"
PROFILE_VARIABLE = "IMPORTER_PROFILE"
TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 - the name of the variable, not its value


_ENVIRONMENT = "the environment"


class ApiVersion(StrEnum):
    """The version in HubSpot's paths. Source: HubSpot, OpenAPI files and changelog."""

    V4 = "v4"
    V2026_03 = "2026-03"
    V2026_09 = "2026-09"


class EngineName(StrEnum):
    """How pairs are sent: one call a pair, or up to 2,000 pairs a call."""

    PUT = "put"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` requests in every rolling window of `seconds`."""

    calls: int
    seconds: float

    def __str__(self) -> str:
        """The form that `--rate` takes: `100/10`."""
        return f"{self.calls}/{self.seconds:g}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a source. None means: find out from the file.

    `columns` maps a role to a header or a position (`#2`, from 1); `sheet` is a name or an index from 1; `limit` is the
    number of data rows to take from the top. `header_row` is the row, from 1 as a spreadsheet shows it, that holds the
    header (None: the first that is not blank); with `no_header` the file has none and columns are named by position.
    `allow_blank` makes a row whose id cell is empty `blank` instead of `invalid`, `visible_rows_only` leaves out rows
    that a workbook hides. `statuses`, when given, leaves out the rows whose `import_status` from an earlier run is
    another one; rows without a status, or with one that no run writes, are taken.
    """

    from_object_type: str | None = None
    to_object_type: str | None = None
    columns: Mapping[Role, str] = field(default_factory=dict)
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    limit: int | None = None
    header_row: int | None = None
    no_header: bool = False
    allow_blank: bool = False
    visible_rows_only: bool = False
    statuses: frozenset[Status] | None = None


class RedactedValueError(ValueError):
    """A value is wrong and may be a secret: the message must not repeat it."""


_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.IGNORECASE | re.ASCII)


def _parse_rate(value: object) -> object:
    if isinstance(value, Rate) or value == "auto":
        return value
    calls, slash, seconds = str(value).partition("/")
    try:
        rate = Rate(int(calls), float(seconds))
    except ValueError:
        slash = ""
    if not slash or rate.calls < 1 or not 0 < rate.seconds < 86_400:
        raise ValueError("expected N/SECONDS, such as 100/10, or auto")
    return rate


def parse_base_url(value: object) -> str:
    """Return a base URL without its last slash. Raises ValueError, saying what was expected, for anything else."""
    text = str(value).rstrip("/")
    if "@" in text:
        raise RedactedValueError("expected a URL without a name or password, such as https://api.hubapi.com")
    _refuse_token(text)
    scheme, host = _scheme_and_host(text)
    if scheme == "http" and not is_loopback(host):
        raise ValueError("expected https:// (http:// is for this machine only: the token would travel readable)")
    return text


def _scheme_and_host(url: str) -> tuple[str, str]:
    wrong = ValueError("expected a URL such as https://api.hubapi.com")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets or a port that cannot be
        raise wrong from None
    if parts.scheme not in {"http", "https"} or port == 0 or set(url) & set("?# \\") or not is_host(parts.hostname):
        raise wrong
    return parts.scheme, parts.hostname or ""


def is_host(text: str | None) -> bool:
    """Whether a text is an IP address or can be a host name, also an international one."""
    if _address(text or "") is not None:
        return True
    host = (text or "").lower()
    try:
        name = host.encode("idna").decode("ascii")
        is_itself = name == host or name.encode("ascii").decode("idna") == host  # nothing invisible was dropped
    except UnicodeError:
        return False
    return is_itself and len(name) < 254 and _HOST.fullmatch(name) is not None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    address = _address(host)
    return host.lower().removesuffix(".") == "localhost" or (address is not None and address.is_loopback)


def canonical_url(base_url: str) -> str:
    """The one spelling of a base URL, as a key: lower case, no default port, no final dot, one name for loopback."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").removesuffix(".")
    host = "localhost" if is_loopback(host) else host
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}:{parts.port or default}{parts.path.rstrip('/')}"


def _unset(value: object) -> object:
    return None if value == "" else value


def _refuse_token(value: object) -> object:
    """The value of a setting that is journalled or sent in clear. Raises RedactedValueError when it holds a token."""
    if isinstance(value, str) and redact(value) != value:
        raise RedactedValueError(f"this holds an access token, which belongs into {TOKEN_VARIABLE} or a token file")
    return value


def _parse_path(value: object) -> object:
    if str(value).startswith("pat-"):
        raise RedactedValueError("expected the path of a file that holds the token, not the token itself")
    if "\0" in str(value):
        raise ValueError("a path cannot contain the character NUL")
    # Unlike Path.expanduser this leaves a ~ that means no home as it is.
    return os.path.expanduser(value) if isinstance(value, str) and value else _unset(value)  # noqa: PTH111


AnyRate = Annotated[Rate | Literal["auto"], BeforeValidator(_parse_rate)]
FixedRate = Annotated[Rate, BeforeValidator(_parse_rate)]
Text = Annotated[str, BeforeValidator(_refuse_token)]
OptionalText = Annotated[Text | None, BeforeValidator(_unset)]
OptionalRow = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_unset)]
OptionalPath = Annotated[Path | None, BeforeValidator(_parse_path)]
PositiveSeconds = Annotated[float, Field(gt=0, le=86_400)]


@dataclass(frozen=True, slots=True, eq=False)
class _Origins:
    """Where each key was set; a layer names itself. Equal to any other: it says nothing about the values."""

    by_key: Mapping[str, str] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Origins)

    __hash__ = None  # type: ignore[assignment]


class Settings(BaseModel):
    """Everything that can be set, with its default. `config.example.toml` says what each key is for."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    from_object_type: OptionalText = None
    to_object_type: OptionalText = None
    columns: dict[Role, Text] = Field(default_factory=dict)
    sheet: OptionalText = None
    delimiter: OptionalText = None
    encoding: OptionalText = None
    limit: Annotated[int, Field(ge=0)] = 0
    header_row: OptionalRow = None
    no_header: bool = False
    allow_blank: bool = False
    visible_rows_only: bool = False

    base_url: Annotated[str, BeforeValidator(parse_base_url)] = "https://api.hubapi.com"
    api_version: ApiVersion = ApiVersion.V4
    rate: AnyRate = "auto"
    workers: Annotated[int, Field(ge=1, le=1000)] = 64
    engine: EngineName = EngineName.PUT
    batch_rate: FixedRate = Rate(5, 1.0)
    only_missing: bool = False
    token_file: OptionalPath = None
    connect_timeout: PositiveSeconds = 10
    answer_timeout: PositiveSeconds = 30
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 6
    backoff_base: PositiveSeconds = 0.5
    backoff_cap: PositiveSeconds = 30
    longest_wait: PositiveSeconds = 900
    max_failure_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    daily_reserve: Annotated[int, Field(ge=0)] = 0
    sandbox: bool = False

    state_dir: OptionalPath = None
    no_wait: bool = False
    stop_grace: PositiveSeconds = 8

    quiet: bool = False
    log_format: Literal["text", "json"] = "text"

    _origins: _Origins = PrivateAttr(default_factory=_Origins)

    @model_validator(mode="after")
    def _backoff_in_order(self) -> Self:
        if self.backoff_base > self.backoff_cap:
            raise ValueError(f"backoff_base ({self.backoff_base:g}) is above backoff_cap ({self.backoff_cap:g})")
        return self

    @model_validator(mode="after")
    def _one_kind_of_header(self) -> Self:
        if self.no_header and self.header_row is not None:
            raise ValueError(f"no_header and header_row ({self.header_row}) exclude each other; set one of them")
        return self

    def origin_of(self, key: str) -> str:
        """Where the value of `key` comes from, for people: `the default`, `IMPORTER_RATE`, `'night.toml'`, …."""
        unknown = "the settings" if key in self.model_fields_set else "the default"
        origin = self._origins.by_key.get(key, unknown)
        return f"{ENVIRONMENT_PREFIX}{key.upper()}" if origin == _ENVIRONMENT else origin

    @property
    def state_path(self) -> Path:
        """Where journals and locks are kept: `state_dir`, or the system's place for a user's state.

        Raises SettingsError when there is neither.
        """
        path = self.state_dir or user_state_path()
        if path is None:
            raise SettingsError(
                "This user has no home directory, so there is no place for journals: name one with --state-dir or in "
                "IMPORTER_STATE_DIR."
            )
        return path

    @property
    def reading(self) -> Reading:
        """The part that says how to read a source."""
        return Reading(
            self.from_object_type,
            self.to_object_type,
            self.columns,
            self.sheet,
            self.delimiter,
            self.encoding,
            self.limit or None,
            self.header_row,
            self.no_header,
            self.allow_blank,
            self.visible_rows_only,
        )


def user_state_path() -> Path | None:
    """The system's place for a user's state, whatever the settings; None for a user without a home directory."""
    try:
        path = platformdirs.user_state_path("importer")
    except RuntimeError:
        return None
    return path if path.is_absolute() else None


def load_settings(
    flags: Mapping[str, object] | None = None, config: Path | None = None, profile: str | None = None
) -> Settings:
    """The settings in force: `flags` (None: not given) over `IMPORTER_*` over the profile over the defaults.

    `config` is a TOML file whose top-level keys hold for every run and whose `[profiles.NAME]` tables hold for
    `profile`; without them the variables `IMPORTER_CONFIG` and `IMPORTER_PROFILE` name them. `[columns]` are merged key
    by key.

    Raises SettingsError naming the key, where it stands, what was seen and, for an unknown key, the nearest known one.
    """
    hide(os.environ.get(TOKEN_VARIABLE, "").strip())
    named = os.environ.get(CONFIG_VARIABLE)
    path = config or (Path(os.path.expanduser(named)) if named else None)  # noqa: PTH111 - see _parse_path
    layers = [
        *_file_layers(path, profile or os.environ.get(PROFILE_VARIABLE) or None),
        (_ENVIRONMENT, _environment()),
        ("the command line", {key: value for key, value in (flags or {}).items() if value is not None}),
    ]
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, layer in layers:
        for key, value in layer.items():
            merged = isinstance(value, dict) and isinstance(values.get(key), dict)
            values[key] = {**values[key], **value} if merged else value
            origin[key] = name
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, origin)) from None
    settings._origins = _Origins(origin)
    return settings


def _environment() -> dict[str, str]:
    """The keys that variables set; an empty one is as good as none. An unknown one is kept, to be refused."""
    return {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and value and name not in {CONFIG_VARIABLE, PROFILE_VARIABLE}
    }


def _file_layers(path: Path | None, profile: str | None) -> list[tuple[str, dict[str, Any]]]:
    if path is None:
        if profile is not None:
            raise SettingsError(f"--profile {profile} needs the config file that holds it: add --config PATH.")
        return []
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"The config file {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # also when a path with a NUL names no file
        raise SettingsError(f"The config file {path} is not TOML: {error}.") from error
    profiles = table.pop("profiles", {})
    layers = [(f"'{path}'", table)]
    if profile is not None:
        if not isinstance(profiles, dict) or not isinstance(profiles.get(profile), dict):
            known = ", ".join(profiles) if isinstance(profiles, dict) and profiles else "none"
            raise SettingsError(f"The config file {path} has no [profiles.{profile}]. Its profiles are: {known}.")
        layers.append((f"[profiles.{profile}] of '{path}'", profiles[profile]))
    return layers


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    return " ".join(_explain_one(dict(item), origin) for item in error.errors(include_url=False))


def _explain_one(item: Mapping[str, Any], origin: Mapping[str, str]) -> str:
    place = [str(part) for part in item["loc"]]
    key, where = place[0] if place else "", origin.get(place[0], "the settings") if place else "the settings"
    if item["type"] == "extra_forbidden":
        near = get_close_matches(key, Settings.model_fields, n=1)
        return f"In {where}: there is no setting {key!r}" + (f"; did you mean {near[0]!r}?" if near else ".")
    reason = item["msg"].removeprefix("Value error, ")
    if place[2:] == ["[key]"]:
        return f"In {where}: columns: there is no role {place[1]!r}; the roles are {', '.join(Role)}."
    key = ".".join(place)
    if not key:
        return f"{reason}."
    seen = "" if isinstance(item.get("ctx", {}).get("error"), RedactedValueError) else f" is {str(item['input'])!r}"
    return f"In {where}: {key}{seen}: {reason[:1].lower()}{reason[1:]}."


def load_token(settings: Settings) -> SecretStr:
    """The access token, from HUBSPOT_ACCESS_TOKEN or else from the file that `token_file` names.

    Raises SettingsError, without the token's text, when there is none or it could not stand in a header.
    """
    text, where = os.environ.get(TOKEN_VARIABLE, ""), token_origin(settings)
    if not text.strip() and settings.token_file is not None:
        try:
            text = settings.token_file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"the token file {settings.token_file} cannot be read: {type(error).__name__}."
            ) from None
    token = text.strip()
    hide(token)
    if not token:
        raise SettingsError(
            f"There is no HubSpot token: set {TOKEN_VARIABLE}, or name a file with token_file in the config. "
            "To try the importer without an account add --sandbox."
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingsError(f"The token in {where} has characters that no HubSpot token has; copy it once more.")
    return SecretStr(token)


def token_origin(settings: Settings) -> str:
    """Where `load_token` takes the token from, for people: the variable's name, or the token file's path."""
    if settings.sandbox:
        return "the sandbox"
    if os.environ.get(TOKEN_VARIABLE, "").strip() or settings.token_file is None:
        return TOKEN_VARIABLE
    return f"the file {settings.token_file}"


def token_file_is_exposed(settings: Settings) -> bool:
    """Whether others on this machine may read the token file that is in use."""
    if settings.token_file is None or os.environ.get(TOKEN_VARIABLE, "").strip() or os.name == "nt":
        return False
    return bool(settings.token_file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
