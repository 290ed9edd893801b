"""Secrets kept out of everything that is shown or stored: error sentences, log lines, results, journals.

`hide` registers a secret once it is known; from then on `redact` masks it in any text of this process, however a
server or a library spelled it. `redact` also masks what looks like a HubSpot token, since a token typed into the wrong
setting is not known as one.
"""

import base64
import re
from typing import Any

from importer.printable import INVISIBLE, without_controls

MASK = "[token]"

_SHORTEST_SECRET = 8
"""Characters. No HubSpot token is shorter, and masking a shorter one would only damage words."""

_SHORTEST_WITHIN_WORDS = 16
"""Characters from which a secret is masked anywhere; a shorter one only where it is a word of its own."""

_SHORTEST_SPLIT = 24
_FRAGMENT = 16
"""Characters of a secret of at least `_SHORTEST_SPLIT` that are masked by themselves, as after a split or a cut."""

_BLOCK = 8
"""A fragment of `_FRAGMENT` characters contains a whole block of this length: a quick test before the slow ones."""

_UNSEEN = rf"(?-i:[\s{INVISIBLE}\ufffd]*)"
_FILLER = rf"{_UNSEEN}(?:\\{{1,8}}(?:[bfnrt]|u(?!00[2-7])[0-9a-f]{{4}}){_UNSEEN})*"
"""What may stand between the characters of a secret: what does not show, or only as a stand-in, or its JSON escape."""

_TOKEN_SIGNS = ("pat-", "eyj", "na1-", "na2-", "na3-", "eu1-", "ap1-")
"""In lower case, what texts contain that look like a HubSpot token."""

_LIKE_A_TOKEN = re.compile(
    r"(?<!\w)(?:"
    r"(?i:pat-[a-z]{2,3}\d?-[\w-]*\w)"  # a private app or a service key
    r"|(?i:[a-z]{2}\d-[0-9a-f]{4,8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"  # an OAuth refresh token
    r"|C[A-P](?=[\w-]*[a-z][A-Z])(?=[\w-]*[A-Za-z]\d[A-Za-z])[\w-]{50,}"  # an OAuth access token, base64
    r"|CiR(?=[\w-]*\d)[\w+/=-]{50,}"  # a personal access key
    r"|eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?"  # a JSON web token
    r")"
)
_LONG = re.compile(r"C[A-Pi][\w-]{50}")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s/?#@]*:\S*@")

_ID_OR_STATUS = re.compile(r"[0-9]*|[A-Z_]*")


