"""Journals that runs have written to: one that has ended, and one whose process was killed."""

import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from importer.corrections import Correction
from importer.journal import Account, Journal, PauseReason, PauseSpan, Second, open_for_run, wal, write_journal
from importer.model import SourceBlock, Status
from tests.support.blocks import blocks_of
from tests.support.journals import (
    FAILED,
    INFO,
    LINKED,
    NOT_SENT,
    PROBLEM,
    UNCONFIRMED,
    claim,
    pair,
    row,
    run_python,
    written,
)

ACCOUNT = Account(42, "00" * 32, "ff")
SECOND = Second(at=7, begun=3, responses=2, busiest=3, rate="100/10", p50=90, p95=400)


def finished(path: Path) -> Path:
    """Write a journal with a row in every table."""
    rows = [
        row(n, problems=(PROBLEM,)) if n % 9 == 0 else row(n, pair(n % 50 + 1), pair(n % 7 + 1)) for n in range(2, 122)
    ]
    write_journal(path, INFO, corrected(blocks_of(rows, 30)), ACCOUNT)
    with open_for_run(path) as journal:
        journal.begin()
        journal.record_activity([SECOND], [PauseSpan(7.0, 9.0, PauseReason.BACKOFF)], None)
        known = list(claim(journal, 60).values())[:-2]  # two stay in flight
        kinds = (LINKED, FAILED, UNCONFIRMED, NOT_SENT)
        types = [(number, "HUBSPOT_DEFINED:279" if number % 2 else "-") for number in known]
        journal.record([(number, kinds[number % 4]) for number in known], before=types, after=types)
        journal.end({"status": "finished"})
    return path


def corrected(blocks: Iterable[SourceBlock]) -> Iterator[SourceBlock]:
    """Yield the blocks with a correction of the first cell of each."""
    for block in blocks:
        block.corrections = [Correction(block.numbers[0], 0, "was \ud800", str(block.cells[0][0]))]
        yield block


KILLED = """
with open_for_run(path) as journal:
    journal.begin()
    for number in range(40):
        (pending,) = journal.pending(number, 1)
        journal.claim([pending])
        journal.record([(pending.id, LINKED)])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path) -> Path:
    """Write a journal whose process was killed when 40 of 60 pairs were linked, all of it in the log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for end, content in _files_of_killed().items():
        path.with_name(f"{path.name}{end}").write_bytes(content)
    assert wal.committed_frames(path) > 40
    return path


@cache
def _files_of_killed() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "r.sqlite", *(row(n, pair(n)) for n in range(2, 62)))
        assert run_python(KILLED, path).returncode == -9
        return {file.name.removeprefix(path.name): file.read_bytes() for file in path.parent.iterdir()}


def statuses(path: Path) -> list[Status]:
    with Journal(path) as journal:
        journal.verify()
        return [made.pairs[0].outcome.status for made in journal.rows(NOT_SENT)]
