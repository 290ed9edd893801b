"""Files of users are kept: edited results, corrections, files of other commands."""

from pathlib import Path

import pandas
import pytest

from importer import load_settings, run_import
from tests.support.command_line import TOKEN, UNKNOWN, Workplace, rows_of

pytestmark = pytest.mark.slow


def files(work: Workplace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in work.folder.iterdir() if path.is_file()}


def failing_row(work: Workplace, number: int = 0) -> tuple[int, int]:
    return UNKNOWN + work.base + number, 1


def test_nightly_runs_leave_one_results_file_and_a_failures_file_only_while_rows_fail(
    work: Workplace,
) -> None:
    for night in range(3):
        source = work.write("deals.csv", [*work.pairs(2 + night), failing_row(work)])
        done = work.here("run", source)
        assert done.code == 1
        assert "kept as" not in done.err
    assert set(files(work)) == {"deals.csv", "deals.results.csv", "deals.failures.csv"}
    work.write("deals.csv", work.pairs(2))
    assert work.here("run", source).code == 0
    assert set(files(work)) == {"deals.csv", "deals.results.csv"}


def test_corrections_typed_into_the_results_and_failures_files_survive_the_next_run(work: Workplace) -> None:
    source = work.write("fx.csv", [*work.pairs(1), failing_row(work)])
    assert work.here("run", source).code == 1
    for name in ("fx.results.csv", "fx.failures.csv"):
        path = work.folder / name
        path.write_bytes(path.read_bytes().replace(str(failing_row(work)[0]).encode(), str(work.base).encode()))
    before = files(work)
    done = work.here("run", source)
    assert done.code == 1
    after = files(work)
    assert after["fx.results.1.csv"] == before["fx.results.csv"]
    assert after["fx.failures.1.csv"] == before["fx.failures.csv"]
    assert f"Warning: {work.folder / 'fx.failures.csv'} was kept as fx.failures.1.csv" in done.err
    assert len(rows_of(work.folder / "fx.results.csv")) == 2


def test_an_edited_failures_file_is_kept_when_every_row_is_linked(work: Workplace) -> None:
    source = work.write("fx.csv", [failing_row(work)])
    assert work.here("run", source).code == 1
    failures = work.folder / "fx.failures.csv"
    failures.write_text("corrected")
    work.write("fx.csv", work.pairs(1))
    done = work.here("run", source, "--json")
    assert (done.code, done.json["failures"]) == (0, None)
    assert failures.read_text() == "corrected"
    assert f"{failures} was not removed" in done.err


def test_the_sandbox_does_not_change_real_results(work: Workplace) -> None:
    source = work.write("deals.csv", [*work.pairs(2), failing_row(work)])
    assert work.here("run", source).code == 1
    before = files(work)
    work.write("deals.csv", work.pairs(2))
    done = work.here("run", source, "--sandbox", "--json")
    assert (done.code, done.json["results"]) == (0, str(work.folder / "deals.sandbox.results.csv"))
    after = files(work)
    assert {name: after[name] for name in ("deals.results.csv", "deals.failures.csv")} == {
        name: before[name] for name in ("deals.results.csv", "deals.failures.csv")
    }


def test_files_with_the_same_stem_have_separate_failures_files(work: Workplace) -> None:
    for number, name in enumerate(("a.csv", "a.tsv", "a.txt")):
        source = work.write(name, [failing_row(work, number)])
        assert work.here("run", source, "--delimiter", ",").code == 1
    kept = sorted(work.folder.glob("a.failures*.csv"))
    assert [path.name for path in kept] == ["a.failures.1.csv", "a.failures.2.csv", "a.failures.csv"]
    assert [rows_of(path)[0]["Contact ID"] for path in kept] == [str(failing_row(work, n)[0]) for n in range(3)]


