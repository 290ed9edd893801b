"""The proxy for calls, taken from the environment and validated before anything is sent."""

import os
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from importer.config import is_host, is_loopback
from importer.errors import SettingsError
from importer.redaction import hide


def find_proxy(base_url: str) -> str | None:
    """Return the URL of the proxy for calls to `base_url`, with user name and password; None for a direct connection.

    It comes from `HTTPS_PROXY` or `HTTP_PROXY`, or from the system's settings, except for loopback addresses and hosts
    in `NO_PROXY`. Raises SettingsError, without quoting the URL, if it is invalid.
    """
    target = urlsplit(base_url)
    if not target.hostname or is_loopback(target.hostname) or proxy_bypass(target.hostname):
        return None
    proxy = getproxies().get(target.scheme)
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    parts = _parse(url)
    if parts is None:
        raise SettingsError(
            "PROXY_INVALID",
            f"{_variable(target.scheme)} is not the URL of a proxy: expected http://HOST:PORT, such as "
            "http://proxy.example.com:8080. Put a user name and password before the host, as NAME:PASSWORD@HOST:PORT, "
            "with special characters percent-encoded.",
        )
    _hide_credentials(unquote(parts.username or ""), unquote(parts.password or ""))
    return url


def _hide_credentials(name: str, password: str) -> None:
    """Redact a proxy's user name and password in all texts, in every form in which they are sent."""
    if password:
        pair = f"{name}:{password}"
        for secret in (password, pair, b64encode(pair.encode()).decode()):
            hide(secret)


def _parse(url: str) -> SplitResult | None:
    """Return the parts of a proxy's URL, or None if it is invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # malformed brackets or port
        return None
    is_plain = parts.path in {"", "/"} and not parts.query and not parts.fragment and url.isprintable()
    has_host = is_host(parts.hostname) and " " not in url and port != 0
    return parts if parts.scheme in {"http", "https"} and is_plain and has_host else None


def _variable(scheme: str) -> str:
    """Return what the proxy is set by: the environment variable, as it is spelled there, or the system setting."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "The system's proxy setting")
