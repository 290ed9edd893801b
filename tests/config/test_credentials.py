"""The token: where it comes from, and that it is never shown."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from importer.config import (
    Settings,
    Supplied,
    exposed_files,
    load_settings,
    load_token,
    token_origin,
)
from importer.errors import SettingsError
from tests.support.config_files import config_file, error_message
from tests.support.errors import raises, raises_code

TOKEN = "pat-na1-0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"


def token_settings(folder: Path, content: bytes, mode: int = 0o600) -> Settings:
    path = folder / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return load_settings({"token_file": path})


def test_the_variable_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = token_settings(tmp_path, b"from-the-file")
    assert load_token(settings).get_secret_value() == "from-the-file"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "from-the-variable")
    assert load_token(settings).get_secret_value() == "from-the-variable"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", " \n")
    assert load_token(settings).get_secret_value() == "from-the-file"


def test_a_typed_token_overrides_the_variable_and_the_file_and_is_in_no_dump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = token_settings(tmp_path, b"from-the-file")
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "from-the-variable")
    settings.supply(Supplied(SecretStr("typed-by-a-person")))
    copy = settings.model_copy(update={"rate": "auto"})
    assert load_token(copy).get_secret_value() == "typed-by-a-person"
    assert token_origin(copy) == "the token field"
    assert exposed_files(copy) == []
    assert "typed-by" not in f"{copy!r}{copy.model_dump_json()}{copy.supplied!r}"


def test_whitespace_and_a_byte_order_mark_around_the_token_are_removed(tmp_path: Path) -> None:
    settings = token_settings(tmp_path, b"\xef\xbb\xbf " + TOKEN.encode() + b"\r\n")
    assert load_token(settings).get_secret_value() == TOKEN


def test_a_missing_token_is_reported(tmp_path: Path) -> None:
    for settings in (Settings(), token_settings(tmp_path, b"\n")):
        with raises(SettingsError, "TOKEN_MISSING"):
            load_token(settings)


@pytest.mark.parametrize("text", [f"Bearer {TOKEN}", f"{TOKEN}\nX: 1", f"{TOKEN}\x00", f"{TOKEN}é", f"“{TOKEN}”"])
def test_a_token_that_is_not_a_header_value_is_rejected_without_quoting_it(tmp_path: Path, text: str) -> None:
    with raises_code(SettingsError, "TOKEN_MALFORMED") as caught:
        load_token(token_settings(tmp_path, text.encode()))
    assert TOKEN not in str(caught.value)


def test_a_token_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    for path, kind in ((tmp_path / "none", "FileNotFoundError"), (tmp_path, "IsADirectoryError")):
        with raises_code(SettingsError, "TOKEN_FILE_UNREADABLE") as caught:
            load_token(Settings(token_file=path))
        assert str(path) in str(caught.value)
        assert kind in str(caught.value)


def test_a_token_file_that_is_not_text_is_rejected_without_quoting_its_bytes(tmp_path: Path) -> None:
    with raises(SettingsError, "TOKEN_FILE_UNREADABLE") as caught:
        load_token(token_settings(tmp_path, b"\xff\xfe" + TOKEN.encode("utf-16-le")))
    assert caught.value.__suppress_context__
    assert "pat" not in str(caught.value)


def test_a_token_given_as_the_path_of_its_file_is_rejected_without_quoting_it() -> None:
    assert TOKEN not in error_message("SETTING_INVALID", {"token_file": TOKEN})


def test_a_token_in_the_config_file_is_rejected_without_quoting_it(tmp_path: Path) -> None:
    message = error_message("SETTING_UNKNOWN", config=config_file(tmp_path, f"token = '{TOKEN}'"))
    assert "'token_file'" in message
    assert TOKEN not in message


def test_no_repr_contains_the_token(tmp_path: Path) -> None:
    settings = token_settings(tmp_path, TOKEN.encode())
    token = load_token(settings)
    assert TOKEN not in f"{settings!r} {settings} {settings.model_dump_json()} {token!r} {token}"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_token_file_that_others_can_read_is_detected_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not exposed_files(Settings())
    assert not exposed_files(token_settings(tmp_path, b"t", 0o600))
    assert exposed_files(token_settings(tmp_path, b"t", 0o640))
    assert exposed_files(token_settings(tmp_path, b"t", 0o604))
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "used instead")
    assert not exposed_files(token_settings(tmp_path, b"t", 0o644))
