"""Access tokens: one that never expires, and any that the OAuth token endpoint has issued."""

from itertools import count
from urllib.parse import parse_qs

from importer.sandbox import refusals, responses
from importer.sandbox.responses import Response


class Tokens:
    """The accepted tokens of an account.

    `permanent`: the token of a private app or service key. `seconds`: lifetime of an OAuth access token. `rotates`:
    every refresh replaces the refresh token. Source: HubSpot, OAuth guide.
    """

    def __init__(self, permanent: str, *, client: tuple[str, str], refresh_token: str, seconds: float, rotates: bool):
        self.permanent = permanent
        self.refresh_token = refresh_token
        self._client = client
        self._seconds = seconds
        self._rotates = rotates
        self._expires: dict[str, float] = {}
        self._numbers = count(1)

    def refuse(self, authorization: str | None, now: float) -> Response | None:
        """Return a 401 if an `Authorization` header is not accepted, otherwise None."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme == "Bearer" and token == self.permanent:
            return None
        expires = self._expires.get(token) if scheme == "Bearer" else None
        if expires is None:
            return refusals.token_refused()
        return refusals.token_refused("EXPIRED_AUTHENTICATION") if expires <= now else None

    def grant(self, body: bytes, now: float) -> Response:
        """Return the response of the token endpoint to this form-encoded body."""
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        client = form.get("client_id", ""), form.get("client_secret", "")
        if form.get("grant_type") != "refresh_token":
            return _refused("BAD_GRANT_TYPE", "grant_type must be refresh_token")
        if client[0] != self._client[0]:
            return _refused("BAD_CLIENT_ID", "missing or unknown client id")
        if client[1] != self._client[1]:
            return _refused("BAD_CLIENT_SECRET", "missing or unknown client secret")
        if form.get("refresh_token") != self.refresh_token:
            return _refused("BAD_REFRESH_TOKEN", "missing or unknown refresh token")
        number = next(self._numbers)
        access = f"sandbox-access-{number}"
        self._expires[access] = now + self._seconds
        if self._rotates:
            self.refresh_token = f"sandbox-refresh-{number}"
        seconds = int(self._seconds) if float(self._seconds).is_integer() else self._seconds
        granted = {"access_token": access, "refresh_token": self.refresh_token, "expires_in": seconds}
        return Response(200, {"token_type": "bearer", **granted}, has_rate_headers=False)

    def expire_all(self) -> None:
        """Expire every OAuth access token now."""
        self._expires = dict.fromkeys(self._expires, float("-inf"))


def _refused(status: str, message: str) -> Response:
    body = {"status": status, "message": message, "correlationId": responses.correlation_id()}
    return Response(400, body, has_rate_headers=False)
