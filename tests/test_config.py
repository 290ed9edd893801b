"""Settings: which layer wins, which values are rejected and how, and that the token is never shown."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from yarl import URL

from importer.config import (
    Rate,
    Reading,
    Settings,
    Supplied,
    canonical_url,
    exposed_files,
    is_loopback,
    load_settings,
    load_token,
    token_origin,
)
from importer.errors import SettingsError
from importer.model import Role
from tests.support.errors import raises, raises_code

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
TOKEN = "pat-na1-0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("IMPORTER_") or name == "HUBSPOT_ACCESS_TOKEN":
            monkeypatch.delenv(name)


def config_file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error_message(
    code: str, flags: dict[str, Any] | None = None, config: Path | None = None, profile: str | None = None
) -> str:
    """Return the message with which settings are rejected; their code is asserted."""
    with raises(SettingsError, code) as caught:
        load_settings(flags, config, profile)
    return str(caught.value)


# ---- the layers


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


# ---- rejected values


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


@pytest.mark.parametrize(
    "url",
    [
        "https://api.hubapi.com",
        "https://api-eu1.hubapi.com/",
        "https://proxy.example.com:8443/hubspot",
        "http://localhost:8080",
        "http://127.0.0.1:1",
        "http://127.8.9.10:8080",
        "http://[::1]:8080",
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_accepted(url: str) -> None:
    assert load_settings({"base_url": url}).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hubapi.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://2130706433",
        "http://0.0.0.0:80",
        "http://192.168.1.2",
    ],
)
def test_http_to_another_machine_is_rejected(url: str) -> None:
    message = error_message("SETTING_INVALID", {"base_url": url})
    assert f"base_url is {url!r}" in message
    assert "token" in message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.hubapi.com",
        "ftp://api.hubapi.com",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "https://api.hubapi.com:port",
        "https://api.hubapi.com:70000",
        "https://api.hubapi.com?",
        "https://api.hubapi.com/?a=b",
        "https://api.hubapi.com/#",
        "https://api.hubapi.com\\evil",
        "https://api hubapi.com",
    ],
)
def test_a_value_that_is_not_a_plain_url_is_rejected(url: str) -> None:
    assert "https://api.hubapi.com." in error_message("SETTING_INVALID", {"base_url": url})


@pytest.mark.parametrize("url", [f"https://me:{TOKEN}@api.hubapi.com", f"https://:{TOKEN}@x.y", f"https://{TOKEN}@x"])
def test_a_url_that_contains_a_secret_is_rejected_without_quoting_it(url: str) -> None:
    assert TOKEN not in error_message("SETTING_INVALID", {"base_url": url})


@given(st.text(max_size=20))
def test_only_addresses_of_this_machine_are_loopback(host: str) -> None:
    if is_loopback(host):
        assert host == "localhost" or re.fullmatch(r"127\.[\d.]+|[0:.]*1(%.*)?|::ffff:127\.[\d.]+", host)


# ---- the token


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


# ---- the example


def test_the_example_has_exactly_the_keys_of_the_settings_with_their_defaults() -> None:
    table = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    profiles = table.pop("profiles")
    assert list(profiles) == ["nightly"]
    assert set(table) == set(Settings.model_fields)
    assert load_settings(config=EXAMPLE) == Settings()
    assert load_settings(config=EXAMPLE, profile="nightly") != Settings()


def test_every_key_of_the_example_has_a_comment_above_it() -> None:
    above = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("[profiles"):
            break
        if re.match(r"\w+ = ", line):
            assert above.startswith("# "), f"no comment above {line!r}"
        above = line


def test_the_example_shows_every_role() -> None:
    columns = EXAMPLE.read_text(encoding="utf-8").split("[columns]")[1].split("[profiles")[0]
    assert set(re.findall(r"# (\w+) = ", columns)) == set(Role)


@pytest.mark.parametrize(
    "spelling",
    [
        "http://localhost:8080",
        "http://LOCALHOST:8080/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost.:8080",
    ],
)
def test_every_name_of_this_machine_has_the_same_canonical_url(spelling: str) -> None:
    assert canonical_url(spelling) == "http://localhost:8080"


@pytest.mark.parametrize(
    "spelling", ["https://api.hubapi.com", "https://API.HubAPI.com.:443/", "HTTPS://api.hubapi.com/"]
)
def test_every_spelling_of_a_host_has_the_same_canonical_url(spelling: str) -> None:
    assert canonical_url(spelling) == "https://api.hubapi.com:443"


def test_different_addresses_have_different_canonical_urls() -> None:
    others = [
        "https://api.hubapi.com",
        "https://api.hubapi.com:8443",
        "https://api.hubapi.com/proxy",
        "http://localhost",
    ]
    assert len({canonical_url(url) for url in others}) == len(others)


@given(st.text(alphabet="aZ0.-_:[]%@ü\u3002\u200d*,'(/", max_size=12))
def test_an_accepted_address_can_be_used(text: str) -> None:
    try:
        accepted = load_settings({"base_url": f"https://{text}"}).base_url
    except SettingsError:
        return
    assert URL(accepted).host
    assert canonical_url(accepted)
