"""Rejected settings: the error states where they come from, what was seen and what was expected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import (
    Rate,
    load_settings,
)
from importer.errors import SettingsError
from importer.model import Role
from tests.support.config_files import config_file, error_message
from tests.support.errors import raises_code


def test_an_unknown_key_is_reported_with_its_origin_and_the_closest_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_file(tmp_path, "rtae = '1/1'\n[profiles.p]\nmax_atempts = 3")
    message = error_message("SETTING_UNKNOWN", config=path)
    assert f"'{path}'" in message
    assert "'rtae'" in message
    assert "'rate'" in message
    message = error_message("SETTING_UNKNOWN", config=path, profile="p")
    assert f"[profiles.p] of '{path}'" in message
    assert "'max_attempts'" in message
    monkeypatch.setenv("IMPORTER_SANDBX", "1")
    message = error_message("SETTING_UNKNOWN")
    assert "the environment" in message
    assert "'sandbox'" in message


def test_a_key_like_no_other_is_rejected_without_a_suggestion(tmp_path: Path) -> None:
    path = config_file(tmp_path, "zzz = 1")
    assert "did you mean" not in error_message("SETTING_UNKNOWN", config=path)


def test_an_invalid_value_is_reported_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config_file(tmp_path, "workers = 0\n[profiles.p]\nworkers = 'many'")
    assert error_message("SETTING_INVALID", config=path).startswith(f"In '{path}': workers is '0': ")
    message = error_message("SETTING_INVALID", config=path, profile="p")
    assert message.startswith(f"In [profiles.p] of '{path}': workers is 'many': ")
    monkeypatch.setenv("IMPORTER_WORKERS", "1.5")
    assert error_message("SETTING_INVALID", config=path).startswith("In the environment: workers is '1.5': ")
    message = error_message("SETTING_INVALID", {"workers": "-1"}, path)
    assert message.startswith("On the command line: workers is '-1': ")


def test_every_invalid_value_is_reported_at_once() -> None:
    message = error_message("SETTING_INVALID", {"workers": "x", "rate": "fast"})
    assert "workers is 'x'" in message
    assert "rate is 'fast'" in message


@pytest.mark.parametrize(
    "rate",
    ["100", "100/", "/10", "0/10", "-1/10", "10/0", "10/-1", "1.5/10", "10/nan", "10/inf", "10/86400", "a/b", "1/2/3"],
)
def test_an_invalid_rate_is_rejected_with_an_example(rate: str) -> None:
    message = error_message("SETTING_INVALID", {"rate": rate})
    assert repr(rate) in message
    assert "100/10" in message


@given(st.integers(1, 10**9), st.integers(1, 86_399))
def test_a_rate_is_parsed_from_its_own_text(calls: int, seconds: int) -> None:
    rate = Rate(calls, float(seconds))
    assert load_settings({"rate": str(rate)}).rate == rate


def test_backoff_values_in_the_wrong_order_are_rejected() -> None:
    error_message("SETTINGS_CONFLICT", {"backoff_base": 20, "backoff_cap": 2})


def test_no_header_and_a_header_row_exclude_each_other() -> None:
    error_message("SETTINGS_CONFLICT", {"no_header": True, "header_row": 2})


def test_an_unknown_role_is_rejected_with_the_list_of_roles() -> None:
    message = error_message("ROLE_UNKNOWN", {"columns": {"from_id": "A"}})
    assert "'from_id'" in message
    assert all(role in message for role in Role)


def test_a_column_that_is_not_text_is_reported(tmp_path: Path) -> None:
    path = config_file(tmp_path, "[columns]\nto_object_id = 3")
    assert "columns.to_object_id is '3'" in error_message("SETTING_INVALID", config=path)


@pytest.mark.parametrize("text", ["workers = ", "[profiles", "workers = 1\nworkers = 2"])
def test_a_file_that_is_not_toml_is_rejected_with_the_position(tmp_path: Path, text: str) -> None:
    with raises_code(SettingsError, "CONFIG_NOT_TOML") as caught:  # Python versions word the reason differently
        load_settings(config=config_file(tmp_path, text))
    assert str(tmp_path / "config.toml") in str(caught.value)
    assert "(at " in str(caught.value)


def test_a_file_in_another_encoding_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes("sheet = 'Größe'".encode("latin-1"))
    error_message("CONFIG_NOT_TOML", config=path)


def test_a_missing_file_and_a_directory_are_rejected(tmp_path: Path) -> None:
    error_message("CONFIG_UNREADABLE", config=tmp_path / "no.toml")
    error_message("CONFIG_UNREADABLE", config=tmp_path)


def test_an_unknown_profile_is_rejected_with_those_that_exist(tmp_path: Path) -> None:
    path = config_file(tmp_path, "[profiles.day]\n[profiles.night]\n")
    assert "day, night" in error_message("PROFILE_UNKNOWN", config=path, profile="nihgt")
    error_message("PROFILE_UNKNOWN", config=config_file(tmp_path, ""), profile="x")
    error_message("PROFILE_WITHOUT_CONFIG", profile="night")
