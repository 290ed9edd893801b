"""`importer check`: every problem is reported and nothing is sent."""

import json

import pytest

from tests.support.command_line import Workplace, rows_of

pytestmark = pytest.mark.slow


def test_a_check_reports_every_problem_and_sends_nothing(work: Workplace) -> None:
    before = work.calls()
    pairs = work.pairs(5)
    source = work.write("deals.csv", [*pairs, ("ACME Ltd", 7), *[("", 8)] * 7, pairs[0]])
    done = work.here("check", source, HUBSPOT_ACCESS_TOKEN="")
    assert done.code == 1
    assert "14 rows: 5 pairs, 1 duplicate row, 8 invalid rows\n" in done.out
    assert "row 7, column 'Contact ID': 'ACME Ltd' " in done.out
    assert "MISSING_ID: 7 rows" in done.out
    assert "… (--out FILE lists every row)" in done.out
    assert "Nothing was sent." in done.out
    assert "row 14" not in done.out  # only the first rows of each kind are shown
    out = work.folder / "problems.csv"
    as_json = work.here("check", source, "--json", "--out", out)
    assert (as_json.json["rows"], as_json.json["pairs"], as_json.json["invalid"]) == (14, 5, 8)
    rows = rows_of(out)
    assert [row["import_status"] for row in rows] == ["not_sent"] * 5 + ["invalid"] * 8 + ["not_sent"]
    assert "row 14, column 'Contact ID'" in rows[12]["import_error_message"]
    assert work.calls() == before
    assert work.journals == []
    assert {path.name for path in (work.folder / "state").iterdir()} == {"outputs", "outputs.lock"}


def test_a_check_shows_one_problem_for_each_of_the_first_rows_of_a_kind(work: Workplace) -> None:
    done = work.here("check", work.write("a.csv", [(f"x{n}", f"y{n}") for n in range(6)]))
    assert [line.split(",")[0] for line in done.out.splitlines() if line.startswith("  row")] == [
        f"  row {number}" for number in range(2, 7)
    ]
    assert "… (--out FILE lists every row)" in done.out


def test_the_error_of_a_check_is_logged_in_the_requested_format(work: Workplace) -> None:
    done = work.here("check", "none.csv", "--log-format", "json")
    assert (done.code, json.loads(done.err)["level"]) == (2, "error")


def test_a_check_of_a_good_file_exits_with_0(work: Workplace) -> None:
    assert work.here("check", work.write("a.csv", work.pairs(2)), HUBSPOT_ACCESS_TOKEN="").code == 0
