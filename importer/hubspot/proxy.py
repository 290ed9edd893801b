"""The proxy that calls go through, taken from the environment and checked before anything is sent."""

import os
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from importer.config import is_host, is_loopback
from importer.errors import SettingsError
from importer.redaction import hide


def find_proxy(base_url: str) -> str | None:
    """Return the URL of the proxy for calls to `base_url`, with its name and password; None to go without one.

    It comes from `HTTPS_PROXY` or `HTTP_PROXY`, or from the system's own settings, unless `NO_PROXY` or a loopback
    address says otherwise. Raises SettingsError, which does not repeat the URL, when it is not one of a proxy.
    """
    target = urlsplit(base_url)
    if not target.hostname or is_loopback(target.hostname) or proxy_bypass(target.hostname):
        return None
    proxy = getproxies().get(target.scheme)
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    parts = _parsed(url)
    if parts is None:
        raise SettingsError(
            f"{_variable(target.scheme)} is not the URL of a proxy: expected http://HOST:PORT, such as "
            "http://proxy.example.com:8080. A name and password go before the host, as NAME:PASSWORD@HOST:PORT, with "
            "their special characters percent-encoded."
        )
    _hide_credentials(unquote(parts.username or ""), unquote(parts.password or ""))
    return url


def _hide_credentials(name: str, password: str) -> None:
    """Keep a proxy's name and password out of all texts, in each form in which the proxy is sent them."""
    if password:
        pair = f"{name}:{password}"
        for secret in (password, pair, b64encode(pair.encode()).decode()):
            hide(secret)


def _parsed(url: str) -> SplitResult | None:
    """The parts of a proxy's URL, None when something is wrong with them."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets or a port that cannot be
        return None
    is_plain = parts.path in {"", "/"} and not parts.query and not parts.fragment and url.isprintable()
    is_place = is_host(parts.hostname) and " " not in url and port != 0
    return parts if parts.scheme in {"http", "https"} and is_plain and is_place else None


def _variable(scheme: str) -> str:
    """Where the proxy is set: the environment's variable, as it is spelled there, or the system."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "The system's proxy setting")
