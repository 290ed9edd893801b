"""Proxies of the environment: used where they apply, and their passwords are redacted."""

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

import pytest

from importer.errors import SettingsError
from importer.sandbox import Sandbox
from tests.support.client import OK, TOKEN, client, link_once, no_response_to, of, response_to
from tests.support.errors import raises
from tests.support.raw_server import PEM, RawServer, raw_server, response, server_tls
from tests.support.responses import PAIR


@asynccontextmanager
async def tunnel(port: int) -> AsyncIterator[RawServer]:
    """Run a proxy that responds to every CONNECT with a tunnel to `port`, whatever the host."""
    requests: list[bytes] = []
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        finally:
            writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        pumps.add(asyncio.create_task(pump(reader, forth)))
        pumps.add(asyncio.create_task(pump(back, writer)))

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        host, listens_on = server.sockets[0].getsockname()[:2]
        yield RawServer(host, listens_on, requests)
    finally:
        server.close()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


@pytest.mark.slow
async def test_https_uses_the_proxy_of_the_environment_which_does_not_see_the_token() -> None:
    async with raw_server(OK, server_tls()) as hubspot, tunnel(hubspot.port) as proxy:
        environment = {"HTTPS_PROXY": f"http://me:pass@127.0.0.1:{proxy.port}", "SSL_CERT_FILE": str(PEM)}
        text = await asyncio.to_thread(link_once, "https://hubspot.test", **environment)
    assert "status='COMPLETE'" in text
    assert len(hubspot.requests) == 1
    (connect,) = proxy.requests
    assert connect.startswith(b"CONNECT hubspot.test:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:pass") in connect
    assert b"Bearer" not in connect


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_a_proxy_may_be_named_without_its_scheme(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"{scheme}127.0.0.1:{proxy.port}")
        async with client("http://hubspot.test") as hubspot:
            assert (await response_to(hubspot.link(PAIR))).status == "COMPLETE"
    assert proxy.requests[0].startswith(b"PUT http://hubspot.test/crm/v4/objects/contacts/")


async def test_no_proxy_is_used_for_loopback_addresses_or_hosts_in_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(OK) as proxy, Sandbox() as sandbox:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with of(sandbox) as hubspot:
            assert (await response_to(hubspot.link(PAIR))).status == "COMPLETE"
        monkeypatch.setenv("NO_PROXY", "hubspot.invalid")
        async with client("http://hubspot.invalid") as hubspot:
            assert not (await no_response_to(hubspot.link(PAIR))).reached
    assert proxy.requests == []


@pytest.mark.parametrize("password", ["passphrase", "p%40ssphrase", "pw12"])
async def test_credentials_echoed_by_a_proxy_are_redacted(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = f"operator:{unquote(password)}"
    basic = base64.b64encode(pair.encode()).decode()
    for reply in (response(b"", f"407 refused {pair} Basic {basic}"), f"{pair} {basic}\r\n\r\n".encode()):
        async with raw_server(reply) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://operator:{password}@{proxy.host}:{proxy.port}")
            async with client("https://hubspot.test") as hubspot:
                found = await no_response_to(hubspot.link(PAIR))
        assert proxy.requests
        assert not [secret for secret in (pair, basic, password) if secret in found.reason]


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
async def test_a_proxy_that_opens_no_tunnel_means_not_reached(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(response(b"", status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:passphrase@{proxy.host}:{proxy.port}")
        async with client("https://hubspot.test") as hubspot:
            found = await no_response_to(hubspot.link(PAIR))
    assert not found.reached
    assert "passphrase" not in repr(found)
    assert proxy.requests
    assert all(TOKEN.encode() not in request for request in proxy.requests)


WRONG_PROXIES = [
    "http://me:passphrase@proxy:80a",
    "http://me:passphrase@proxy:99999",
    "http://me:passphrase@proxy:0",
    "http://me:pass/phrase@proxy:8080",
    "http://me:80/passphrase@proxy",
    "http://me:passphrase#1@proxy:8080",
    "http://me:passphrase@",
    "http://me:passphrase@pro xy:80",
    "http://me:passphrase@[proxy:80",
    "socks5://me:passphrase@proxy:1080",
    "me:passphrase@proxy:80a",
    "passphrase://",
]


@pytest.mark.parametrize("proxy", WRONG_PROXIES)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_an_invalid_proxy_is_rejected_before_anything_is_sent(
    proxy: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    with raises(SettingsError, "PROXY_INVALID") as caught:
        client("https://hubspot.test")
    assert str(caught.value).startswith(variable)
    assert not re.search("phrase|me:|hidden", str(caught.value))
    client("https://127.0.0.1:1")  # loopback: no proxy


async def test_a_proxy_that_refuses_connections_means_not_reached_and_its_password_is_redacted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:passphrase@127.0.0.1:{taken.getsockname()[1]}")
        async with client("https://hubspot.test") as hubspot:
            found = await no_response_to(hubspot.link(PAIR))
    assert not found.reached
    assert "passphrase" not in repr(found)
