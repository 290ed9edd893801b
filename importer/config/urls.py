"""Validation and comparison of base URLs."""

import ipaddress
import re
from urllib.parse import urlsplit

from importer.redaction import redact

TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 - the name of the variable, not its value

HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.IGNORECASE | re.ASCII)


class RedactedValueError(ValueError):
    """A value is wrong and may be a secret: the message must not repeat it."""


def refuse_token(value: object) -> object:
    """Return the value of a setting that is journalled or sent in the clear.

    Raises RedactedValueError if it contains an access token.
    """
    if isinstance(value, str) and redact(value) != value:
        raise RedactedValueError(f"this contains an access token; put tokens into {TOKEN_VARIABLE} or a token file")
    return value


def parse_base_url(value: object) -> str:
    """Return a base URL without its trailing slash. Raises ValueError with the expected form for anything else."""
    text = str(value).rstrip("/")
    if "@" in text:
        raise RedactedValueError("expected a URL without user name and password, such as https://api.hubapi.com")
    refuse_token(text)
    scheme, host = _scheme_and_host(text)
    if scheme == "http" and not is_loopback(host):
        raise ValueError("expected https:// (http:// is allowed on this machine only: it would expose the token)")
    return text


def parse_webhook_url(text: str) -> str:
    """Return a valid URL to notify. Raises RedactedValueError, without quoting the text, for anything else."""
    expected = "expected a URL such as https://example.com/path (http:// on this machine only)"
    try:
        parts = urlsplit(text)
        is_valid = is_host(parts.hostname) and parts.port != 0 and text.isascii() and text.isprintable()
    except ValueError:
        raise RedactedValueError(expected) from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_valid or not is_safe or " " in text:
        raise RedactedValueError(expected)
    return text


def _scheme_and_host(url: str) -> tuple[str, str]:
    malformed = ValueError("expected a URL such as https://api.hubapi.com")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # unbalanced brackets, or a port out of range
        raise malformed from None
    if parts.scheme not in {"http", "https"} or port == 0 or set(url) & set("?# \\") or not is_host(parts.hostname):
        raise malformed
    return parts.scheme, parts.hostname or ""


def is_host(text: str | None) -> bool:
    """Return whether a text is an IP address or a valid host name; international names are accepted."""
    if _address(text or "") is not None:
        return True
    host = (text or "").lower()
    try:
        name = host.encode("idna").decode("ascii")
        round_trips = name == host or name.encode("ascii").decode("idna") == host  # nothing invisible was dropped
    except UnicodeError:
        return False
    return round_trips and len(name) < 254 and HOST.fullmatch(name) is not None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine itself."""
    address = _address(host)
    return host.lower().removesuffix(".") == "localhost" or (address is not None and address.is_loopback)


def canonical_url(base_url: str) -> str:
    """Return a base URL in the form used as a key: lower case, explicit port, no final dot, one name for loopback."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").removesuffix(".")
    host = "localhost" if is_loopback(host) else host
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}:{parts.port or default}{parts.path.rstrip('/')}"
