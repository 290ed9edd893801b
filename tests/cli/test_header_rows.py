"""Files with titles above their header or without a header, and exports with blank cells."""

from pathlib import Path

import pytest

from tests.support.command_line import UNKNOWN, Workplace, rows_of

POSITIONS = ("--map", "from_object_id=#1", "--map", "to_object_id=#2", "--from", "contacts", "--to", "companies")


def make_known(work: Workplace, *numbers: int) -> None:
    work.hubspot.change(
        "records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base + number)} for number in numbers]
    )


def headless(work: Workplace) -> Path:
    """Write a file without a header: two pairs, the first with an unknown record."""
    path = work.folder / "pairs.csv"
    path.write_text(f"{UNKNOWN + work.base},7,note\n{work.base},8,other\n")
    return path


@pytest.mark.slow
def test_a_file_without_a_header_is_rejected_without_losing_a_pair(work: Workplace) -> None:
    source = headless(work)
    refused = work.here("run", source, *POSITIONS)
    assert refused.code == 2
    assert refused.error_code == "HEADER_IS_RECORD"
    assert not work.asked()
    done = work.here("run", source, *POSITIONS, "--no-header", "--json")
    assert (done.code, done.json["rows"], done.json["linked"], done.json["failed"]) == (1, 2, 1, 1)
    rows = rows_of(work.folder / "pairs.results.csv")
    assert [(row["#1"], row["#3"], row["import_row"], row["import_status"]) for row in rows] == [
        (str(UNKNOWN + work.base), "note", "1", "failed"),
        (str(work.base), "other", "2", "linked"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("--no-header",), ()])
@pytest.mark.parametrize("name", ["pairs.failures.csv", "pairs.results.csv"])
def test_results_of_a_run_without_a_header_can_be_imported_again(
    work: Workplace, name: str, flags: tuple[str, ...]
) -> None:
    work.here("run", headless(work), *POSITIONS, "--no-header")
    make_known(work, 0)
    done = work.here("run", work.folder / name, *POSITIONS, *flags, "--json")
    assert (done.code, done.json["linked"] + done.json["already_linked"]) == (0, done.json["rows"])
    assert work.links() == {(UNKNOWN + work.base, 7), (work.base, 8)}


@pytest.mark.slow
def test_the_results_of_a_run_without_a_header_are_retried(work: Workplace) -> None:
    work.here("run", headless(work), *POSITIONS, "--no-header")
    make_known(work, 0)
    done = work.here("retry", work.folder / "pairs.results.csv", "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 1, 1)
    assert work.links() == {(UNKNOWN + work.base, 7), (work.base, 8)}


def test_a_run_without_a_header_is_resumed(work: Workplace) -> None:
    source = headless(work)
    make_known(work, 0)
    stopped = work.here("run", source, *POSITIONS, "--no-header", "--json", HUBSPOT_ACCESS_TOKEN="wrong")
    assert stopped.code == 3
    done = work.here("run", source, *POSITIONS, "--json", IMPORTER_NO_HEADER="true")
    assert (done.code, done.json["run_id"]) == (0, stopped.json["run_id"])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["flag", "environment", "config"])
def test_a_header_below_titles_can_be_given_by_its_row(work: Workplace, how: str) -> None:
    source = work.folder / "title.csv"
    text = (
        f"Contacts without company,,\n,,\nContact ID,Name,Company ID\n{UNKNOWN + work.base},Ann,7\n{work.base},Bo,8\n"
    )
    source.write_text(text)
    refused = work.here("run", source)
    assert refused.code == 2
    assert refused.error_code == "HEADER_IS_TITLE"
    assert "--header-row 3" in refused.error
    config = work.folder / "settings.toml"
    config.write_text("header_row = 3\n")
    flags = {"flag": ("--header-row", "3"), "environment": (), "config": ("--config", config)}[how]
    variables = {"IMPORTER_HEADER_ROW": "3"} if how == "environment" else {}
    done = work.here("run", source, *flags, "--json", **variables)
    assert (done.code, done.json["rows"], done.json["linked"], done.json["failed"]) == (1, 2, 1, 1)
    assert "Row 3 is the header" in done.err
    rows = rows_of(work.folder / "title.results.csv")
    assert [(row["import_row"], row["Contact ID"]) for row in rows] == [
        ("4", str(UNKNOWN + work.base)),
        ("5", str(work.base)),
    ]
    make_known(work, 0)
    again = work.here("retry", work.folder / "title.results.csv", "--json")
    assert (again.code, again.json["linked"]) == (0, 1)


@pytest.mark.parametrize(
    "flags", [("--header-row", "0"), ("--header-row", "9"), ("--header-row", "x"), ("--header-row", "1", "--no-header")]
)
def test_an_impossible_header_row_is_rejected(work: Workplace, flags: tuple[str, ...]) -> None:
    assert work.here("run", work.write("a.csv", work.pairs(1)), *flags).code == 2
    assert not work.asked()


def test_an_export_with_blank_cells_exits_with_0(work: Workplace) -> None:
    source = work.folder / "export.csv"
    source.write_text(f"Record ID,First Name,Associated Company IDs\n{work.base},Ann,7;8\n{work.base + 1},Bo,\n")
    done = work.here("run", source, "--from", "contacts", "--json")
    assert (done.code, done.json["rows"], done.json["linked"], done.json["blank"]) == (0, 2, 1, 1)
    assert done.json["failures"] is None
    rows = rows_of(work.folder / "export.results.csv")
    assert [row["import_status"] for row in rows] == ["linked", "blank"]
    assert work.links() == {(work.base, 7), (work.base, 8)}


def test_a_blank_cell_of_another_file_is_invalid_unless_it_is_allowed(work: Workplace) -> None:
    source = work.write("pairs.csv", [*work.pairs(1), (work.base + 9, "")])
    assert work.here("check", source).code == 1
    assert work.here("check", source, "--allow-blank").code == 0
    assert work.here("check", source, IMPORTER_ALLOW_BLANK="true").code == 0


def test_a_column_of_labels_is_reported(work: Workplace) -> None:
    source = work.folder / "labels.csv"
    source.write_text(f"Contact ID,Company ID,Association Label\n{work.base},7,Decision maker\n")
    done = work.here("check", source)
    assert done.code == 0
    assert "label Association Label" in done.out
    assert "'Decision maker' (1 pair)" in done.out


@pytest.mark.slow
def test_a_retry_of_results_allows_blank_cells_where_the_run_did(work: Workplace) -> None:
    source = work.write("pairs.csv", [(work.base, 7), (UNKNOWN + work.base, 8)])
    assert work.here("run", source, "--allow-blank").code == 1
    results = work.folder / "pairs.results.csv"
    results.write_bytes(results.read_bytes().replace(str(UNKNOWN + work.base).encode(), b"", 1))
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["rows"], done.json["blank"]) == (0, 1, 1)
