"""Retrying a results file: which of its rows are retried, and by which columns they are read."""

import csv
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.support.command_line import UNKNOWN, Workplace, rows_of

TYPES = ("--from", "contacts", "--to", "companies")


def rewrite(path: Path, change: dict[str, str], columns: list[str] | None = None) -> None:
    """Save a results file as a user does who replaced some cells, and perhaps put its columns in another order."""
    rows = rows_of(path)
    columns = columns or list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: change.get(cell, cell) for name, cell in row.items()} for row in rows)


@pytest.mark.slow
def test_a_corrected_invalid_row_is_sent_and_one_that_is_not_corrected_stays_invalid(work: Workplace) -> None:
    source = work.write("deals.csv", [*work.pairs(3), ("1.20456E+11", 1), ("ACME Ltd", 1)])
    first = work.here("run", source, "--json")
    assert (first.code, first.json["linked"], first.json["invalid"]) == (1, 3, 2)
    rewrite(work.folder / "deals.results.csv", {"1.20456E+11": str(work.base + 9)})
    done = work.here("retry", work.folder / "deals.results.csv", "--json")
    assert (done.code, done.json["rows"], done.json["calls"]) == (1, 2, 1)
    assert (done.json["linked"], done.json["invalid"]) == (1, 1)
    assert (work.base + 9, 1) in work.links()
    rows = rows_of(work.folder / "deals.retry.results.csv")
    assert [(row["import_row"], row["import_status"]) for row in rows] == [("5", "linked"), ("6", "invalid")]
    assert {row["import_run_id"] for row in rows} == {done.json["run_id"]}


@pytest.mark.slow
def test_a_corrected_invalid_row_of_a_workbook_is_sent(work: Workplace) -> None:
    source = work.write("deals.csv", [*work.pairs(3), ("ACME Ltd", 1)])
    results = work.folder / "deals.results.xlsx"
    assert work.here("run", source, "--out", results).code == 1
    book = openpyxl.load_workbook(results)
    book.worksheets[0]["A5"] = str(work.base + 9)
    book.save(results)
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 1, 1)
    assert (work.base + 9, 1) in work.links()


def two_runs_over_one_file(work: Workplace) -> tuple[Path, Path]:
    """Two runs that read different columns of a file and wrote to one path; the first one's results, kept elsewhere."""
    source = work.folder / "crm.csv"
    source.write_text(f"a,b,c\n{UNKNOWN + work.base},7,8\n")
    results, kept = work.folder / "crm.results.csv", work.folder / "mine.csv"
    for column in ("b", "c"):
        flags = (*TYPES, "--map", "from_object_id=a", "--map", f"to_object_id={column}")
        assert work.here("run", source, *flags).code == 1
        if column == "b":
            kept.write_bytes(results.read_bytes())
    return kept, results


@pytest.mark.slow
def test_a_results_file_is_read_by_its_own_run_despite_later_results_at_the_same_path(work: Workplace) -> None:
    kept, results = two_runs_over_one_file(work)
    results.write_bytes(kept.read_bytes())
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["linked"]) == (0, 1)
    assert work.links() == {(UNKNOWN + work.base, 7)}


@pytest.mark.slow
def test_a_renamed_results_file_is_read_by_its_run(work: Workplace) -> None:
    kept, _ = two_runs_over_one_file(work)
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    assert work.here("retry", kept).code == 0
    assert work.links() == {(UNKNOWN + work.base, 7)}


@pytest.mark.slow
def test_columns_in_another_order_are_found_by_their_headers(work: Workplace) -> None:
    kept, _ = two_runs_over_one_file(work)
    rewrite(kept, {}, ["import_status", "import_run_id", "c", "b", "a"])
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    assert work.here("retry", kept).code == 0
    assert work.links() == {(UNKNOWN + work.base, 7)}


@pytest.mark.slow
def test_other_settings_for_a_file_of_a_known_run_are_reported_and_not_used(work: Workplace) -> None:
    kept, _ = two_runs_over_one_file(work)
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    done = work.here("retry", kept, "--map", "to_object_id=c")
    assert done.code == 0
    assert "Warning: " in done.err
    assert rows_of(kept)[0]["import_run_id"] in done.err
    assert work.links() == {(UNKNOWN + work.base, 7)}


