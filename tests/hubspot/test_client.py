"""The client over real sockets: requests, responses, failures, proxies, and where the token goes."""

import asyncio
import base64
import gzip
import json
import logging
import os
import re
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import SecretStr

from importer.config import ApiVersion, Settings
from importer.errors import SettingsError
from importer.hubspot.batch_read import parse_page
from importer.hubspot.classify import classify_response
from importer.hubspot.client import MAX_BODY_BYTES, HubSpotClient
from importer.hubspot.response import NoResponse, RateHeaders, Response
from importer.model import Pair, RecordId, Status
from importer.sandbox import FAULTS, PairFault, Sandbox, SandboxOptions, parse_fault
from tests.support.errors import raises
from tests.support.raw_server import RawServer, raw_server, response
from tests.support.responses import PAIR, complete, error, result

TOKEN = "pat-eu1-0f3c-secret-of-many-letters"
PEM = Path(__file__).parents[1] / "support" / "localhost.pem"
OK = response(json.dumps(complete()).encode(), "200 OK", "Content-Type: application/json")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({"connect_timeout": 2, "answer_timeout": 3} | changes)


def client(url: str, token: str = TOKEN, **changes: Any) -> HubSpotClient:
    return HubSpotClient(url, SecretStr(token), settings(**changes))


def of(sandbox: Sandbox, **changes: Any) -> HubSpotClient:
    return client(sandbox.url, sandbox.options.token, **changes)


async def response_to(call: Awaitable[Response | NoResponse]) -> Response:
    received = await call
    assert isinstance(received, Response), received
    return received


async def no_response_to(call: Awaitable[Response | NoResponse]) -> NoResponse:
    received = await call
    assert isinstance(received, NoResponse), received
    return received


# ---- requests


@pytest.mark.parametrize("version", ApiVersion)
async def test_every_api_version_links_reads_and_links_in_batches(version: ApiVersion) -> None:
    other = Pair(PAIR.from_type, PAIR.from_id, PAIR.to_type, RecordId("790"))
    async with Sandbox() as sandbox, of(sandbox, api_version=version) as hubspot:
        assert classify_response(await hubspot.link(PAIR), PAIR).outcome.status is Status.LINKED
        many = await response_to(hubspot.link_many([PAIR, other]))
        assert {(item.from_id, item.to_id) for item in many.results} >= {("123456", "789"), ("123456", "790")}
        read = await response_to(hubspot.read(PAIR.from_type, PAIR.to_type, {"123456": None}))
        assert set(parse_page(read, {"123456": {"789", "790"}}).links) == {("123456", "789"), ("123456", "790")}
        assert len(sandbox.state.associations) == 2


@pytest.mark.parametrize("version", ApiVersion)
async def test_every_api_version_returns_the_account_of_the_token(version: ApiVersion) -> None:
    async with Sandbox(SandboxOptions(portal_id=42)) as sandbox, of(sandbox, api_version=version) as hubspot:
        received = await hubspot.account()
    assert isinstance(received, Response)
    assert (received.http_status, received.content["portalId"]) == (200, 42)


async def test_a_read_continues_at_the_cursor() -> None:
    async with Sandbox(SandboxOptions(page_size=1)) as sandbox, of(sandbox) as hubspot:
        for number in (1, 2):
            await hubspot.link(Pair(PAIR.from_type, PAIR.from_id, PAIR.to_type, RecordId(str(number))))
        wanted = {"123456": {"1", "2"}}
        first = parse_page(await response_to(hubspot.read(PAIR.from_type, PAIR.to_type, {"123456": None})), wanted)
        second = parse_page(await response_to(hubspot.read(PAIR.from_type, PAIR.to_type, first.after)), wanted)
    assert [list(page.links) for page in (first, second)] == [[("123456", "1")], [("123456", "2")]]
    assert second.after == {}


