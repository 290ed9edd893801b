"""Every function that `importer` exports, called from Python against a sandbox in another process."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import importer
from importer import (
    Confirmation,
    ConfirmationError,
    Operation,
    Settings,
    check_file,
    export_links,
    read_pairs,
    resume_run,
    retry_file,
    retry_run,
    run_import,
    undo_run,
    unlink_file,
    verify_file,
)
from tests.support.command_line import UNKNOWN, Workplace

pytestmark = pytest.mark.slow


def test_a_file_is_checked_linked_verified_unlinked_and_restored(work: Workplace, settings: Settings) -> None:
    pairs = work.pairs(5)
    source = work.write("deals.csv", pairs)
    assert read_pairs(source)["to_object_id"].tolist() == [str(other) for _, other in pairs]
    before = check_file(source, settings, online=True)
    assert before.online is not None
    assert (before.exit_code, before.online.findings.to_link) == (0, 5)
    linked = run_import(source, settings)
    assert (linked.linked, linked.exit_code) == (5, 0)
    assert verify_file(source, settings).already_linked == 5
    with pytest.raises(ConfirmationError):
        unlink_file(source, settings)
    removed = unlink_file(source, settings, confirmation=Confirmation(5))
    assert (removed.operation, removed.unlinked, work.links()) == (Operation.UNLINK, 5, set())
    assert verify_file(source, settings).not_sent == 5
    assert undo_run(removed.run_id, settings).linked == 5
    assert work.links() == set(pairs)
    assert undo_run(linked.run_id, settings).unlinked == 5
    assert work.links() == set()


def test_a_stopped_run_is_resumed_and_bad_rows_are_retried(work: Workplace, settings: Settings) -> None:
    good = work.pairs(4)
    source = work.write("deals.csv", [*good, (UNKNOWN + work.base, 1)])
    work.hubspot.change("faults", faults=["daily_limit=put,after:2"])
    try:
        stopped = run_import(source, settings.model_copy(update={"workers": 1}))
    finally:
        work.hubspot.change("faults", faults=[])
    assert stopped.exit_code == 3
    resumed = resume_run(stopped.run_id, settings)
    assert (resumed.run_id, resumed.linked, resumed.failed) == (stopped.run_id, 4, 1)
    retried = retry_run(resumed.run_id, settings)
    assert (retried.rows, retried.failed) == (1, 1)
    results = Path(resumed.results or "")
    text = results.read_text(encoding="utf-8-sig").replace(str(UNKNOWN + work.base), str(work.base + 9))
    results.write_text(text, encoding="utf-8-sig")
    corrected = retry_file(results, settings)
    assert (corrected.rows, corrected.linked) == (1, 1)
    assert work.links() == {*good, (work.base + 9, 1)}


def test_links_are_exported_as_a_file_that_can_be_imported(work: Workplace, settings: Settings) -> None:
    pairs = work.pairs(3)
    assert run_import(work.write("deals.csv", pairs), settings).linked == 3
    ids = work.folder / "ids.csv"
    ids.write_text("\n".join(str(one) for one, _ in pairs), encoding="utf-8")
    out = work.folder / "links.csv"
    exported = export_links("contacts", "companies", settings=settings, ids=ids, out=out)
    assert (exported.exit_code, exported.links) == (0, 3)
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(int(row["from_object_id"]), int(row["to_object_id"])) for row in rows} == set(pairs)
    assert run_import(out, settings).already_linked == 3


def test_every_exported_name_exists_and_is_documented() -> None:
    for name in importer.__all__:
        assert getattr(importer, name).__doc__, name
    assert sorted(importer.__all__) == importer.__all__
    with pytest.raises(AttributeError):
        importer.no_such_name  # noqa: B018


def test_importing_the_package_loads_neither_the_network_nor_pandas() -> None:
    loaded = "[m for m in ('aiohttp', 'pandas', 'pydantic', 'importer.runner') if m in sys.modules]"
    code = f"import sys, importer; print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
