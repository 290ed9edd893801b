"""The schema of the settings: every key with its type, its default and its validation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from importer.config.field_types import (
    AnyRate,
    FixedRate,
    LabelTexts,
    OptionalPath,
    OptionalPortal,
    OptionalProperty,
    OptionalRow,
    OptionalSecretPath,
    OptionalText,
    PositiveSeconds,
    Text,
)
from importer.config.supplied import Supplied
from importer.config.urls import RedactedValueError, parse_base_url
from importer.config.values import (
    ApiVersion,
    ChangedSource,
    EngineName,
    LabelMode,
    NotifyWhen,
    Rate,
    Reading,
)
from importer.errors import SettingsError
from importer.model import Role

ENVIRONMENT_PREFIX = "IMPORTER_"

ENVIRONMENT = "the environment"
"""The origin of settings that come from environment variables."""

COMMAND_LINE = "the command line"
"""The origin of settings that come from flags."""

_FLAGS = {"portal_id": "--portal", "from_object_type": "--from", "to_object_type": "--to", "columns": "--map"}
"""The flags that have other names than their settings."""


@dataclass(frozen=True, slots=True, eq=False)
class _Origins:
    """The layer that set each key. All instances are equal, so that only values decide whether Settings are equal."""

    by_key: Mapping[str, str] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Origins)

    __hash__ = None  # type: ignore[assignment]


class OAuthSettings(BaseModel):
    """An OAuth app, with which the importer renews access tokens. Either all keys are set or none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: OptionalText = None
    client_secret_file: OptionalSecretPath = None
    refresh_token_file: OptionalSecretPath = None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        missing = [key for key, value in self if value is None]
        if 0 < len(missing) < len(type(self).model_fields):
            raise RedactedValueError(f"{' and '.join(missing)} must be set too")
        return self

    @property
    def is_complete(self) -> bool:
        """True if all keys are set."""
        return all(value is not None for _, value in self)


class NotifySettings(BaseModel):
    """Who is notified about runs, and when. The addresses are secrets, so the settings only hold paths of files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: NotifyWhen = NotifyWhen.ALWAYS
    webhook_url_file: OptionalSecretPath = None
    webhook_secret_file: OptionalSecretPath = None
    slack_url_file: OptionalSecretPath = None
    heartbeat_url_file: OptionalSecretPath = None


TABLES: dict[str, type[BaseModel]] = {"oauth": OAuthSettings, "notify": NotifySettings}
"""The settings that are tables; in the environment, their keys have the table's name as a prefix."""


class Settings(BaseModel):
    """All settings with their defaults. `config.example.toml` explains each key."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    from_object_type: OptionalText = None
    to_object_type: OptionalText = None
    from_by: OptionalProperty = None
    to_by: OptionalProperty = None
    columns: dict[Role, Text] = Field(default_factory=dict)
    sheet: OptionalText = None
    delimiter: OptionalText = None
    encoding: OptionalText = None
    limit: Annotated[int, Field(ge=0)] = 0
    header_row: OptionalRow = None
    no_header: bool = False
    allow_blank: bool = False
    visible_rows_only: bool = False
    labels: LabelTexts = ()

    base_url: Annotated[str, BeforeValidator(parse_base_url)] = "https://api.hubapi.com"
    api_version: ApiVersion = ApiVersion.V4
    rate: AnyRate = "auto"
    workers: Annotated[int, Field(ge=1, le=1000)] = 64
    portal_id: OptionalPortal = None
    engine: EngineName = EngineName.PUT
    batch_rate: FixedRate = Rate(5, 1.0)
    label_mode: LabelMode = LabelMode.ADD
    read_first: bool = True
    allow_deleting_leads: bool = False
    token_file: OptionalPath = None
    oauth: OAuthSettings = OAuthSettings()
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
    keep_runs_days: Annotated[int, Field(ge=0)] = 90
    finish_unfinished: bool = False
    on_changed_source: ChangedSource = ChangedSource.REFUSE
    notify: NotifySettings = NotifySettings()

    report: OptionalPath = None
    quiet: bool = False
    log_format: Literal["text", "json"] = "text"

    _origins: _Origins = PrivateAttr(default_factory=_Origins)
    _supplied: Supplied = PrivateAttr(default_factory=Supplied)

    @model_validator(mode="after")
    def _backoff_in_order(self) -> Self:
        if self.backoff_base > self.backoff_cap:
            raise ValueError(f"backoff_base ({self.backoff_base:g}) is greater than backoff_cap ({self.backoff_cap:g})")
        return self

    @model_validator(mode="after")
    def _one_kind_of_header(self) -> Self:
        if self.no_header and self.header_row is not None:
            raise ValueError(f"no_header and header_row ({self.header_row}) exclude each other; set only one of them")
        return self

    def origin_of(self, key: str) -> str:
        """Return where `key` was set, for messages: `the default`, `IMPORTER_RATE`, `'night.toml'`, and so on."""
        fallback = "the settings" if key in self.model_fields_set else "the default"
        origin = self._origins.by_key.get(key, fallback)
        return f"{ENVIRONMENT_PREFIX}{key.upper()}" if origin == ENVIRONMENT else origin

    def given_as(self, key: str) -> str:
        """Return how `key` was set, for messages: `--portal`, `IMPORTER_PORTAL_ID`, `portal_id in 'night.toml'`."""
        origin = self.origin_of(key)
        if origin == COMMAND_LINE:
            return _FLAGS.get(key, f"--{key.replace('_', '-')}")
        return origin if origin.startswith(ENVIRONMENT_PREFIX) else f"{key} in {origin}"

    def record_origins(self, by_key: Mapping[str, str]) -> None:
        """Record which layer set each key."""
        self._origins = _Origins(by_key)

    def supply(self, supplied: Supplied) -> None:
        """Set the values that no file, flag or variable can set."""
        self._supplied = supplied

    @property
    def supplied(self) -> Supplied:
        """The values that no file, flag or variable can set."""
        return self._supplied

    @property
    def state_path(self) -> Path:
        """The directory of journals and locks: `state_dir`, or the system's directory for a user's state.

        Raises SettingsError when there is neither.
        """
        path = self.state_dir or user_state_path()
        if path is None:
            raise SettingsError(
                "STATE_DIR_UNKNOWN",
                "This user has no home directory for journals: set a directory with --state-dir or IMPORTER_STATE_DIR.",
            )
        return path

    @property
    def reading(self) -> Reading:
        """The settings for reading a source."""
        return Reading(
            from_object_type=self.from_object_type,
            to_object_type=self.to_object_type,
            from_by=self.from_by,
            to_by=self.to_by,
            columns=self.columns,
            sheet=self.sheet,
            delimiter=self.delimiter,
            encoding=self.encoding,
            limit=self.limit or None,
            header_row=self.header_row,
            no_header=self.no_header,
            allow_blank=self.allow_blank,
            visible_rows_only=self.visible_rows_only,
            portal_id=self.portal_id,
            labels=self.labels,
        )


def user_state_path() -> Path | None:
    """Return the system's directory for a user's state; None for a user without a home directory."""
    try:
        path = platformdirs.user_state_path("importer")
    except RuntimeError:
        return None
    return path if path.is_absolute() else None
