"""The client over real sockets: requests and responses."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from importer.config import ApiVersion
from importer.hubspot.batch_read import parse_page
from importer.hubspot.classify import classify_response
from importer.hubspot.client import MAX_BODY_BYTES
from importer.hubspot.response import NoResponse, RateHeaders, Response
from importer.model import Pair, RecordId, Status
from importer.sandbox import FAULTS, PairFault, Sandbox, SandboxOptions, parse_fault
from tests.support.client import OK, TOKEN, client, of, response_to
from tests.support.raw_server import raw_server, response
from tests.support.responses import PAIR, complete


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


@pytest.mark.simulated_time
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
