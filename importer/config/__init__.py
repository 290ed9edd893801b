"""Settings and credentials: the schema, where values come from, and the access token."""

from importer.config.credentials import (
    OAuthCredentials,
    exposed_files,
    load_oauth,
    load_token,
    read_refresh_token,
    token_origin,
    uses_oauth,
    uses_token_file,
)
from importer.config.loading import CONFIG_VARIABLE, PROFILE_VARIABLE, load_notify_settings, load_settings
from importer.config.notifications import NotifyTargets, load_notify_targets
from importer.config.settings import ENVIRONMENT_PREFIX, Settings, user_state_path
from importer.config.supplied import Supplied
from importer.config.urls import (
    TOKEN_VARIABLE,
    RedactedValueError,
    canonical_url,
    is_host,
    is_loopback,
    parse_base_url,
)
from importer.config.values import ApiVersion, ChangedSource, EngineName, LabelMode, NotifyWhen, Rate, Reading

__all__ = [
    "CONFIG_VARIABLE",
    "ENVIRONMENT_PREFIX",
    "PROFILE_VARIABLE",
    "TOKEN_VARIABLE",
    "ApiVersion",
    "ChangedSource",
    "EngineName",
    "LabelMode",
    "NotifyTargets",
    "NotifyWhen",
    "OAuthCredentials",
    "Rate",
    "Reading",
    "RedactedValueError",
    "Settings",
    "Supplied",
    "canonical_url",
    "exposed_files",
    "is_host",
    "is_loopback",
    "load_notify_settings",
    "load_notify_targets",
    "load_oauth",
    "load_settings",
    "load_token",
    "parse_base_url",
    "read_refresh_token",
    "token_origin",
    "user_state_path",
    "uses_oauth",
    "uses_token_file",
]
