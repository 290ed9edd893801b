"""Accounts with links between many records, to be exported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions
from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import TOKEN, Workplace, workplace_in

SMALL = SandboxOptions(token=TOKEN, limit=100_000, window=1.0, records=350, page_size=3, sample_records=False)


HEADER = ["from_object_type", "from_object_id", "to_object_type", "to_object_id", "label"]


@pytest.fixture
def small() -> Iterator[SandboxProcess]:
    """A sandbox with few records."""
    with sandbox_thread(SMALL) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path, small: SandboxProcess) -> Workplace:
    return workplace_in(tmp_path, small)


def link(hubspot: SandboxProcess, pairs: list[tuple[int, int]]) -> None:
    records = [
        {"from": {"type": "contacts", "id": str(one)}, "to": {"type": "companies", "id": str(other)}}
        for one, other in pairs
    ]
    hubspot.change("associations", add=records)


def label(hubspot: SandboxProcess, *names: str) -> None:
    """Create labels from contacts to companies."""
    added = [{"from": "contacts", "to": "companies", "label": name} for name in names]
    hubspot.change("labels", add=added)


PAIRS = [(1 + n % 300, 1 + n // 300 + n % 7) for n in range(900)] + [(350, n) for n in range(1, 41)]
