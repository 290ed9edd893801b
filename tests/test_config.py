"""Settings: which layer wins, what is refused and in which words, and that the token is never shown."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from importer.config import (
    Rate,
    Reading,
    Settings,
    canonical_url,
    is_loopback,
    load_settings,
    load_token,
    token_file_is_exposed,
)
from importer.errors import SettingsError
from importer.model import Role

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


def refusal(flags: dict[str, Any] | None = None, config: Path | None = None, profile: str | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(flags, config, profile)
    return str(refused.value)


# ---- the layers


def test_each_layer_wins_over_those_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config_file(
        tmp_path, "workers = 1\nmax_attempts = 1\ndaily_reserve = 1\n[profiles.night]\nworkers = 2\nmax_attempts = 2\n"
    )

    def in_force(*layers: object) -> tuple[int, int, int]:
        flags, profile = layers
        settings = load_settings(flags, path, profile)  # type: ignore[arg-type]
        return settings.workers, settings.max_attempts, settings.daily_reserve

    assert in_force(None, None) == (1, 1, 1)
    assert in_force(None, "night") == (2, 2, 1)
    monkeypatch.setenv("IMPORTER_WORKERS", "3")
    assert in_force(None, "night") == (3, 2, 1)
    assert in_force({"workers": 4}, "night") == (4, 2, 1)
    assert in_force({"workers": None}, "night") == (3, 2, 1)  # a flag that was not given


def test_without_flags_environment_and_file_the_defaults_hold() -> None:
    assert load_settings() == Settings()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPORTER_WORKERS", "")
    monkeypatch.setenv("IMPORTER_CONFIG", "")
    assert load_settings() == Settings()


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("no", False)])
def test_a_variable_can_say_yes_or_no(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("IMPORTER_SANDBOX", text)
    assert load_settings().sandbox is value


def test_a_variable_names_the_config_file_and_a_flag_wins_over_it(
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


def test_the_reading_settings_leave_out_what_is_not_set() -> None:
    assert load_settings({"limit": "3", "sheet": "", "delimiter": ";"}).reading == Reading(delimiter=";", limit=3)
    assert load_settings().reading.limit is None


# ---- refusals


def test_an_unknown_key_is_named_with_its_origin_and_the_nearest_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_file(tmp_path, "rtae = '1/1'\n[profiles.p]\nmax_atempts = 3")
    assert refusal(config=path) == f"In '{path}': there is no setting 'rtae'; did you mean 'rate'?"
    assert f"In [profiles.p] of '{path}': there is no setting 'max_atempts'; did you mean 'max_attempts'?" in refusal(
        config=path, profile="p"
    )
    monkeypatch.setenv("IMPORTER_SANDBX", "1")
    assert refusal() == "In the environment: there is no setting 'sandbx'; did you mean 'sandbox'?"


def test_a_key_like_no_other_is_refused_without_a_guess(tmp_path: Path) -> None:
    path = config_file(tmp_path, "zzz = 1")
    assert refusal(config=path) == f"In '{path}': there is no setting 'zzz'."


def test_a_bad_value_is_named_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config_file(tmp_path, "workers = 0\n[profiles.p]\nworkers = 'many'")
    assert refusal(config=path).startswith(f"In '{path}': workers is '0': ")
    assert refusal(config=path, profile="p").startswith(f"In [profiles.p] of '{path}': workers is 'many': ")
    monkeypatch.setenv("IMPORTER_WORKERS", "1.5")
    assert refusal(config=path).startswith("In the environment: workers is '1.5': ")
    assert refusal({"workers": "-1"}, path).startswith("In the command line: workers is '-1': ")


def test_every_wrong_value_is_told_at_once() -> None:
    said = refusal({"workers": "x", "rate": "fast"})
    assert "workers is 'x'" in said
    assert "rate is 'fast'" in said


@pytest.mark.parametrize(
    "rate",
    ["100", "100/", "/10", "0/10", "-1/10", "10/0", "10/-1", "1.5/10", "10/nan", "10/inf", "10/86400", "a/b", "1/2/3"],
)
def test_what_is_no_rate_is_refused_with_an_example(rate: str) -> None:
    assert f"rate is {rate!r}: expected N/SECONDS, such as 100/10, or auto." in refusal({"rate": rate})


@given(st.integers(1, 10**9), st.integers(1, 86_399))
def test_a_rate_reads_back_as_it_is_written(calls: int, seconds: int) -> None:
    rate = Rate(calls, float(seconds))
    assert load_settings({"rate": str(rate)}).rate == rate


def test_backoffs_in_the_wrong_order_are_refused() -> None:
    assert refusal({"backoff_base": 20, "backoff_cap": 2}) == "backoff_base (20) is above backoff_cap (2)."


def test_an_unknown_role_is_refused_with_the_roles() -> None:
    assert refusal({"columns": {"from_id": "A"}}) == (
        "In the command line: columns: there is no role 'from_id'; the roles are "
        "from_object_type, from_object_id, to_object_type, to_object_id."
    )


def test_a_column_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = config_file(tmp_path, "[columns]\nto_object_id = 3")
    assert refusal(config=path).startswith(f"In '{path}': columns.to_object_id is '3': ")


@pytest.mark.parametrize("text", ["workers = ", "[profiles", "workers = 1\nworkers = 2"])
def test_a_file_that_is_not_toml_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    said = refusal(config=config_file(tmp_path, text))
    assert said.startswith(f"The config file {tmp_path / 'config.toml'} is not TOML: ")
    assert "(at " in said


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes("sheet = 'Größe'".encode("latin-1"))
    assert "is not TOML" in refusal(config=path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(config=tmp_path / "no.toml")
    assert "cannot be read: Is a directory" in refusal(config=tmp_path)


def test_an_unknown_profile_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    path = config_file(tmp_path, "[profiles.day]\n[profiles.night]\n")
    assert refusal(config=path, profile="nihgt").endswith("has no [profiles.nihgt]. Its profiles are: day, night.")
    assert refusal(config=config_file(tmp_path, ""), profile="x").endswith("Its profiles are: none.")
    assert refusal(profile="night") == "--profile night needs the config file that holds it: add --config PATH."


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
def test_http_to_another_machine_is_refused_with_the_reason(url: str) -> None:
    said = refusal({"base_url": url})
    assert f"base_url is {url!r}" in said
    assert "the token would travel readable" in said


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
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    assert "expected a URL such as https://api.hubapi.com." in refusal({"base_url": url})


@pytest.mark.parametrize("url", [f"https://me:{TOKEN}@api.hubapi.com", f"https://:{TOKEN}@x.y", f"https://{TOKEN}@x"])
def test_a_url_with_a_secret_in_it_is_refused_unseen(url: str) -> None:
    said = refusal({"base_url": url})
    assert "base_url: expected a URL without a name or password" in said
    assert TOKEN not in said


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


def test_the_variable_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = token_settings(tmp_path, b"from-the-file")
    assert load_token(settings).get_secret_value() == "from-the-file"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "from-the-variable")
    assert load_token(settings).get_secret_value() == "from-the-variable"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", " \n")
    assert load_token(settings).get_secret_value() == "from-the-file"


def test_space_and_a_byte_order_mark_around_the_token_are_dropped(tmp_path: Path) -> None:
    settings = token_settings(tmp_path, b"\xef\xbb\xbf " + TOKEN.encode() + b"\r\n")
    assert load_token(settings).get_secret_value() == TOKEN


def test_no_token_is_refused_with_the_ways_to_give_one(tmp_path: Path) -> None:
    for settings in (Settings(), token_settings(tmp_path, b"\n")):
        with pytest.raises(SettingsError, match="set HUBSPOT_ACCESS_TOKEN, or name a file with token_file"):
            load_token(settings)


@pytest.mark.parametrize("text", [f"Bearer {TOKEN}", f"{TOKEN}\nX: 1", f"{TOKEN}\x00", f"{TOKEN}é", f"“{TOKEN}”"])
def test_a_token_that_cannot_stand_in_a_header_is_refused_unseen(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="has characters that no HubSpot token has") as refused:
        load_token(token_settings(tmp_path, text.encode()))
    assert TOKEN not in str(refused.value)


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, kind in ((tmp_path / "none", "FileNotFoundError"), (tmp_path, "IsADirectoryError")):
        with pytest.raises(SettingsError, match=rf"the token file {re.escape(str(path))} cannot be read: {kind}"):
            load_token(Settings(token_file=path))


def test_a_token_file_that_is_no_text_is_refused_without_its_bytes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: UnicodeDecodeError") as refused:
        load_token(token_settings(tmp_path, b"\xff\xfe" + TOKEN.encode("utf-16-le")))
    assert refused.value.__suppress_context__
    assert "pat" not in str(refused.value)


def test_a_token_given_as_the_path_of_its_file_is_refused_unseen() -> None:
    said = refusal({"token_file": TOKEN})
    assert "token_file: expected the path of a file that holds the token, not the token itself." in said
    assert TOKEN not in said


def test_a_token_in_the_config_file_is_refused_unseen(tmp_path: Path) -> None:
    said = refusal(config=config_file(tmp_path, f"token = '{TOKEN}'"))
    assert "there is no setting 'token'; did you mean 'token_file'?" in said
    assert TOKEN not in said


def test_the_token_is_in_no_repr(tmp_path: Path) -> None:
    settings = token_settings(tmp_path, TOKEN.encode())
    token = load_token(settings)
    assert TOKEN not in f"{settings!r} {settings} {settings.model_dump_json()} {token!r} {token}"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_token_file_that_others_can_read_is_noticed_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not token_file_is_exposed(Settings())
    assert not token_file_is_exposed(token_settings(tmp_path, b"t", 0o600))
    assert token_file_is_exposed(token_settings(tmp_path, b"t", 0o640))
    assert token_file_is_exposed(token_settings(tmp_path, b"t", 0o604))
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "used instead")
    assert not token_file_is_exposed(token_settings(tmp_path, b"t", 0o644))


# ---- the example


def test_the_example_has_every_key_and_no_other_and_is_the_defaults() -> None:
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
def test_every_name_of_this_machine_is_one_address_as_a_key(spelling: str) -> None:
    assert canonical_url(spelling) == "http://localhost:8080"


@pytest.mark.parametrize(
    "spelling", ["https://api.hubapi.com", "https://API.HubAPI.com.:443/", "HTTPS://api.hubapi.com/"]
)
def test_every_spelling_of_a_host_is_one_address_as_a_key(spelling: str) -> None:
    assert canonical_url(spelling) == "https://api.hubapi.com:443"


def test_other_addresses_are_other_keys() -> None:
    others = [
        "https://api.hubapi.com",
        "https://api.hubapi.com:8443",
        "https://api.hubapi.com/proxy",
        "http://localhost",
    ]
    assert len({canonical_url(url) for url in others}) == len(others)


@given(st.text(alphabet="aZ0.-_:[]%@ü\u3002\u200d*,'(/", max_size=12))
def test_an_address_that_is_accepted_can_be_used(text: str) -> None:
    try:
        accepted = load_settings({"base_url": f"https://{text}"}).base_url
    except SettingsError:
        return
    assert URL(accepted).host
    assert canonical_url(accepted)
