"""A server and a workplace for tests of crashes and interruptions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import FAST, TOKEN, Pairs, Workplace, workplace_in


@pytest.fixture(scope="module")
def fast() -> Iterator[SandboxProcess]:
    """A server that never limits or delays calls."""
    with sandbox_process(FAST) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path, fast: SandboxProcess) -> Iterator[Workplace]:
    """A workplace; when the test ends, no file in it may contain the token."""
    yield workplace_in(tmp_path, fast)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


@pytest.fixture
def mostly_invalid(work: Workplace) -> tuple[Path, Pairs]:
    """A file that takes longer to read and to write than to send."""
    return work.write("a.csv", [*work.pairs(5), *[("x", "y")] * 20_000]), work.pairs(5)
