"""Undo of runs whose pairs ended `unconfirmed`: what somebody else, or a later run, did to these pairs stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from importer import Confirmation, Settings, Summary, retry_run, run_import, undo_run, unlink_file
from importer.journal import Journal
from importer.model import Outcome, PairOutcome, Status
from importer.runner.state_directory import journal_path
from importer.sandbox import Pair
from importer.sandbox.association_types import AssociationType
from tests.support.command_line import rows_of
from tests.support.shared_account import Account

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_waits")]

HEADER = "from_object_type,from_object_id,to_object_type,to_object_id,label"
FIRST, SECOND = Pair("contacts", 1, "companies", 1), Pair("contacts", 2, "companies", 2)
FAULTS = ("canceled", "http_500", "pending", "reset", "unknown_status")
CASES = list(product(FAULTS, ("", "Decision maker"), ("put", "batch")))


@pytest.fixture
def account(hubspot_thread: Account) -> Iterator[Account]:
    """An account without links or faults."""
    hubspot_thread.call(hubspot_thread.clear)
    yield hubspot_thread
    hubspot_thread.call(hubspot_thread.sandbox.use_faults)


@contextmanager
def faults(account: Account, *texts: str) -> Iterator[None]:
    account.call(partial(account.sandbox.use_faults, *texts))
    yield
    account.call(account.sandbox.use_faults)


def no_reads_after(account: Account, calls: int) -> str:
    """Return the fault that refuses all reads after the next `calls` calls."""
    return f"http_400=read,after:{account.sandbox.state.numbered_calls + calls}"


def add(account: Account, pair: Pair, *labels: AssociationType) -> None:
    """Link a pair and add labels to it, as another client does."""

    def change() -> None:
        account.sandbox.state.links.add(pair)
        account.sandbox.state.links.add_labels(pair, labels)

    account.call(change)


def label(account: Account, text: str) -> AssociationType:
    """Return the type of a label from contacts to companies."""
    known = account.sandbox.state.types.all("contacts", "companies")
    return next(one.type for one in known if one.label == text)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "a.csv"
    path.write_text("\n".join([HEADER, *lines, ""]))
    return path


def both(folder: Path, text: str = "") -> Path:
    return write(folder, *(f"contacts,{n},companies,{n},{text}" for n in (1, 2)))


def settings_of(account: Account, folder: Path, **flags: object) -> Settings:
    return account.settings(folder / "state", max_attempts=2, **flags)


def run_without_effect(account: Account, source: Path, settings: Settings, fault: str, *more: str) -> Summary:
    """Run over two pairs, none of which HubSpot links; it answers every call with `fault`."""
    with faults(account, *(f"{fault}={kind}" for kind in ("put", "batch", "label_put", "create")), *more):
        run = run_import(source, settings)
    assert (run.unconfirmed, account.items()) == (2, set())
    return run


def pairs_of(settings: Settings, run_id: str) -> list[PairOutcome]:
    with Journal(journal_path(settings, run_id)) as journal:
        return [entry for row in journal.rows(Outcome(Status.NOT_SENT)) for entry in row.pairs]


def categories(summary: Summary) -> list[str]:
    return [row["import_error_category"] for row in rows_of(Path(str(summary.results)))]


@pytest.mark.parametrize(("fault", "text", "engine"), CASES)
def test_a_link_that_someone_else_made_after_an_unconfirmed_run_stays(
    account: Account, tmp_path: Path, fault: str, text: str, engine: str
) -> None:
    settings = settings_of(account, tmp_path, engine=engine)
    run = run_without_effect(account, both(tmp_path, text), settings, fault)
    add(account, FIRST, *([label(account, text)] if text else []))
    foreign = account.items()
    undo = undo_run(run.run_id, settings)
    assert account.items() == foreign
    assert (undo.exit_code, undo.failed, undo.not_linked, undo.unlinked) == (1, 1, 1, 0)
    assert categories(undo) == ["CHANGED_SINCE_RUN", ""]


@pytest.mark.parametrize(("fault", "text", "engine"), CASES)
def test_the_links_of_a_retry_stay_when_the_run_before_it_is_undone(
    account: Account, tmp_path: Path, fault: str, text: str, engine: str
) -> None:
    settings = settings_of(account, tmp_path, engine=engine)
    run = run_without_effect(account, both(tmp_path, text), settings, fault)
    retry = retry_run(run.run_id, settings)
    assert retry.linked == 2
    made = account.items()
    assert (undo_run(run.run_id, settings).failed, account.items()) == (2, made)
    assert (undo_run(retry.run_id, settings).unlinked, account.items()) == (2, set())


@pytest.mark.parametrize(("text", "reads"), [("", 3), ("Decision maker", 8)], ids=["plain", "labelled"])
def test_an_unconfirmed_pair_that_could_not_be_read_back_is_left_alone(
    account: Account, tmp_path: Path, text: str, reads: int
) -> None:
    settings = settings_of(account, tmp_path)
    run = run_without_effect(account, both(tmp_path, text), settings, "canceled", no_reads_after(account, reads))
    assert [(one.before, one.after) for one in pairs_of(settings, run.run_id)] == [("-", None)] * 2
    add(account, FIRST, *([label(account, text)] if text else []))
    foreign = account.items()
    undo = undo_run(run.run_id, settings)
    assert account.items() == foreign
    assert categories(undo) == ["UNDO_STATE_UNKNOWN", ""]
    assert (undo.failed, undo.not_linked) == (1, 1)


def test_types_that_a_run_only_expected_are_not_what_it_left(account: Account, tmp_path: Path) -> None:
    for contact in (1, 2):
        add(account, Pair("contacts", contact, "companies", 7))
    settings = settings_of(account, tmp_path)
    source = write(tmp_path, "contacts,1,companies,7,", "contacts,2,companies,7,", "contacts,1,companies,1,")
    with faults(account, "canceled=put", no_reads_after(account, 3)):
        run = run_import(source, settings)
    assert (run.already_linked, run.unconfirmed) == (2, 1)
    assert pairs_of(settings, run.run_id)[-1].sent is not None
    assert pairs_of(settings, run.run_id)[-1].after is None
    add(account, FIRST)
    foreign = account.items()
    undo = undo_run(run.run_id, settings)
    assert (categories(undo), account.items()) == (["UNDO_STATE_UNKNOWN"], foreign)


def test_primary_that_someone_else_moved_after_an_unconfirmed_run_stays(account: Account, tmp_path: Path) -> None:
    former, pair = Pair("contacts", 1, "companies", 7), Pair("contacts", 1, "companies", 1)
    for one in (former, pair):
        add(account, one)
    settings = settings_of(account, tmp_path)
    with faults(account, "canceled=label_put"):
        run = run_import(write(tmp_path, "contacts,1,companies,1,Primary"), settings)
    assert run.unconfirmed == 1
    add(account, pair, label(account, "Primary"))
    foreign = account.items()
    undo = undo_run(run.run_id, settings)
    assert (undo.exit_code, account.items()) == (1, foreign)


def test_primary_that_someone_else_removed_after_an_unconfirmed_run_is_not_restored(
    account: Account, tmp_path: Path
) -> None:
    former, pair = Pair("contacts", 1, "companies", 7), Pair("contacts", 1, "companies", 1)
    for one in (former, pair):
        add(account, one)
    settings = settings_of(account, tmp_path)
    with faults(account, "canceled=label_put"):
        run = run_import(write(tmp_path, "contacts,1,companies,1,Primary"), settings)
    account.call(partial(account.sandbox.state.links.remove_labels, former, [label(account, "Primary")]))
    foreign = account.items()
    undo_run(run.run_id, settings)
    assert account.items() == foreign


def test_a_run_labelling_both_sides_leaves_foreign_labels_of_an_unconfirmed_side(
    account: Account, tmp_path: Path
) -> None:
    settings = settings_of(account, tmp_path)
    lines = "contacts,1,companies,1,Decision maker", "companies,1,contacts,1,Billing contact"
    with faults(account, "canceled=label_put", "canceled=put"):
        run = run_import(write(tmp_path, *lines), settings)
    assert run.unconfirmed == 2
    add(account, FIRST, label(account, "Decision maker"))
    foreign = account.items()
    undo = undo_run(run.run_id, settings)
    assert (undo.failed, account.items()) == (2, foreign)


@pytest.mark.parametrize("text", ["", "Decision maker"], ids=["links", "labels"])
@pytest.mark.parametrize("is_read", [True, False], ids=["read back", "not read back"])
def test_what_someone_else_removed_after_an_unconfirmed_removal_stays_removed(
    account: Account, tmp_path: Path, text: str, *, is_read: bool
) -> None:
    for pair in (FIRST, SECOND):
        add(account, pair, label(account, "Decision maker"))
    settings = settings_of(account, tmp_path)
    refused = [f"canceled={kind}" for kind in ("archive", "labels_archive", "delete")]
    with faults(account, *refused, *([] if is_read else [no_reads_after(account, 4)])):
        confirmation = Confirmation(ask=lambda number, _: str(number))
        run = unlink_file(both(tmp_path, text), settings, confirmation=confirmation)
    assert run.unconfirmed == 2
    links = account.sandbox.state.links
    remove = partial(links.remove_labels, FIRST, [label(account, text)]) if text else partial(links.remove, FIRST)
    account.call(remove)
    foreign = account.items()
    undo = undo_run(run.run_id, settings)
    assert (undo.failed, undo.already_linked, account.items()) == (1, 1, foreign)
    assert categories(undo) == ["CHANGED_SINCE_RUN" if is_read else "UNDO_STATE_UNKNOWN", ""]
