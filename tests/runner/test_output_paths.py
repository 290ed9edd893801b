"""Paths of the results and failures files."""

from pathlib import Path

import pytest

from importer.errors import OutputError
from importer.runner import output_paths
from importer.runner.source_file import STANDARD_INPUT, SourceFile
from tests.support.errors import raises


def source(path: Path | str) -> SourceFile:
    return SourceFile(str(path), Path(path), "0" * 64, "2026-11-23T19:45:33Z")


@pytest.mark.parametrize(
    ("name", "results", "failures"),
    [
        ("deals.csv", "deals.results.csv", "deals.failures.csv"),
        ("deals.TSV", "deals.results.tsv", "deals.failures.csv"),
        ("deals.txt", "deals.results.txt", "deals.failures.csv"),
        ("deals", "deals.results.csv", "deals.failures.csv"),
        ("deals.2026.11", "deals.2026.11.results.csv", "deals.2026.11.failures.csv"),
        ("deals.csv.gz", "deals.results.csv", "deals.failures.csv"),
        ("deals.xlsx", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.XLSM", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.xls", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.ods", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.failures.csv", "deals.failures.results.csv", "deals.failures.failures.csv"),
        ("取引.csv", "取引.results.csv", "取引.failures.csv"),
    ],
)
def test_results_and_failures_go_beside_the_source(tmp_path: Path, name: str, results: str, failures: str) -> None:
    found = output_paths.results_path(source(tmp_path / name), None, sandbox=False)
    assert found == tmp_path / results
    assert output_paths.failures_path(found) == tmp_path / failures


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("deals.results.csv", "deals.retry.results.csv"),
        ("deals.retry.results.csv", "deals.retry2.results.csv"),
        ("deals.retry2.results.csv", "deals.retry3.results.csv"),
        ("deals.retry9.results.xlsx", "deals.retry10.results.xlsx"),
        ("mine.csv", "mine.retry.results.csv"),
        ("retry.csv", "retry.retry.results.csv"),
    ],
)
def test_the_results_of_a_retry_never_replace_those_it_started_from(tmp_path: Path, name: str, again: str) -> None:
    assert output_paths.results_path(source(tmp_path / name), None, sandbox=False, mark=".retry") == tmp_path / again


@pytest.mark.parametrize(
    ("name", "mark", "results"),
    [
        ("deals.csv", "", "deals.sandbox.results.csv"),
        ("deals.xlsx", "", "deals.sandbox.results.xlsx"),
        ("deals.csv", ".verify", "deals.sandbox.verify.results.csv"),
        ("deals.results.csv", ".retry", "deals.sandbox.retry.results.csv"),
        ("deals.sandbox.results.csv", ".retry", "deals.sandbox.retry.results.csv"),
        ("deals.sandbox.retry.results.csv", ".retry", "deals.sandbox.retry2.results.csv"),
        ("deals.sandbox.failures.csv", "", "deals.sandbox.failures.results.csv"),
        ("sandbox.csv", "", "sandbox.sandbox.results.csv"),
        (STANDARD_INPUT, "", "stdin.sandbox.results.csv"),
    ],
)
def test_results_of_the_sandbox_have_it_in_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mark: str, results: str
) -> None:
    monkeypatch.chdir(tmp_path)
    place = name if name.startswith("<") else tmp_path / name
    found = output_paths.results_path(source(place), None, sandbox=True, mark=mark)
    assert found == tmp_path / results
    assert ".sandbox" in output_paths.failures_path(found).suffixes


def test_the_results_of_standard_input_go_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert output_paths.results_path(source(STANDARD_INPUT), None, sandbox=False) == tmp_path / "stdin.results.csv"


def test_an_explicit_path_is_used_unchanged(tmp_path: Path) -> None:
    out = tmp_path / "x" / ".." / "r.xlsx"
    for sandbox in (False, True):
        assert output_paths.results_path(source(tmp_path / "a.csv"), out, sandbox=sandbox) == tmp_path / "r.xlsx"


def test_the_source_is_never_overwritten_even_through_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "a.failures.csv").touch()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "a.failures.csv")
    for out in ("a.failures.csv", "link.csv", "a.csv", "a.results.csv", "a.results.xlsx"):
        with raises(OutputError, "OUTPUT_IS_SOURCE"):
            output_paths.checked_results(tmp_path / out, str(tmp_path / "a.failures.csv"))


def test_a_path_that_cannot_exist_is_refused() -> None:
    with raises(OutputError, "PATH_INVALID"):
        output_paths.checked_results(Path("b\0.csv"), "/a.csv")
