"""A config file, and the error of loading settings."""

from pathlib import Path
from typing import Any

from importer.config import (
    load_settings,
)
from importer.errors import SettingsError
from tests.support.errors import raises


def config_file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error_message(
    code: str, flags: dict[str, Any] | None = None, config: Path | None = None, profile: str | None = None
) -> str:
    """Assert the code with which settings are rejected, and return the message."""
    with raises(SettingsError, code) as caught:
        load_settings(flags, config, profile)
    return str(caught.value)