async def test_the_token_is_in_the_authorization_header_and_nowhere_else() -> None:
    async with raw_server(OK) as server, client(server.url) as hubspot:
        await hubspot.link(PAIR)
        await hubspot.link_many([PAIR])
        assert TOKEN not in repr(hubspot)
    for request in server.requests:
        assert request.count(TOKEN.encode()) == 1
        assert f"\r\nAuthorization: Bearer {TOKEN}\r\n".encode() in request
    put = server.requests[0]
    assert put.startswith(b"PUT /crm/v4/objects/contacts/123456/associations/default/companies/789 HTTP/1.1\r\n")
    assert put.endswith(b"\r\n\r\n")


async def test_a_netrc_entry_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\nmachine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with raw_server(OK) as server, client(server.url) as hubspot:
        await response_to(hubspot.link(PAIR))
    assert f"Authorization: Bearer {TOKEN}\r\n".encode() in server.requests[0]


async def test_cookies_are_not_kept() -> None:
    reply = response(b"{}", "200 OK", "Set-Cookie: a=b; Path=/")
    async with raw_server(reply) as server, client(f"http://localhost:{server.port}") as hubspot:
        await hubspot.link(PAIR)
        await hubspot.link(PAIR)
    assert b"cookie" not in server.requests[1].lower()


async def test_a_client_must_be_entered_before_use() -> None:
    with pytest.raises(RuntimeError):
        await client("http://127.0.0.1:1").link(PAIR)


# ---- a token echoed by the server


Respond = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


async def echo_body(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"<html>You sent:\n" + request, "502 Bad", "Content-Type: text/html"))


