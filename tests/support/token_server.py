"""A server of access tokens, and an OAuth app that renews them there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from pydantic import SecretStr

from importer.config import OAuthCredentials
from importer.hubspot.access_tokens import AccessToken
from importer.hubspot.oauth import OAuthToken


@dataclass
class TokenServer:
    """HubSpot's token endpoint: each renewal returns a new access token and, with `rotates`, a new refresh token."""

    refresh_token: str = "refresh-token-0"
    lifetime: float = 1800
    rotates: bool = False
    failures: list[web.Response] = field(default_factory=list)
    renewals: int = 0
    url: str = ""

    async def renew(self, request: web.Request) -> web.Response:
        if self.failures:
            return self.failures.pop(0)
        form = await request.post()
        expected = {"grant_type": "refresh_token", "client_id": "app", "client_secret": "the-client-secret"}
        assert {key: form[key] for key in expected} == expected
        if form["refresh_token"] != self.refresh_token:
            return web.json_response({"status": "BAD_REFRESH_TOKEN", "message": "unknown"}, status=400)
        self.renewals += 1
        if self.rotates:
            self.refresh_token = f"refresh-token-{self.renewals}"
        content = {"access_token": f"access-token-{self.renewals}", "expires_in": self.lifetime}
        return web.json_response(content | {"refresh_token": self.refresh_token})


@asynccontextmanager
async def running(server: TokenServer) -> AsyncIterator[TokenServer]:
    app = web.Application()
    app.router.add_post("/oauth/v1/token", server.renew)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def source_of(server: TokenServer, folder: Path) -> OAuthToken:
    path = path_of(folder)
    if not path.exists():
        path.write_text("refresh-token-0\n")
    app = OAuthCredentials("app", SecretStr("the-client-secret"), SecretStr("refresh-token-0"), path)
    return OAuthToken(server.url, app)


def path_of(folder: Path) -> Path:
    return folder / "refresh-token"


def value(token: AccessToken | None) -> str:
    return "" if token is None else token.value.get_secret_value()
