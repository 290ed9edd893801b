"""Protection of the page from other websites in the same browser, and from other users of this machine.

A website can make a browser send requests to 127.0.0.1 and, through its own name servers, take 127.0.0.1 for that
website (DNS rebinding). So every request must name this server as its host, only a browser that opened the one-time
address has the cookie, and changes must come from the page itself. Source: OWASP, cross-site request forgery; Fetch
Metadata.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from importer.web.responses import RequestError, error_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SECRET_BYTES = 32
_HTTP_PORT = 80
_READING = {"GET", "HEAD"}
_CONTENT_TYPES = {"application/json", "multipart/form-data"}

CONTENT_POLICY = "Content-Security-Policy"
"""The header that restricts what a page may load. A response that sets it keeps its own value."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    CONTENT_POLICY: _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Server": "importer",
}

_SIGN_IN = "Open the address that importer web printed when it started. It works once; to get another, start it again."


class Guard:
    """Decides which requests are answered.

    `secret` is the one-time secret in the address. `port` is set once the server listens.
    """

    def __init__(self) -> None:
        """Create the secrets."""
        self.secret = secrets.token_urlsafe(_SECRET_BYTES)
        self.port = 0
        self._session = secrets.token_urlsafe(_SECRET_BYTES)
        self._is_secret_used = False

    @property
    def cookie(self) -> str:
        """The name of the cookie; browsers share cookies between the ports of a host."""
        return f"importer-{self.port}"

    @property
    def _hosts(self) -> set[str]:
        hosts = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")}
        return hosts | ({"127.0.0.1", "localhost"} if self.port == _HTTP_PORT else set())

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests that do not come from the page itself."""
        try:
            self._require_host(request)
            if request.path != "/open":
                self._require_cookie(request)
            if request.method not in _READING:
                self._require_own_change(request)
            elif request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"} and _is_api(request):
                raise RequestError(403, "FOREIGN_ORIGIN", "Another website sent this request. It was refused.")
        except RequestError as error:
            return error_response(error) if _is_api(request) else _sentence(error)
        return await handler(request)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Exchange the one-time secret for the cookie."""
        if self._has_cookie(request):
            return _to_page()
        given = request.query.get("secret", "").encode()
        is_prefetch = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
        if request.method != "GET" or is_prefetch or self._is_secret_used:
            return _sentence(RequestError(403, "NOT_SIGNED_IN", _SIGN_IN))
        if not hmac.compare_digest(given, self.secret.encode()):
            return _sentence(RequestError(403, "NOT_SIGNED_IN", _SIGN_IN))
        self._is_secret_used = True
        response = _to_page()
        response.set_cookie(self.cookie, self._session, httponly=True, samesite="Strict", path="/")
        return response

    def _require_host(self, request: web.Request) -> None:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            raise RequestError(403, "WRONG_HOST", "The request names another host than importer web. It was refused.")

    def _require_cookie(self, request: web.Request) -> None:
        if not self._has_cookie(request):
            raise RequestError(403, "NOT_SIGNED_IN", _SIGN_IN)

    def _has_cookie(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.cookies.get(self.cookie, "").encode(), self._session.encode())

    def _require_own_change(self, request: web.Request) -> None:
        headers = request.headers
        is_own = headers.getall("Origin", []) == [f"http://{headers['Host']}"]
        if not is_own or headers.getall("Sec-Fetch-Site", []) != ["same-origin"]:
            raise RequestError(403, "FOREIGN_ORIGIN", "Another website sent this request. It was refused.")
        if request.content_type not in _CONTENT_TYPES:
            raise RequestError(403, "WRONG_CONTENT_TYPE", "The request is neither JSON nor a file. It was refused.")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every response."""
    own = {CONTENT_POLICY: response.headers.get(CONTENT_POLICY, _POLICY)}
    response.headers.update({**_HEADERS, **own})


def _to_page() -> web.Response:
    return web.Response(status=303, headers={"Location": "/"})


def _is_api(request: web.Request) -> bool:
    return request.path.startswith("/api/")


def _sentence(error: RequestError) -> web.Response:
    return web.Response(text=f"{error}\n", status=error.status, content_type="text/plain")