class _Secret:
    """One secret in every spelling in which it can come back."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        spellings = [self._spelled(secret), *map(re.escape, _encoded(secret))]
        self._anywhere = re.compile("|".join(spellings), re.IGNORECASE)
        self._fragments = self._fragment_pattern()

    @staticmethod
    def _spelled(secret: str) -> str:
        if len(secret) < _SHORTEST_WITHIN_WORDS:
            return r"(?<!\w)" + "".join(map(_character, secret)) + r"(?!\w)"
        return _FILLER.join(map(_character, secret))

    def _fragment_pattern(self) -> re.Pattern[str] | None:
        if len(self._secret) < _SHORTEST_SPLIT:
            return None
        starts = range(len(self._secret) - _FRAGMENT + 1)
        pieces = "|".join(re.escape(self._secret[start : start + _FRAGMENT]) for start in starts)
        return re.compile(f"(?=({pieces}))", re.IGNORECASE)

    @property
    def signs(self) -> list[str]:
        """Texts in lower case of which at least one is in whatever contains the secret unencoded or in base64."""
        last = len(self._secret) - _BLOCK + 1
        blocks = [self._secret[start : start + _BLOCK].lower() for start in range(0, last, _BLOCK)]
        return blocks + [text.lower() for text in _encoded(self._secret)]

    def masked(self, text: str) -> str:
        return self._without_fragments(self._anywhere.sub(MASK, text))

    def _without_fragments(self, text: str) -> str:
        if self._fragments is None:
            return text
        parts: list[str] = []
        end = 0
        for found in self._fragments.finditer(text):
            if found.start() > end or not parts:
                parts += [text[end : found.start()], MASK]
            end = found.start() + _FRAGMENT
        return "".join([*parts, text[end:]])


_secrets: dict[str, _Secret] = {}
_signs: tuple[str, ...] = ()


def hide(secret: str) -> None:
    """Mask `secret` in all that `redact` is given from now on.

    One that cannot be a token, being shorter than `_SHORTEST_SECRET` characters or of digits or capitals only, is
    ignored: masking it would damage ids, statuses and words.
    """
    global _signs  # noqa: PLW0603 - a secret is one for the whole process
    if len(secret) >= _SHORTEST_SECRET and secret not in _secrets and not _ID_OR_STATUS.fullmatch(secret):
        _secrets[secret] = _Secret(secret)
        _signs = tuple(dict.fromkeys([*_signs, *_secrets[secret].signs]))


def may_hold_secret(text: str) -> bool:
    """Whether `text`, which may be JSON, can contain a registered secret: a quick test, wrong only by a yes.

    It sees every response, so it looks for single characters and long texts, which Python finds fastest. What does not
    print may split a secret; JSON has no such ASCII character as it is, but for DEL and what stands between its values.
    """
    if "%" in text or "\\" in text or "&#" in text or "&amp;" in text or "\x7f" in text:
        return True
    if not text.isascii() and ("\ufffd" in text or not text.isprintable()):
        return True
    lower = text.lower()
    return any(map(lower.__contains__, _signs))


def _may_hold_token(text: str) -> bool:
    """Whether `text` can contain what looks like a token, or a URL with a password."""
    lower = text.lower()
    return any(sign in lower for sign in _TOKEN_SIGNS) or ("@" in text and "://" in text) or bool(_LONG.search(text))


def redact(text: str) -> str:
    """Return `text` without secrets. An id (digits) or a status (capitals) is never touched."""
    if _ID_OR_STATUS.fullmatch(text):
        return text
    if may_hold_secret(text) or not text.isprintable():
        for secret in _secrets.values():
            text = secret.masked(text)
    if _may_hold_token(text):
        text = _LIKE_A_TOKEN.sub(MASK, _URL_CREDENTIALS.sub("[hidden]@", text))
    return text


def cleaned(redacted: str) -> str:
    """Return a text that is already redacted without control characters, redacted again: they may have split a secret.

    Only a text that changes pays for it.
    """
    text = without_controls(redacted)
    return text if text is redacted else redact(text)


def redact_json(value: Any) -> Any:
    """Return decoded JSON with every text in it redacted, keys too. Raises RecursionError for JSON nested too deep."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redact_json(item) for item in value]
    if isinstance(value, dict):
        return {redact(key): redact_json(item) for key, item in value.items()}
    return value


def _character(character: str) -> str:
    r"""A pattern of one character: as it is, `%70`, `%u0070`, `\x70`, `\u0070`, `\u{70}`, `\160`, `&#112;`, `&#x70;`.

    Each may have been escaped more than once, up to a limit: a long run of backslashes must not take long.
    """
    code = ord(character)
    escape = rf"\\{{1,8}}(?:x{code:02x}|u(?:00|\{{0*){code:02x}\}}?|0*{code:o})"
    return rf"(?:{re.escape(character)}|%(?:25)*(?:u00)?{code:02x}|{escape}|&(?:amp;)*\#(?:0*{code}|x0*{code:x});?)"


def _encoded(secret: str) -> list[str]:
    """The secret in hexadecimal, and in base64 at each of the three places where it can begin within other bytes."""
    raw = secret.encode()
    found = [raw.hex()]
    for before in range(3):
        after = -(before + len(raw)) % 3
        text = base64.b64encode(bytes(before) + raw + bytes(after)).decode()
        # The first and last characters also encode bits of the bytes around it.
        inner = text[-(-before * 8 // 6) : len(text) - -(-after * 8 // 6)]
        found += [inner, inner.translate(str.maketrans("+/", "-_"))]
    return list(dict.fromkeys(text for text in found if len(text) >= _FRAGMENT))
