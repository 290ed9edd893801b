"""What a run reads and writes: formats, standard input, results that are imported again, output."""

import json
from pathlib import Path

import openpyxl
import pandas
import pytest

from importer.model import RESULT_COLUMNS, TYPES_BEFORE_COLUMN
from tests.support.command_line import Workplace, rows_of

pytestmark = pytest.mark.slow


# ---- reading


def test_roles_and_types_can_be_given_by_flag(work: Workplace) -> None:
    source = work.folder / "odd.csv"
    source.write_text(f"a,b,c\n{work.base},x,7\n{work.base + 1},y,8\n")
    done = work.here(
        *("run", source, "--json", "--map", "from_object_id=a", "--map", "to_object_id=#3"),
        *("--from", "Contact", "--to", "0-3", "--limit", "1"),
    )
    assert done.code == 0
    assert done.json["rows"] == 1
    (entry,) = [entry for entry in work.hubspot.state()["asked"] if entry["from"]["id"] == str(work.base)]
    assert (entry["from"]["type"], entry["to"]) == ("contacts", {"type": "deals", "id": "7"})


def test_a_workbook_goes_in_and_a_workbook_comes_out(work: Workplace) -> None:
    pairs = work.pairs(3)
    book = openpyxl.Workbook()
    assert book.active
    book.active.append(["Contact ID", "Company ID", "=Note"])
    for one, other in pairs:
        book.active.append([one, other, None])
    book.save(work.folder / "deals.xlsx")
    done = work.here("run", "deals.xlsx", "--json")
    assert done.code == 0
    assert done.json["results"] == str(work.folder / "deals.results.xlsx")
    sheet = openpyxl.load_workbook(work.folder / "deals.results.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    assert header == ("Contact ID", "Company ID", "=Note", *RESULT_COLUMNS, TYPES_BEFORE_COLUMN)
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == [
        (one, other, str(number), "linked") for number, (one, other) in enumerate(pairs, 2)
    ]


def test_out_sets_the_path_and_the_format_of_the_results(work: Workplace) -> None:
    place = work.folder / "elsewhere"
    place.mkdir()
    done = work.here("run", work.write("a.csv", [*work.pairs(1), ("x", "y")]), "--json", "--out", "elsewhere/r.xlsx")
    assert done.json["results"] == str(place / "r.xlsx")
    assert done.json["failures"] == str(place / "r.failures.csv")
    assert {path.name for path in place.iterdir()} == {"r.xlsx", "r.failures.csv"}


def test_standard_input_is_read_and_its_results_go_to_the_working_directory(work: Workplace) -> None:
    pairs = work.pairs(4)
    done = work.run("run", "-", "--json", stdin=work.write("a.csv", pairs).read_bytes())
    assert done.code == 0
    assert work.links() == set(pairs)
    assert done.json["results"] == str(work.folder / "stdin.results.csv")
    assert not any((work.folder / "state").rglob("stdin.csv")), "no copy stays"


def test_a_results_file_can_be_imported_again(work: Workplace) -> None:
    source = work.write("a.csv", [*work.pairs(2), ("x", 1)])
    work.here("run", source, "--out", work.folder / "first.csv", "--no-read-first")
    again = ("run", work.folder / "first.csv", "--out", work.folder / "second.csv", "--no-read-first", "--json")
    done = work.here(*again)
    assert done.code == 1
    first, second = rows_of(work.folder / "first.csv"), rows_of(work.folder / "second.csv")
    assert list(first[0]) == list(second[0])
    for before, after in zip(first, second, strict=True):
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {"import_completed_at", "import_correlation_id", "import_run_id"}


def test_ids_written_as_formulas_are_linked_and_unchanged_in_the_results(work: Workplace) -> None:
    source = work.folder / "eq.csv"
    source.write_text(f'Contact ID,Company ID\n="{work.base}","=""7"""\n')
    for name in ("eq", "eq.results"):
        assert work.here("run", work.folder / f"{name}.csv").code == 0
        (row,) = rows_of(work.folder / f"{name}.results.csv")
        assert (row["Contact ID"], row["Company ID"]) == (f'="{work.base}"', '="7"')
    assert work.links() == {(work.base, 7)}


def test_rows_longer_than_the_header_leave_results_and_failures_rectangular(work: Workplace) -> None:
    ((contact, company),) = work.pairs(1)
    source = work.folder / "a.csv"
    source.write_text(f"Contact ID,Company ID\n{contact},{company}\n{contact},{company},Smith,John\n")
    done = work.here("run", source, "--json")
    assert [done.json[name] for name in ("linked", "invalid")] == [1, 1]
    results, failures = pandas.read_csv(done.json["results"], dtype=str), pandas.read_csv(done.json["failures"])
    assert list(results["import_row"]) == ["2", "3"]
    assert list(results["import_extra_cells"].fillna("")) == ["", '["Smith", "John"]']
    assert list(failures.columns) == ["Contact ID", "Company ID", "import_extra_cells"]

    failures_file = Path(done.json["failures"])
    again = work.here("run", failures_file, "--out", work.folder / "again.csv", "--json")
    assert (again.json["invalid"], again.json["rows"]) == (1, 1)
    cleared = failures_file.read_text(encoding="utf-8").replace('"[""Smith"", ""John""]"', "")
    failures_file.write_text(cleared, encoding="utf-8")
    corrected = work.here("run", failures_file, "--out", work.folder / "corrected.csv", "--json")
    assert (corrected.json["already_linked"], corrected.code) == (1, 0)


# ---- output


def test_quiet_prints_nothing_when_every_row_is_good(work: Workplace) -> None:
    done = work.run("run", work.write("a.csv", work.pairs(2)), "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_json_log_lines_contain_the_run_id(work: Workplace) -> None:
    done = work.run("run", work.write("a.csv", work.pairs(2)), "--json", "--log-format", "json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert all({"time", "level", "run_id", "message"} <= set(line) for line in lines)
    assert {line["run_id"] for line in lines[1:]} == {done.json["run_id"]}


def test_a_name_that_the_output_cannot_encode_does_not_end_the_run(work: Workplace) -> None:
    source = work.write("取引.csv", work.pairs(2))
    done = work.run("run", source, PYTHONIOENCODING="cp1252")
    assert done.code == 0, done.err
    assert r"\u53d6\u5f15.results.csv" in done.out


def test_failures_of_a_file_in_another_encoding_are_imported_with_the_same_settings(work: Workplace) -> None:
    source = work.folder / "a.csv"
    source.write_bytes(f"Contact ID,Company ID,Name\nx,1,Ren\xe9\n{work.base},1,Zo\xe9\n".encode("cp1252"))
    assert work.here("run", source, "--encoding", "cp1252").code == 1
    again = work.here("run", work.folder / "a.failures.csv", "--encoding", "cp1252")
    assert (again.code, "not as cp1252" in again.err) == (1, True)
    (row,) = rows_of(work.folder / "a.failures.results.csv")
    assert (row["Contact ID"], row["Name"]) == ("x", "René")


def test_results_are_not_written_to_a_file_named_like_standard_output(work: Workplace) -> None:
    source = work.write("pairs.csv", work.pairs(1))
    for command in (("run", source), ("check", source), ("report", "20260101-000000-00000")):
        assert work.here(*command, "--out", "-").error_code == "USAGE"
    assert not (work.folder / "-").exists()
    assert work.links() == set()
