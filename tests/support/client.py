"""A client of HubSpot for tests, and what its calls return."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Awaitable
from typing import Any

from pydantic import SecretStr

from importer.config import Settings
from importer.hubspot.client import HubSpotClient
from importer.hubspot.response import NoResponse, Response
from importer.sandbox import Sandbox
from tests.support.raw_server import response
from tests.support.responses import complete

TOKEN = "pat-eu1-0f3c-secret-of-many-letters"

OK = response(json.dumps(complete()).encode(), "200 OK", "Content-Type: application/json")
"""The raw response that links `PAIR`."""

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def client(url: str, token: str = TOKEN, **changes: Any) -> HubSpotClient:
    """Return a client with short timeouts."""
    settings = Settings.model_validate({"connect_timeout": 2, "answer_timeout": 3} | changes)
    return HubSpotClient(url, SecretStr(token), settings)


def of(sandbox: Sandbox, **changes: Any) -> HubSpotClient:
    """Return a client of a sandbox."""
    return client(sandbox.url, sandbox.options.token, **changes)


async def response_to(call: Awaitable[Response | NoResponse]) -> Response:
    """Return the response to a call; fail if there is none."""
    received = await call
    assert isinstance(received, Response), received
    return received


async def no_response_to(call: Awaitable[Response | NoResponse]) -> NoResponse:
    """Return why there is no response to a call; fail if there is one."""
    received = await call
    assert isinstance(received, NoResponse), received
    return received


_LINK_ONCE = textwrap.dedent("""
    import asyncio, sys
    from pydantic import SecretStr
    from importer.config import Settings
    from importer.hubspot.client import HubSpotClient
    from tests.support.responses import PAIR

    async def main():
        async with HubSpotClient(sys.argv[1], SecretStr("a-long-token"), Settings(connect_timeout=5)) as client:
            print(await client.link(PAIR))

    asyncio.run(main())
""")


def link_once(url: str, **environment: str) -> str:
    """Link in a separate process, since certificates and proxies are read at its start."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in PROXY_VARIABLES}
    command = [sys.executable, "-W", "error", "-c", _LINK_ONCE, url]
    environment = kept | environment
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=60).stdout
