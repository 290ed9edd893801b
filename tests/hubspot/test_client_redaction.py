"""A token that a server repeats, in whatever spelling, reaches neither outcomes nor logs."""

import asyncio
import gzip
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from importer.hubspot.classify import classify_response
from importer.hubspot.response import NoResponse
from tests.support.client import TOKEN, client, response_to
from tests.support.raw_server import Respond, raw_server, response
from tests.support.responses import PAIR, complete, error, result


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
