"""Servers of several accounts at one address, one after the other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from importer.sandbox import parse_fault
from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import FAST, TOKEN, Done, Workplace, workplace_in

OURS, OTHER = 111, 222


ROTATED = "pat-na1-rotated"


Serve = Callable[..., AbstractContextManager[SandboxProcess]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Workplace, Serve]]:
    """A workplace, and a function that starts servers for it at one address, one after the other."""
    with sandbox_thread(FAST) as first:
        port = int(first.url.rpartition(":")[2])
    workplace = workplace_in(tmp_path, first)
    workplace.environment["IMPORTER_READ_FIRST"] = "false"  # nothing but the account is read
    yield workplace, partial(serve, port)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not {TOKEN.encode(), ROTATED.encode()} & set(path.read_bytes().split(b'"')), path


def serve(port: int, portal_id: int = OURS, token: str = TOKEN, *faults: str) -> AbstractContextManager[SandboxProcess]:
    parsed = tuple(map(parse_fault, faults))
    return sandbox_thread(replace(FAST, token=token, portal_id=portal_id, faults=parsed), port=port)


def nothing_sent(server: SandboxProcess) -> bool:
    counts = server.state(summary=True)["counts"]
    return bool(counts["puts"] == counts["batch_calls"] == 0)


def assert_refused(done: Done, server: SandboxProcess) -> None:
    assert done.code == 2
    assert f"account {OURS}" in done.err.splitlines()[-1]
    assert f"account {OTHER}" in done.err.splitlines()[-1]
    assert nothing_sent(server)


def url(record: int, portal: int, kind: str = "contact") -> str:
    return f"https://app.hubspot.com/contacts/{portal}/{kind}/{record}"