@pytest.mark.slow
def test_columns_that_were_renamed_are_read_by_their_own_header(work: Workplace) -> None:
    kept, _ = two_runs_over_one_file(work)
    text = kept.read_text(encoding="utf-8-sig").replace("a,b,c,", "Contact ID,Note,Company ID,", 1)
    kept.write_text(text.replace(f"{UNKNOWN + work.base},7,8", f"{work.base},7,8"))
    done = work.here("retry", kept)
    assert done.code == 0
    assert "it is read by its own header" in done.err
    assert work.links() == {(work.base, 8)}


@pytest.mark.slow
def test_columns_without_a_unique_header_are_found_by_position_only_in_an_unchanged_header(work: Workplace) -> None:
    source = work.folder / "twice.csv"
    source.write_text(f"id,id,note\n{UNKNOWN + work.base},7,8\n")
    flags = (*TYPES, "--map", "from_object_id=#1", "--map", "to_object_id=#2")
    assert work.here("run", source, *flags).code == 1
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    results = work.folder / "twice.results.csv"
    lines = results.read_text(encoding="utf-8-sig").splitlines()
    results.write_text("\n".join(f"x,{line}" for line in lines))
    refused = work.here("retry", results)
    assert refused.code == 2
    assert work.links() == set()
    results.write_text("\n".join(lines))
    assert work.here("retry", results).code == 0
    assert work.links() == {(UNKNOWN + work.base, 7)}


@pytest.mark.slow
def test_results_of_several_runs_in_one_file_are_read_by_their_own_header(work: Workplace) -> None:
    for name, start in (("a.csv", 0), ("b.csv", 10)):
        work.here("run", work.write(name, [*work.pairs(2, start), (f"x{start}", 1)]))
    first = (work.folder / "a.results.csv").read_text(encoding="utf-8-sig")
    second = (work.folder / "b.results.csv").read_text(encoding="utf-8-sig").split("\n", 1)[1]
    both = work.folder / "both.csv"
    both.write_text((first + second).replace("x0", str(work.base + 30)).replace("x10", str(work.base + 31)))
    done = work.here("retry", both, "--json")
    assert (done.code, done.json["linked"], done.json["calls"]) == (0, 2, 2)


@pytest.mark.slow
def test_rows_of_runs_that_read_other_columns_are_not_retried_in_one_file(work: Workplace) -> None:
    kept, results = two_runs_over_one_file(work)
    other = results.read_text(encoding="utf-8-sig").split("\n", 1)[1]
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    for second in (other, other.replace(rows_of(results)[0]["import_run_id"], "20200101-000000-00000")):
        both = work.folder / "both.csv"
        both.write_text(kept.read_text(encoding="utf-8-sig") + second)
        done = work.here("retry", both)
        assert done.code == 2
        assert rows_of(kept)[0]["import_run_id"] in done.err
        assert work.links() == set()


@pytest.mark.slow
@pytest.mark.parametrize("change", ["deleted", "emptied"])
def test_a_results_file_whose_run_is_unknown_is_read_by_its_header_with_a_warning(work: Workplace, change: str) -> None:
    work.here("run", work.write("deals.csv", [*work.pairs(1), ("ACME", 1)]))
    results = work.folder / "deals.results.csv"
    run_id, columns = rows_of(results)[0]["import_run_id"], list(rows_of(results)[0])
    corrected = {"ACME": str(work.base + 9), run_id: ""}
    rewrite(results, corrected, columns[:-1] if change == "deleted" else columns)
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["linked"]) == (0, 1)
    assert "Warning:" in done.err
    assert "import_run_id" in done.err


@pytest.mark.slow
def test_an_invalid_run_id_makes_the_file_one_of_an_unknown_run(work: Workplace) -> None:
    path = work.folder / "odd.csv"
    for name in ("../../x", "20200101-000000-00000", "r"):
        path.write_text(
            f"Contact ID,Company ID,import_status,import_run_id\n{work.base},2,failed,{name}\n"
            f"{work.base},3,linked,{name}\n"
        )
        assert work.here("retry", path, "--fresh").code == 0


