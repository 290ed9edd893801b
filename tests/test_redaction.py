"""Secrets are masked in every encoding in which they may be echoed; ids, statuses and words are never changed."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer import redaction
from importer.errors import ImporterError, SettingsError
from importer.redaction import MASK, cleaned, hide, may_hold_secret, redact, redact_json

TOKEN = "pat-na1-5ec2e7a1-0f9e-8d7c-6b5a-605f4e3d2c1b"
OTHER = "s3rvice_Key.of+another/kind=~QyZ81"


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_secrets", {})
    monkeypatch.setattr(redaction, "_markers", ())
    hide(TOKEN)
    hide(OTHER)


def every_character(form: str) -> Callable[[str], str]:
    return lambda secret: "".join(form.format(ord(character)) for character in secret)


def split_by(filler: str, length: int = 1) -> Callable[[str], str]:
    """Return a function that inserts `filler` after every `length` characters."""
    return lambda secret: filler.join(secret[start : start + length] for start in range(0, len(secret), length))


def in_base64(before: str, encode: Callable[[bytes], bytes] = base64.b64encode) -> Callable[[str], str]:
    return lambda secret: encode(f"{before}{secret} and more".encode()).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "within a word": lambda secret: f"token{secret}end",
    "percent-encoded": lambda secret: urllib.parse.quote(secret, safe=""),
    "percent-encoded twice": lambda secret: urllib.parse.quote(urllib.parse.quote(secret, safe=""), safe=""),
    "every character percent-encoded": every_character("%{:02X}"),
    "JSON escapes": every_character("\\u{:04x}"),
    "JSON escapes in capitals": every_character("\\u{:04X}"),
    "hexadecimal escapes": every_character("\\x{:02x}"),
    "JSON escapes, escaped again": every_character("\\\\\\\\u{:04x}"),
    "JavaScript escapes": every_character("\\u{{{:x}}}"),
    "octal escapes": every_character("\\{:o}"),
    "percent-encoded code points": every_character("%u{:04x}"),
    "HTML, decimal": every_character("&#{};"),
    "HTML, escaped again": every_character("&amp;#{};"),
    "HTML without semicolons": every_character("&#{}"),
    "HTML, hexadecimal": every_character("&#x{:X};"),
    "HTML": lambda secret: html.escape(secret).replace("-", "&#45;"),
    "UTF-16 taken for bytes": lambda secret: secret.encode("utf-16-le").decode("latin-1"),
    "broken into lines": lambda secret: f"{secret[:20]}\r\n  {secret[20:]}",
    "split by zero-width spaces": split_by("\u200b"),
    "split by zero-width spaces after four characters each": split_by("\u200b", 4),
    "split by soft hyphens": split_by("\xad"),
    "split by word joiners": split_by("\u2060"),
    "split by joiners": split_by("\u200d"),
    "split by marks that reverse the direction": split_by("\u202e"),
    "split by many NULs": split_by("\x00" * 6),
    "split by DEL": split_by("\x7f"),
    "split by backspaces": split_by("\b"),
    "split by escape sequences": split_by("\x1b", 20),
    "split by line separators": split_by("\u2028" * 9, 12),
    "split by surrogates": split_by("\ud800"),
    "split by replacement characters": split_by("\ufffd"),
    "base64": in_base64(""),
    "base64 of a header": in_base64("Bearer "),
    "base64 shifted by one": in_base64("u"),
    "base64 shifted by two": in_base64("me"),
    "base64 for URLs": in_base64("u:", base64.urlsafe_b64encode),
    "hexadecimal": lambda secret: secret.encode().hex(),
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("secret", [TOKEN, OTHER])
def test_a_secret_is_masked_in_every_encoding(secret: str, encoding: Callable[[str], str]) -> None:
    text = f"You sent: {encoding(secret)}, didn't you?"
    assert may_hold_secret(json.dumps(text))
    assert may_hold_secret(json.dumps(text, ensure_ascii=False))
    found = redact(text)
    assert MASK in found
    assert encoding(secret)[4:-4] not in found
    assert found.startswith("You sent: ")
    assert found.endswith(", didn't you?")


def test_the_parts_of_a_secret_that_is_split_over_fields_are_masked() -> None:
    found = redact_json({"first": f"Bearer {TOKEN[:22]}", "second": [TOKEN[22:] + " end"], TOKEN: 1})
    assert found == {"first": f"Bearer {MASK}", "second": [f"{MASK} end"], MASK: 1}
    assert redact(f"cut off: {TOKEN[:-3]}") == f"cut off: {MASK}"


@given(
    st.lists(st.sampled_from("\x00\x07\x08\x1b\x7f\x9b\xad\u061c\u200b\u200d\u202e\u2028\u2060\ufeff\U000e0041")),
    st.data(),
)
def test_removing_control_characters_never_reassembles_a_secret(fillers: list[str], data: st.DataObject) -> None:
    characters = list(f"<{data.draw(st.sampled_from([TOKEN, TOKEN[:20], OTHER, TOKEN_LIKE[0]]))}>")
    for filler in fillers:
        characters.insert(data.draw(st.integers(0, len(characters))), filler * data.draw(st.integers(1, 9)))
    found = cleaned(redact("".join(characters)))
    assert not any(part in found for part in (TOKEN[:20], OTHER, TOKEN_LIKE[0])), found


@pytest.mark.slow
def test_long_texts_of_fillers_and_escapes_are_fast() -> None:
    for text in ("\\" * 100_000, "p" + "\u200b" * 100_000, "p\\n" * 50_000, "&amp;" * 50_000, "%25" * 50_000):
        assert redact(text) == text  # otherwise the test times out


@given(st.integers(0, len(TOKEN)), st.integers(16, len(TOKEN)))
def test_any_long_part_of_a_secret_is_masked(start: int, length: int) -> None:
    part = TOKEN[start : start + length]
    if len(part) >= 16:
        assert part not in redact(f"<{part}>")


@pytest.mark.parametrize("short", ["x", "token", "1002", "12345678", "COMPLETE", "", "123456789012345678"])
def test_a_text_that_cannot_be_a_token_is_not_masked(short: str) -> None:
    hide(short)
    text = f"exercitation of 1002, 12345678 and 123456789012345678: {short} is COMPLETE, tokens too"
    assert redact(text) == text
    assert redact(short) == short


def test_a_short_secret_is_masked_only_as_a_whole_word() -> None:
    hide("swordfish")
    assert redact("Bearer swordfish, swordfishes and Swordfish.") == f"Bearer {MASK}, swordfishes and {MASK}."


def test_ids_and_statuses_are_never_changed() -> None:
    hide("1234567890a")
    body = {"status": "COMPLETE", "id": "1234567890", "results": [{"from": {"id": "1234567890"}}], "numErrors": 0}
    assert redact_json(body) == body


TOKEN_LIKE = [
    "pat-na1-91d91373-8e94-4872-893c-e7d080224a56",
    "PAT-EU1-91d91373-8e94-4872-893c-e7d080224a56",
    "pat-na1-xxx",
    "eu1-8c2e-41a2-4c35-9d9a-0123456789ab",
    "CJSP5qf1KhICAQEYs-gDIIGOBii1hQIyGQAf3xBKmlwHjX7OIpuIFEavB2-qYAGQsF4",
    "CiRuYTEtZjI1Zi1iNGQyLTQ2ZjItYjE4Zi0xNmE2ZjE2ZmI1MjMQ-eTmJxiG7dwqKhkABeRfYvM",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
]


@pytest.mark.parametrize("token", TOKEN_LIKE)
@pytest.mark.parametrize("kind", [ImporterError, SettingsError])
def test_the_message_of_an_error_masks_everything_that_looks_like_a_token(
    token: str, kind: type[ImporterError]
) -> None:
    text = str(kind("RATE_INVALID", f"rate is '{token}': expected N/SECONDS, such as 100/10"))
    assert text == f"rate is '{MASK}': expected N/SECONDS, such as 100/10"


@pytest.mark.parametrize(
    "text",
    [
        "patients.csv and pat-terns.csv cannot be read",
        "CONTACTS_AND_COMPANIES_export_2026_11_25_final_version_for_the_import_2.csv is empty",
        "run 20261125-201651-d9f53, correlation id 8db60c8c-c37f-4a5e-9b1d-0123456789ab",
        "sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "https://app.hubspot.com/contacts/1/record/0-1/5 · me@example.com · 100 % of it",
    ],
)
def test_a_text_that_only_resembles_a_token_is_not_masked(text: str) -> None:
    assert redact(text) == text


def test_a_password_in_a_url_is_hidden() -> None:
    assert redact("http://me:p@ss/w:rd@proxy:80a is wrong") == "http://[hidden]@proxy:80a is wrong"


@given(st.text(max_size=80))
def test_a_text_without_a_secret_is_unchanged(text: str) -> None:
    if "://" not in text and not may_hold_secret(text):
        assert redact(text) == text
    assert redact(redact(text)) == redact(text)


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(sorted(ENCODINGS)))
def test_a_secret_in_json_is_found_whatever_surrounds_it(before: str, after: str, encoding: str) -> None:
    text = f"{before}{ENCODINGS[encoding](TOKEN)}{after}"
    assert may_hold_secret(json.dumps({"message": text}))
    assert TOKEN not in redact_json({"message": text})["message"]
