"""Undo of runs over links labelled from both sides that were killed at any of their requests and never resumed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from importer import Summary, run_import, undo_run
from importer.sandbox import Pair
from importer.sandbox.association_types import AssociationType
from importer.sandbox.links import Links
from tests.support.kills import killed_at
from tests.support.shared_account import Account, Item

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_waits")]

ROWS = {
    "two types": [
        "contacts,1,companies,11,Decision maker",
        "contacts,1,companies,12,Primary",
        "contacts,2,companies,12,",
        "companies,11,contacts,1,Billing contact",
        "companies,12,contacts,2,Decision maker",
        "companies,13,contacts,3,Billing contact;Primary",
        "contacts,3,companies,13,Decision maker",
    ],
    "one type": [
        "contacts,1,contacts,2,Manager",
        "contacts,1,contacts,3,",
        "contacts,2,contacts,1,Manager",
        "contacts,3,contacts,1,Employee",
    ],
}
MANAGER = AssociationType("USER_DEFINED", 5)


@dataclass(frozen=True, slots=True)
class KilledRun:
    """A run that was killed: what was linked before it, the same command again, and the undo of it."""

    before: set[Item]
    resume: Callable[[], Summary]
    undo: Callable[[], Summary]


def killed_runs(account: Account, folder: Path, rows: list[str], engine: str) -> Iterator[KilledRun]:
    """Yield a run over `rows`, once for every request at which it can be killed."""
    for number in count(1):
        account.call(account.clear)
        account.call(partial(prepare, account.sandbox.state.links))
        before = account.items()
        source = folder / f"{number}.csv"
        header = "from_object_type,from_object_id,to_object_type,to_object_id,label"
        source.write_text("\n".join([header, *rows, ""]))
        state = folder / source.stem / "state"
        settings = account.settings(state, engine=engine)
        run = partial(run_import, source, settings)
        if not killed_at(number, run, state, is_sent=True):
            return
        for journal in (state / "runs").glob("*.sqlite"):
            yield KilledRun(before, run, partial(undo_run, journal.stem, settings))


def prepare(links: Links) -> None:
    links.add(Pair("contacts", 1, "companies", 11))
    links.add(Pair("contacts", 2, "companies", 13))
    links.add_labels(Pair("contacts", 1, "contacts", 3), [MANAGER])


@pytest.mark.parametrize("engine", ["put", pytest.param("batch", marks=pytest.mark.long)])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_a_killed_run_is_undone(hubspot_thread: Account, tmp_path: Path, rows: list[str], engine: str) -> None:
    kills = 0
    for kills, run in enumerate(killed_runs(hubspot_thread, tmp_path, rows, engine), 1):  # noqa: B007
        assert run.undo().exit_code == 0
        assert hubspot_thread.items() == run.before
    assert kills > 5


def test_a_run_that_was_killed_and_resumed_is_undone(hubspot_thread: Account, tmp_path: Path) -> None:
    for run in killed_runs(hubspot_thread, tmp_path, ROWS["two types"], "put"):
        assert run.resume().exit_code == 0
        assert run.undo().exit_code == 0
        assert hubspot_thread.items() == run.before


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_only_a_link_that_someone_labelled_after_the_kill_is_left_alone(
    hubspot_thread: Account, tmp_path: Path, rows: list[str]
) -> None:
    state = hubspot_thread.sandbox.state
    other = {}
    for types in (("contacts", "companies"), ("contacts", "contacts")):
        hubspot_thread.call(partial(state.types.add_label, *types, f"Friend {tmp_path.name}"))
        other[types] = next(one.type for one in state.types.all(*types) if one.label == f"Friend {tmp_path.name}")
    kept = 0
    for run in killed_runs(hubspot_thread, tmp_path, rows, "put"):
        changed = [Pair("contacts", 1, "companies", 11), Pair("contacts", 1, "contacts", 2)]
        for pair in changed:
            hubspot_thread.call(partial(state.links.add_labels, pair, [other[pair.from_type, pair.to_type]]))
        links = {min(pair, pair.reverse()) for pair in changed}
        there = {item for item in hubspot_thread.items() if item[0] in links}
        kept += run.undo().exit_code
        assert hubspot_thread.items() == {item for item in run.before if item[0] not in links} | there
    assert kept > 2