def test_blank_rows_are_not_retried(work: Workplace) -> None:
    path = work.folder / "odd.csv"
    path.write_text(
        f"Contact ID,Company ID,import_status\n{work.base},,blank\n{work.base},2,failed\n{work.base},3,linked\n"
    )
    done = work.here("retry", path, "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 1, 1)


@pytest.mark.slow
def test_rows_whose_status_was_cleared_or_never_written_are_retried_and_linked_ones_skipped(work: Workplace) -> None:
    source = work.write("deals.csv", [*work.pairs(3), ("ACME Ltd", 1), ("ACME Inc", 2)])
    assert work.here("run", source).code == 1
    results = work.folder / "deals.results.csv"
    rewrite(results, {"ACME Ltd": str(work.base + 7), "ACME Inc": str(work.base + 8), "invalid": ""})
    with results.open("a", encoding="utf-8") as file:
        file.write(f"{work.base + 9},3\n")
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["rows"], done.json["linked"], done.json["calls"]) == (0, 3, 3, 3)
    assert {(work.base + 7, 1), (work.base + 8, 2), (work.base + 9, 3)} <= work.links()


def edited(work: Workplace, results: Path, *flags: object) -> list[str]:
    """Retry a results file and return the notes about its edited rows."""
    done = work.here("retry", results, "--log-format", "json", *flags)
    assert done.code in {0, 1}, done.err
    return [text for text in (json.loads(line)["message"] for line in done.err.splitlines()) if "good status" in text]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_edits_of_rows_with_a_good_status_are_counted_because_a_retry_does_not_send_them(
    work: Workplace, suffix: str
) -> None:
    ids = [str(one) for one, _ in work.pairs(6)]
    source = work.folder / "deals.csv"
    rows = [f"note,{one},7" for one in ids] + ["note,ACME Ltd,7"]
    source.write_text("\n".join(["Note,Contact ID,Company ID", *rows, ""]))
    results = work.folder / f"results.{suffix}"
    assert work.here("run", source, "--out", results).code == 1
    assert edited(work, results) == []
    change = {ids[1]: ids[0], ids[3]: ids[0], ids[4]: f" {ids[4]}.0", "ACME Ltd": ids[5], "note": "another"}
    if suffix == "csv":
        columns = list(rows_of(results)[0])
        rewrite(results, change, [*columns[3:], *columns[:3]])
    else:
        book = openpyxl.load_workbook(results)
        sheet = book.worksheets[0]
        for place in range(2, sheet.max_row + 1):
            for column in (1, 2, 3):
                text = str(sheet.cell(place, column).value)
                sheet.cell(place, column, change.get(text, text))
        book.save(results)
    (text,) = edited(work, results, "--fresh")
    assert text.startswith("2 rows ")
    assert f"importer run {results}" in text


@pytest.mark.slow
def test_edits_are_found_in_the_results_of_several_files_and_of_a_removal(work: Workplace) -> None:
    pairs = work.pairs(4)
    folder = work.folder / "parts.zip"
    with zipfile.ZipFile(folder, "w") as archive:
        for number, two in enumerate((pairs[:2], pairs[2:])):
            lines = "".join(f"{one},{other}\n" for one, other in two)
            archive.writestr(f"part-{number}.csv", f"Contact ID,Company ID\n{lines}{'x,1' * number}")
    results = work.folder / "parts.results.csv"
    assert work.here("run", folder, "--out", results).code == 1
    kept = results.read_bytes()
    rewrite(results, {str(pairs[3][0]): str(pairs[0][0])})
    assert [text[:6] for text in edited(work, results)] == ["1 row "]
    results.write_bytes(kept)
    removed = work.folder / "removed.csv"
    assert work.here("unlink", folder, "--out", removed, "--yes", 4).code == 1
    rewrite(removed, {str(pairs[3][0]): str(pairs[0][0])})
    (text,) = edited(work, removed)
    assert f"importer unlink {removed}" in text
