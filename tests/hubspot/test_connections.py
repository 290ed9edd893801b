"""Connections of the client: refused, lost, timed out, untrusted."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from importer.sandbox import Sandbox, SandboxOptions, parse_fault
from tests.support.client import OK, client, link_once, no_response_to, of, response_to
from tests.support.raw_server import PEM, raw_server, server_tls
from tests.support.responses import PAIR
from tests.support.simulated_time import now


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
        hanging.wait(60)
        return []

    async def cancel_lookup() -> None:
        async with client("http://hubspot.test") as hubspot:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hubspot.link(PAIR), 0.1)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    asyncio.run(cancel_lookup())
    assert time.monotonic() - started < 30  # the lookup hangs for 60 seconds
    hanging.set()


@pytest.mark.slow  # the name servers of some machines take seconds
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


@pytest.mark.simulated_time
async def test_a_response_timeout_is_reached() -> None:
    async with (
        Sandbox(SandboxOptions(faults=(parse_fault("lost_hang=always"),))) as sandbox,
        of(sandbox, connect_timeout=0.1, answer_timeout=0.2) as hubspot,
    ):
        started = now()
        received = await no_response_to(hubspot.link(PAIR))
        assert now() - started < 0.5
        assert (received.reached, received.reason) == (True, "the request timed out")
        assert sandbox.state.calls["put"] == 1


@pytest.mark.simulated_time
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


async def test_an_untrusted_certificate_is_rejected() -> None:
    async with raw_server(OK, server_tls()) as server, client(f"https://127.0.0.1:{server.port}") as hubspot:
        received = await no_response_to(hubspot.link(PAIR))
    assert not received.reached
    assert "certificate" in received.reason.lower()
    assert server.requests == []


@pytest.mark.slow
async def test_ssl_cert_file_sets_the_trusted_certificates() -> None:
    async with raw_server(OK, server_tls()) as server:
        url = f"https://127.0.0.1:{server.port}"
        assert "status='COMPLETE'" in await asyncio.to_thread(link_once, url, SSL_CERT_FILE=str(PEM))
        wrong_name = f"https://127.0.0.2:{server.port}"
        assert "status='COMPLETE'" not in await asyncio.to_thread(link_once, wrong_name, SSL_CERT_FILE=str(PEM))
        assert len(server.requests) == 1
