"""Loading settings: flags override the environment, which overrides the config file, which overrides the defaults."""

from pathlib import Path

import pytest

from importer.config import (
    Reading,
    Settings,
    load_settings,
)
from importer.model import Role
from tests.support.config_files import config_file


def test_each_layer_overrides_those_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config_file(
        tmp_path, "workers = 1\nmax_attempts = 1\ndaily_reserve = 1\n[profiles.night]\nworkers = 2\nmax_attempts = 2\n"
    )

    def effective(*layers: object) -> tuple[int, int, int]:
        flags, profile = layers
        settings = load_settings(flags, path, profile)  # type: ignore[arg-type]
        return settings.workers, settings.max_attempts, settings.daily_reserve

    assert effective(None, None) == (1, 1, 1)
    assert effective(None, "night") == (2, 2, 1)
    monkeypatch.setenv("IMPORTER_WORKERS", "3")
    assert effective(None, "night") == (3, 2, 1)
    assert effective({"workers": 4}, "night") == (4, 2, 1)
    assert effective({"workers": None}, "night") == (3, 2, 1)  # a flag that was not given


def test_without_flags_environment_and_file_the_defaults_apply() -> None:
    assert load_settings() == Settings()


def test_empty_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPORTER_WORKERS", "")
    monkeypatch.setenv("IMPORTER_CONFIG", "")
    assert load_settings() == Settings()


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("no", False)])
def test_a_variable_can_be_a_boolean(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("IMPORTER_SANDBOX", text)
    assert load_settings().sandbox is value


def test_a_variable_names_the_config_file_and_a_flag_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPORTER_CONFIG", str(config_file(tmp_path, "workers = 5")))
    other = tmp_path / "other.toml"
    other.write_text("workers = 6")
    assert load_settings().workers == 5
    assert load_settings(config=other).workers == 6


def test_columns_are_merged_role_by_role(tmp_path: Path) -> None:
    path = config_file(
        tmp_path,
        "[columns]\nfrom_object_id = 'A'\nto_object_id = 'B'\n[profiles.x.columns]\nto_object_id = 'C'\n",
    )
    flags = {"columns": {"from_object_type": "#4"}}
    assert load_settings(flags, path, "x").columns == {
        Role.FROM_OBJECT_ID: "A",
        Role.TO_OBJECT_ID: "C",
        Role.FROM_OBJECT_TYPE: "#4",
    }


def test_a_config_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfworkers = 7\n")
    assert load_settings(config=path).workers == 7


def test_paths_may_begin_with_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load_settings({"token_file": "~/token", "state_dir": "~/state"})
    assert settings.token_file == tmp_path / "token"
    assert settings.state_path == tmp_path / "state"


def test_the_reading_settings_omit_values_that_are_not_set() -> None:
    assert load_settings({"limit": "3", "sheet": "", "delimiter": ";"}).reading == Reading(delimiter=";", limit=3)
    assert load_settings().reading.limit is None
