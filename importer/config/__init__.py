"""Settings and credentials: the schema, where values come from, and the access token."""

from importer.config.credentials import load_token, token_file_is_exposed, token_origin
from importer.config.loading import CONFIG_VARIABLE, PROFILE_VARIABLE, load_settings
from importer.config.settings import (
    ENVIRONMENT_PREFIX,
    ApiVersion,
    EngineName,
    LabelMode,
    Rate,
    Reading,
    Settings,
    user_state_path,
)
from importer.config.urls import (
    TOKEN_VARIABLE,
    RedactedValueError,
    canonical_url,
    is_host,
    is_loopback,
    parse_base_url,
)

__all__ = [
    "CONFIG_VARIABLE",
    "ENVIRONMENT_PREFIX",
    "PROFILE_VARIABLE",
    "TOKEN_VARIABLE",
    "ApiVersion",
    "EngineName",
    "LabelMode",
    "Rate",
    "Reading",
    "RedactedValueError",
    "Settings",
    "canonical_url",
    "is_host",
    "is_loopback",
    "load_settings",
    "load_token",
    "parse_base_url",
    "token_file_is_exposed",
    "token_origin",
    "user_state_path",
]
