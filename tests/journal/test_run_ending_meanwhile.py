"""A run may end while another process opens its journal."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest

from importer.journal import Journal, integrity, journal_file, open_for_run, wal
from importer.model import Status
from tests.support.journals import LINKED, pair, row, written
from tests.support.used_journals import killed, statuses

pytestmark = pytest.mark.slow


class EndsMeanwhile:
    """Calls a function as it is, but ends a run just before or after its first call."""

    def __init__(self, function: Callable[..., object], end: Callable[[], None], *, before: bool) -> None:
        self._function = function
        self._end: Callable[[], None] | None = end
        self._before = before

    def __call__(self, *arguments: object) -> object:
        if self._before:
            self._end_once()
        found = self._function(*arguments)
        self._end_once()
        return found

    def _end_once(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()


MOMENTS = [
    (wal, "readable_frames", False),
    (wal, "committed_frames", True),
    (wal, "committed_frames", False),
    (integrity, "read_run", True),
    (integrity, "read_run", False),
    (journal_file, "is_held", True),
]


@pytest.mark.parametrize("status", ["stopped", "killed"])
@pytest.mark.parametrize(("module", "name", "before"), MOMENTS)
def test_a_run_that_ends_while_its_journal_is_being_opened_has_lost_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, before: bool, status: str
) -> None:
    stack = ExitStack()
    if status == "killed":  # and another process that only reads its journal closes it
        stack.enter_context(Journal(killed(path)))
    else:
        journal = stack.enter_context(open_for_run(written(path, *(row(n, pair(n)) for n in range(2, 62)))))
        journal.begin()
        for number in range(40):
            claimed = journal.pending(number, 1)
            journal.claim(claimed)
            journal.record([(claimed[0].id, LINKED)])
        stack.callback(journal.end, {"status": "stopped", "rows": 60})
    monkeypatch.setattr(module, name, EndsMeanwhile(getattr(module, name), stack.close, before=before))
    with Journal(path):
        pass
    assert statuses(path) == [Status.LINKED] * 40 + [Status.NOT_SENT] * 20
    with Journal(path) as opened:
        assert opened.summary == (None if status == "killed" else {"status": "stopped", "rows": 60})