def test_a_users_file_at_the_path_of_the_results_is_kept(work: Workplace) -> None:
    source = work.write("deals.csv", work.pairs(1))
    (work.folder / "deals.results.csv").write_text("mine")
    (work.folder / "out.xlsx").write_text("mine too")
    assert work.here("run", source).code == 0
    assert (work.folder / "deals.results.1.csv").read_text() == "mine"
    assert work.here("run", source, "--out", "out.xlsx").code == 0
    assert (work.folder / "out.1.xlsx").read_text() == "mine too"
    assert work.here("run", source, "--out", "out.xlsx").code == 0
    assert not (work.folder / "out.2.xlsx").exists()


@pytest.mark.parametrize("command", ["verify", "check", "report"])
def test_commands_that_only_write_results_keep_existing_files_too(work: Workplace, command: str) -> None:
    source = work.write("deals.csv", work.pairs(1))
    assert work.here("run", source).code == 0
    subject = work.journals[0].stem if command == "report" else source
    out = work.folder / "out.csv"
    out.write_text("mine")
    done = work.here(command, subject, "--out", out)
    assert done.code in {0, 1}
    assert "out.csv was kept as out.1.csv" in done.err
    work.here(command, subject, "--out", out)
    assert (work.folder / "out.1.csv").read_text() == "mine"
    assert not (work.folder / "out.2.csv").exists()


def test_each_retry_has_its_own_results(work: Workplace) -> None:
    source = work.write("deals.csv", [failing_row(work)])
    assert work.here("run", source).code == 1
    for subject in (work.journals[0].stem, work.folder / "deals.results.csv"):
        assert work.here("retry", subject).code == 1
        assert work.here("retry", subject).code == 1
    found = {rows_of(path)[0]["import_run_id"] for path in work.folder.glob("deals.retry.results*.csv")}
    assert len(found) == 4


def test_another_undo_of_a_run_replaces_the_results_of_the_first_one(work: Workplace) -> None:
    pairs = work.pairs(2)
    run_id = work.here("run", work.write("a.csv", pairs), "--json").json["run_id"]
    first, second = (work.here("undo", run_id, "--json").json for _ in range(2))
    assert (first["unlinked"], second["not_linked"]) == (2, 2)
    assert first["results"] == second["results"]
    assert sorted(path.name for path in work.folder.glob("a.undo.*")) == ["a.undo.results.csv"]
    Path(second["results"]).write_text("edited")
    work.here("undo", run_id)
    assert (work.folder / "a.undo.results.1.csv").read_text() == "edited"


def test_one_file_run_for_three_targets_has_three_results(work: Workplace) -> None:
    source = work.folder / "notes.csv"
    source.write_text(f"Record ID,Associated Company IDs,Associated Deal IDs\n{work.base},1,2\n")
    runs = []
    for target, column in (("companies", "Associated Company IDs"), ("deals", "Associated Deal IDs")):
        done = work.here(
            "run", source, "--json", "--from", "contacts", "--to", target, "--map", f"to_object_id={column}"
        )
        runs.append(done.json["run_id"])
    found = {rows_of(path)[0]["import_run_id"] for path in work.folder.glob("notes.results*.csv")}
    assert found == set(runs)


def test_each_data_frame_has_its_own_results_unless_a_path_is_given(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work.folder)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    for name, value in work.environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    for number in range(3):
        frame = pandas.DataFrame(work.pairs(1, number), columns=["Contact ID", "Company ID"])
        run_import(frame, settings)
        run_import(frame, settings, out=Path("nightly.csv"))
    results = sorted(path.name for path in work.folder.glob("*.csv"))
    assert results == ["frame.results.1.csv", "frame.results.2.csv", "frame.results.csv", "nightly.csv"]


def test_without_the_state_directory_old_results_are_kept(work: Workplace) -> None:
    source = work.write("deals.csv", work.pairs(1))
    assert work.here("run", source).code == 0
    before = files(work)["deals.results.csv"]
    assert work.here("run", source, "--state-dir", "other").code == 0
    assert files(work)["deals.results.1.csv"] == before