async def echo_json(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(response(json.dumps({"message": request.decode(), "category": request.decode()}).encode(), "400 Bad"))


async def echo_gzip(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(response(gzip.compress(request), "500 Bad", "Content-Encoding: gzip"))


def authorization_of(request: bytes) -> bytes:
    return next(line for line in request.split(b"\r\n") if line.startswith(b"Authorization"))


async def echo_status_line(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(authorization_of(request) + b"\r\n\r\n")
    writer.close()


async def echo_reason(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 999999 " + authorization_of(request) + b"\r\n\r\n")
    writer.close()


async def echo_headers(request: bytes, writer: asyncio.StreamWriter) -> None:
    text = authorization_of(request)
    writer.write(b"HTTP/1.1 500 Bad\r\nRetry-After: %b\r\n%b: %b\x00\r\n\r\n" % (text, text, text))
    writer.close()


def echo_json_as(change: Callable[[str], bytes], status: str = "400 Bad") -> Respond:
    """Repeat the token in the fields of an error, in a body that `change` encodes."""

    async def echo(request: bytes, writer: asyncio.StreamWriter) -> None:
        del request
        body: dict[str, Any] = {
            "category": TOKEN,
            "message": f"Bearer {TOKEN}",
            "context": {TOKEN: [TOKEN]},
            "status": TOKEN,
        }
        body |= {"correlationId": TOKEN, "errors": [{"message": TOKEN[:18]}, {"message": TOKEN[18:]}]}
        writer.write(response(change(json.dumps(body)), status))

    return echo


async def echo_location(request: bytes, writer: asyncio.StreamWriter) -> None:
    text = authorization_of(request).decode().partition(" ")[2]
    writer.write(response(f"Moved to /{text}".encode(), "302 Found", f"Location: /login?token={text}"))


async def echo_success(request: bytes, writer: asyncio.StreamWriter) -> None:
    text = authorization_of(request).decode()
    spec = {"associationCategory": text, "associationTypeId": text}
    results = [{**result(), "associationSpec": spec}]
    writer.write(response(json.dumps(complete(results=results, completedAt=text, links={text: text})).encode()))


ECHOES = {
    "a page": echo_body,
    "JSON": echo_json,
    "gzip": echo_gzip,
    "a broken status line": echo_status_line,
    "a reason": echo_reason,
    "broken headers": echo_headers,
    "a redirect": echo_location,
    "a success": echo_success,
    "JSON escapes": echo_json_as(lambda text: text.replace("-", r"\u002d").encode()),
    "UTF-16": echo_json_as(lambda text: text.encode("utf-16")),
    "UTF-16 without a mark": echo_json_as(lambda text: text.encode("utf-16-be")),
    "UTF-32": echo_json_as(lambda text: text.encode("utf-32")),
    "a page in UTF-16": echo_json_as(lambda text: f"<html>{text}".encode("utf-16-le"), "502 Bad"),
    "percent-encoding": echo_json_as(lambda text: text.replace("-", "%2D").encode()),
    "HTML": echo_json_as(lambda text: text.replace("-", "&#45;").encode(), "503 Busy"),
    "cut-off JSON": echo_json_as(lambda text: text[:-9].replace("-", r"\u002D").encode(), "200 OK"),
    "JSON nested too deep": echo_json_as(lambda text: f'{{"a": {"[" * 990}"{text[40:80]}"{"]" * 990}}}'.encode()),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
async def test_a_token_echoed_by_the_server_is_redacted(
    echo: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(echo) as server, client(server.url) as hubspot:
        received = await hubspot.link(PAIR)
    assert server.requests
    text = (
        repr((received, classify_response(received, PAIR)))
        + caplog.text
        + ("" if isinstance(received, NoResponse) else str(received.content))
    )
    for spelling in (TOKEN, TOKEN.replace("-", "%2D"), TOKEN.replace("-", "&#45;"), r"\u002d", TOKEN[18:], TOKEN[:18]):
        assert spelling not in text
    assert isinstance(received, NoResponse) or "[token]" in text or not received.details


async def test_a_token_of_one_letter_does_not_redact_words_ids_or_statuses() -> None:
    body = error("EXPIRED", "exercitation", context={"x": ["x123456"]}) | {"status": "x"}
    async with raw_server(response(json.dumps(body).encode(), "400 Bad")) as server, client(server.url, "x") as own:
        found = await response_to(own.link(PAIR))
    assert (found.error.category, found.error.message, found.status) == ("EXPIRED", "exercitation", "x")
    assert found.error.context == {"x": ("x123456",)}


# ---- responses

UNUSUAL_SUCCESSES = [name for name, fault in FAULTS.items() if name.startswith("status_2")] + [
    "extra_fields",
    "missing_fields",
    "null_fields",
    "numeric_ids",
    "wrong_content_type",
    "no_content_type",
    "gzip",
    "slow",
]
ONLY_OF_OTHER_CALLS = [
    *("errors_as_200", "first_error_only", "silent_errors", "uncounted_error", "index_errors", "silent_read"),
    *("labels_only", "no_types", "endless_pages", "half_later", "oversized", "oversized_for_many"),
    *("no_rate_headers", "primary_results", "unnamed_records", "read_405"),
]
EXPECTED = dict.fromkeys(FAULTS, Status.UNCONFIRMED) | {
    **{name: Status.FAILED for name, fault in FAULTS.items() if isinstance(fault, PairFault)},
    **dict.fromkeys(["empty_results", "foreign_results", "half_foreign_results"], Status.UNCONFIRMED),
    **dict.fromkeys(UNUSUAL_SUCCESSES, Status.LINKED),
    **dict.fromkeys(ONLY_OF_OTHER_CALLS, Status.LINKED),
    **dict.fromkeys(["scopes_missing", "scopes_missing_text"], Status.FAILED),
    **dict.fromkeys(["http_400", "http_404", "http_414", "html_413"], Status.FAILED),
    **dict.fromkeys(["token_invalid", "token_expired", "migrating", "daily_limit"], Status.NOT_SENT),
    **dict.fromkeys(["account_inactive", "user_lost_permissions"], Status.NOT_SENT),
    **dict.fromkeys(["too_fast", "too_fast_retry_after", "too_fast_second"], Status.NOT_SENT),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_every_fault_of_the_sandbox_is_classified_correctly(name: str) -> None:
    faults = (parse_fault(f"{name}=always"),)
    seconds = 4 if name == "slow" else 0.3
    async with (
        Sandbox(SandboxOptions(faults=faults)) as sandbox,
        of(sandbox, connect_timeout=0.2, answer_timeout=seconds) as hubspot,
    ):
        outcome = classify_response(await hubspot.link(PAIR), PAIR).outcome
        assert outcome.status is EXPECTED[name]
        assert sandbox.state.calls["put"] == 1
        assert outcome.status is not Status.LINKED or len(sandbox.state.associations) == 1
        assert outcome.status is not Status.FAILED or not sandbox.state.associations


async def test_redirects_are_returned_and_not_followed() -> None:
    async with Sandbox(SandboxOptions(faults=(parse_fault("redirect=always"),))) as sandbox, of(sandbox) as hubspot:
        assert (await response_to(hubspot.link(PAIR))).http_status == 302
        assert (await response_to(hubspot.link_many([PAIR]))).http_status == 302
        assert sandbox.state.redirects_followed == 0


async def test_the_limits_of_the_account_are_read_from_the_headers() -> None:
    async with Sandbox(SandboxOptions(limit=190, daily_limit=1000)) as sandbox, of(sandbox) as hubspot:
        assert (await response_to(hubspot.link(PAIR))).rate == RateHeaders(190, 10.0, 999)


@pytest.mark.parametrize("value", ["", "-1", "many", "1.5", "9" * 30, "²", "0x10"])
async def test_malformed_limits_in_headers_are_ignored(value: str) -> None:
    names = ("Max", "Interval-Milliseconds", "Daily-Remaining")
    reply = response(b"{}", "200 OK", *(f"X-HubSpot-RateLimit-{name}: {value}" for name in names))
    async with raw_server(reply) as server, client(server.url) as hubspot:
        assert (await response_to(hubspot.link(PAIR))).rate == RateHeaders()


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("soon", None), ("", None), ("Fri, 01 May 2020 00:00:00 GMT", 0)]
)
async def test_retry_after_is_read_from_the_header(value: str, seconds: float | None) -> None:
    reply = response(b"", "503 Busy", f"Retry-After: {value}")
    async with raw_server(reply) as server, client(server.url) as hubspot:
        assert (await response_to(hubspot.link(PAIR))).retry_after == seconds


async def test_a_date_in_retry_after_is_by_the_servers_clock() -> None:
    headers = ["Date: Fri, 01 May 2020 12:00:00 GMT", "Retry-After: Fri, 01 May 2020 12:00:07 GMT"]
    async with raw_server(response(b"", "503 Busy", *headers)) as server, client(server.url) as hubspot:
        assert (await response_to(hubspot.link(PAIR))).retry_after == 7


async def test_a_401_has_the_origin_of_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    async with raw_server(response(b"", "401 No")) as server:
        async with client(server.url) as hubspot:
            assert (await response_to(hubspot.link(PAIR))).token_origin == "HUBSPOT_ACCESS_TOKEN"
        async with client(server.url, token_file=tmp_path / "token") as hubspot:
            assert (await response_to(hubspot.link(PAIR))).token_origin == f"the file {tmp_path / 'token'}"


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_an_oversized_body_is_not_read_to_its_end(is_compressed: bool) -> None:
    body, headers = json.dumps(complete()).encode() + b" " * (MAX_BODY_BYTES + 1_000_000), [""]
    if is_compressed:
        body, headers = gzip.compress(body), ["Content-Encoding: gzip"]
    reply = response(body, "200 OK", *filter(None, headers))
    async with raw_server(reply) as server, client(server.url) as hubspot:
        found = await hubspot.link(PAIR)
    assert classify_response(found, PAIR).outcome.status is Status.UNCONFIRMED
    assert isinstance(found, NoResponse) or not found.is_json


@pytest.mark.parametrize(
    "raw",
    [
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Encoding: gzip\r\n\r\nnot gzip!!",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: unheard-of\r\nContent-Length: 2\r\n\r\n{}",
        b"\x16\x03\x01\x00\x00",
    ],
)
async def test_a_response_that_violates_http_is_unconfirmed(raw: bytes) -> None:
    async def reply(request: bytes, writer: asyncio.StreamWriter) -> None:
        del request
        writer.write(raw)
        writer.close()

    async with raw_server(reply) as server, client(server.url) as hubspot:
        outcome = classify_response(await hubspot.link(PAIR), PAIR).outcome
    assert outcome.status is Status.UNCONFIRMED
    assert len(server.requests) == 1


# ---- no response


async def test_a_refused_connection_is_not_reached() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        async with client(f"http://127.0.0.1:{taken.getsockname()[1]}") as hubspot:
            received = await no_response_to(hubspot.link(PAIR))
    assert not received.reached


def test_a_lookup_that_hangs_does_not_delay_the_end_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()

    def hang(*arguments: object, **others: object) -> list[object]:
        del arguments, others
        hanging.wait(20)
        return []

    async def cancel_lookup() -> None:
        async with client("http://hubspot.test") as hubspot:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hubspot.link(PAIR), 0.1)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    asyncio.run(cancel_lookup())
    assert time.monotonic() - started < 5
    hanging.set()


async def test_an_unknown_host_is_not_reached() -> None:
    async with client("http://no-such-host.invalid") as hubspot:
        assert not (await no_response_to(hubspot.link(PAIR))).reached


@contextmanager
def several_sockets(number: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(socket.socket()) for _ in range(number)]


async def test_a_connection_timeout_is_not_reached() -> None:
    with socket.socket() as deaf, several_sockets(4) as fillers:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for filler in fillers:  # a full queue lets the next connection hang
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        async with client(f"http://127.0.0.1:{deaf.getsockname()[1]}", connect_timeout=0.2) as hubspot:
            received = await no_response_to(hubspot.link(PAIR))
    assert (received.reached, received.reason) == (False, "the request timed out")


async def test_a_response_timeout_is_reached() -> None:
    async with (
        Sandbox(SandboxOptions(faults=(parse_fault("lost_hang=always"),))) as sandbox,
        of(sandbox, connect_timeout=0.1, answer_timeout=0.2) as hubspot,
    ):
        started = time.monotonic()
        received = await no_response_to(hubspot.link(PAIR))
        assert time.monotonic() - started < 2
        assert (received.reached, received.reason) == (True, "the request timed out")
        assert sandbox.state.calls["put"] == 1


async def test_a_response_that_trickles_times_out_too() -> None:
    async def trickle(request: bytes, writer: asyncio.StreamWriter) -> None:
        del request
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)

    async with (
        raw_server(trickle) as server,
        client(server.url, connect_timeout=0.1, answer_timeout=0.2) as hubspot,
    ):
        assert (await no_response_to(hubspot.link(PAIR))).reached


@pytest.mark.parametrize("fault", ["reset", "lost_answer", "cut_answer"])
@pytest.mark.parametrize("before", [0, 1])
async def test_a_lost_connection_is_one_call_only(fault: str, before: int) -> None:
    faults = (parse_fault(f"{fault}=calls:{before + 1}"),)
    async with Sandbox(SandboxOptions(faults=faults)) as sandbox, of(sandbox) as hubspot:
        for _ in range(before):  # then the fault hits a reused connection
            await response_to(hubspot.link(PAIR))
        assert (await no_response_to(hubspot.link(PAIR))).reached
        assert sandbox.state.calls["put"] == before + 1
        await response_to(hubspot.link(PAIR))


async def test_a_batch_whose_connection_is_lost_is_one_call_only() -> None:
    async with Sandbox(SandboxOptions(faults=(parse_fault("reset=calls:1"),))) as sandbox, of(sandbox) as hubspot:
        assert (await no_response_to(hubspot.link_many([PAIR]))).reached
        assert sandbox.state.calls["batch"] == 1


# ---- TLS


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


async def test_an_untrusted_certificate_is_rejected() -> None:
    async with raw_server(OK, server_tls()) as server, client(f"https://127.0.0.1:{server.port}") as hubspot:
        received = await no_response_to(hubspot.link(PAIR))
    assert not received.reached
    assert "certificate" in received.reason.lower()
    assert server.requests == []


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


async def test_ssl_cert_file_sets_the_trusted_certificates() -> None:
    async with raw_server(OK, server_tls()) as server:
        url = f"https://127.0.0.1:{server.port}"
        assert "status='COMPLETE'" in await asyncio.to_thread(link_once, url, SSL_CERT_FILE=str(PEM))
        wrong_name = f"https://127.0.0.2:{server.port}"
        assert "status='COMPLETE'" not in await asyncio.to_thread(link_once, wrong_name, SSL_CERT_FILE=str(PEM))
        assert len(server.requests) == 1


# ---- proxies


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
