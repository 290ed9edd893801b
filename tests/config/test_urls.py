"""Base URLs: which are accepted, and which have the same address."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from importer.config import (
    canonical_url,
    is_loopback,
    load_settings,
)
from importer.errors import SettingsError
from tests.support.config_files import error_message

TOKEN = "pat-na1-0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"


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
