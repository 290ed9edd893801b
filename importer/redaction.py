"""Removal of secrets from everything that is shown or stored: error messages, log lines, results, journals.

`hide` registers a secret; from then on `redact` masks it in any text of this process, however a server or a library
encoded it. `redact` also masks everything that looks like a HubSpot token, because a token that was typed into the
wrong setting is not registered.
"""

import base64
import re
from typing import Any

from importer.printable import INVISIBLE, without_controls

MASK = "[token]"

_MIN_SECRET = 8
"""Minimum length of a secret. No HubSpot token is shorter, and masking shorter texts would damage words."""

_MIN_WITHIN_WORDS = 16
"""Minimum length of a secret that is masked inside words; a shorter one is masked only as a whole word."""

_MIN_SPLIT = 24
_FRAGMENT = 16
"""Length of a fragment that is masked by itself, if the secret has at least `_MIN_SPLIT` characters."""

_BLOCK = 8
"""A fragment of `_FRAGMENT` characters contains a whole block of this length; finding one is a fast pre-check."""

_INVISIBLE_RUN = rf"(?-i:[\s{INVISIBLE}\ufffd]*)"
_FILLER = rf"{_INVISIBLE_RUN}(?:\\{{1,8}}(?:[bfnrt]|u(?!00[2-7])[0-9a-f]{{4}}){_INVISIBLE_RUN})*"
"""Text allowed between the characters of a secret: invisible or replacement characters, also as JSON escapes."""

_TOKEN_MARKERS = ("pat-", "eyj", "na1-", "na2-", "na3-", "eu1-", "ap1-")
"""Substrings, in lower case, of everything that looks like a HubSpot token."""

_TOKEN_LIKE = re.compile(
    r"(?<!\w)(?:"
    r"(?i:pat-[a-z]{2,3}\d?-[\w-]*\w)"  # a private app or a service key
    r"|(?i:[a-z]{2}\d-[0-9a-f]{4,8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"  # an OAuth refresh token
    r"|C[A-P](?=[\w-]*[a-z][A-Z])(?=[\w-]*[A-Za-z]\d[A-Za-z])[\w-]{50,}"  # an OAuth access token, base64
    r"|CiR(?=[\w-]*\d)[\w+/=-]{50,}"  # a personal access key
    r"|eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?"  # a JSON web token
    r")"
)
_LONG_WORD = re.compile(r"C[A-Pi][\w-]{50}")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s/?#@]*:\S*@")

_ID_OR_STATUS = re.compile(r"[0-9]*|[A-Z_]*")


class _Secret:
    """A secret and the patterns that match it in every encoding in which it may be echoed."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        patterns = [self._pattern(secret), *map(re.escape, _encoded(secret))]
        self._anywhere = re.compile("|".join(patterns), re.IGNORECASE)
        self._fragments = self._fragment_pattern()

    @staticmethod
    def _pattern(secret: str) -> str:
        if len(secret) < _MIN_WITHIN_WORDS:
            return r"(?<!\w)" + "".join(map(_character, secret)) + r"(?!\w)"
        return _FILLER.join(map(_character, secret))

    def _fragment_pattern(self) -> re.Pattern[str] | None:
        if len(self._secret) < _MIN_SPLIT:
            return None
        starts = range(len(self._secret) - _FRAGMENT + 1)
        pieces = "|".join(re.escape(self._secret[start : start + _FRAGMENT]) for start in starts)
        return re.compile(f"(?=({pieces}))", re.IGNORECASE)

    @property
    def markers(self) -> list[str]:
        """Lower-case substrings; any text that contains the secret as it is or encoded contains at least one."""
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
_markers: tuple[str, ...] = ()


def hide(secret: str) -> None:
    """Mask `secret` in every later call of `redact`.

    Ignored if it cannot be a token because it is shorter than `_MIN_SECRET` characters or consists of digits or of
    capitals only: masking it would damage ids, statuses and words.
    """
    global _markers  # noqa: PLW0603 - secrets are registered for the whole process
    if len(secret) >= _MIN_SECRET and secret not in _secrets and not _ID_OR_STATUS.fullmatch(secret):
        _secrets[secret] = _Secret(secret)
        _markers = tuple(dict.fromkeys([*_markers, *_secrets[secret].markers]))


def may_hold_secret(text: str) -> bool:
    """Return whether `text`, which may be JSON, can contain a registered secret; False is always correct.

    This runs for every response, so it only searches for substrings. Unprintable characters may split a secret; JSON
    contains no unescaped ASCII ones except DEL and the whitespace between its values.
    """
    if "%" in text or "\\" in text or "&#" in text or "&amp;" in text or "\x7f" in text:
        return True
    if not text.isascii() and ("\ufffd" in text or not text.isprintable()):
        return True
    lower = text.lower()
    return any(map(lower.__contains__, _markers))


def _may_hold_token(text: str) -> bool:
    """Return whether `text` can contain something that looks like a token, or a URL with a password."""
    lower = text.lower()
    return (
        any(marker in lower for marker in _TOKEN_MARKERS)
        or ("@" in text and "://" in text)
        or bool(_LONG_WORD.search(text))
    )


def redact(text: str) -> str:
    """Return `text` with secrets masked. An id (digits) or a status (capitals) is never changed."""
    if _ID_OR_STATUS.fullmatch(text):
        return text
    if may_hold_secret(text) or not text.isprintable():
        for secret in _secrets.values():
            text = secret.masked(text)
    if _may_hold_token(text):
        text = _TOKEN_LIKE.sub(MASK, _URL_CREDENTIALS.sub("[hidden]@", text))
    return text


def cleaned(redacted: str) -> str:
    """Remove control characters from a redacted text, and redact it again because they may have split a secret.

    A text without control characters is returned unchanged.
    """
    text = without_controls(redacted)
    return text if text is redacted else redact(text)


def redact_json(value: Any) -> Any:
    """Return decoded JSON with every string redacted, keys included. Raises RecursionError if nested too deeply."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redact_json(item) for item in value]
    if isinstance(value, dict):
        return {redact(key): redact_json(item) for key, item in value.items()}
    return value


def _character(character: str) -> str:
    r"""Return a pattern that matches a character and all escapes of it.

    Examples of escapes: `%70`, `%u0070`, `\x70`, `\u0070`, `\u{70}`, `\160`, `&#112;`, `&#x70;`. Each may have been
    escaped more than once, up to a limit that keeps matching fast on long runs of backslashes.
    """
    code = ord(character)
    escape = rf"\\{{1,8}}(?:x{code:02x}|u(?:00|\{{0*){code:02x}\}}?|0*{code:o})"
    return rf"(?:{re.escape(character)}|%(?:25)*(?:u00)?{code:02x}|{escape}|&(?:amp;)*\#(?:0*{code}|x0*{code:x});?)"


def _encoded(secret: str) -> list[str]:
    """Return the secret in hexadecimal, and in base64 at each of the three possible offsets within other bytes."""
    raw = secret.encode()
    found = [raw.hex()]
    for before in range(3):
        after = -(before + len(raw)) % 3
        text = base64.b64encode(bytes(before) + raw + bytes(after)).decode()
        # The first and last characters also encode bits of the neighbouring bytes.
        inner = text[-(-before * 8 // 6) : len(text) - -(-after * 8 // 6)]
        found += [inner, inner.translate(str.maketrans("+/", "-_"))]
    return list(dict.fromkeys(text for text in found if len(text) >= _FRAGMENT))
