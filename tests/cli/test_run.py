"""`importer run` and `importer check`, from a spreadsheet to the outcome of every row."""

import contextlib
import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from importer.model import RESULT_COLUMNS, TYPES_BEFORE_COLUMN
from tests.support.command_line import TOKEN, UNKNOWN, Workplace, rows_of

pytestmark = pytest.mark.slow


JSON_KEYS = [
    *("run_id", "operation", "file", "status", "stopped_by", "rows", "pairs", "linked", "already_linked", "unlinked"),
    *("not_linked", "blank", "failed"),
    *("unconfirmed", "invalid", "not_sent", "duplicates", "calls", "reads", "retries", "rate_limited"),
    *("seconds", "results", "failures", "report"),
]


def test_a_thousand_pairs_are_linked_and_every_row_has_its_result(work: Workplace) -> None:
    pairs = work.pairs(1000)
    source = work.write("deals.csv", pairs)
    done = work.run("run", source, "--json")
    assert done.code == 0
    summary = done.json
    assert list(summary) == JSON_KEYS
    assert done.out.count("\n") == 1
    run_id, seconds = summary.pop("run_id"), summary.pop("seconds")
    assert [journal.stem for journal in work.journals] == [run_id]
    assert 0 < seconds < 60
    assert summary == {
        "operation": "link",
        "file": str(source),
        "status": "finished",
        "stopped_by": None,
        "rows": 1000,
        "pairs": 1000,
        "linked": 1000,
        "already_linked": 0,
        "unlinked": 0,
        "not_linked": 0,
        "blank": 0,
        "failed": 0,
        "unconfirmed": 0,
        "invalid": 0,
        "not_sent": 0,
        "duplicates": 0,
        "calls": 1000,
        "reads": 3,
        "retries": 0,
        "rate_limited": 0,
        "results": str(work.folder / "deals.results.csv"),
        "failures": None,
        "report": None,
    }
    assert work.links() == set(pairs)
    assert work.asked() == dict.fromkeys(pairs, 1)
    rows = rows_of(work.folder / "deals.results.csv")
    assert list(rows[0]) == ["Contact ID", "Company ID", "Note", *RESULT_COLUMNS, TYPES_BEFORE_COLUMN]
    assert [(int(row["Contact ID"]), int(row["Company ID"])) for row in rows] == pairs
    assert [int(row["import_row"]) for row in rows] == list(range(2, 1002))
    assert {row["import_status"] for row in rows} == {"linked"}
    assert {row["import_association_types"] for row in rows} == {"HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"}
    assert {row["import_advice"] for row in rows} == {""}
    assert not (work.folder / "deals.failures.csv").exists()


def test_every_row_that_is_not_linked_has_its_reason(work: Workplace) -> None:
    good = work.pairs(900)
    unknown = [(UNKNOWN + work.base + n, 1) for n in range(50)]
    invalid = [(text, 7) for text in ("", "ACME Ltd", "1.2345E+11", "007", "-5")] * 4
    duplicates = good[::31][:30]
    source = work.write("deals.csv", [*good, *unknown, *invalid, *duplicates])
    done = work.run("run", source, "--json")
    assert done.code == 1
    summary = done.json
    counts = {name: summary[name] for name in JSON_KEYS[5:18]}
    assert counts == {
        "rows": 1000,
        "pairs": 950,
        "linked": 930,
        "already_linked": 0,
        "unlinked": 0,
        "not_linked": 0,
        "blank": 0,
        "failed": 50,
        "unconfirmed": 0,
        "invalid": 20,
        "not_sent": 0,
        "duplicates": 30,
        "calls": 950,
    }
    assert set(work.asked().values()) == {1}

    rows = rows_of(work.folder / "deals.results.csv")
    assert [row["import_status"] for row in rows] == ["linked"] * 900 + ["failed"] * 50 + ["invalid"] * 20 + [
        "linked"
    ] * 30
    for row, (contact, _) in zip(rows[900:950], unknown, strict=True):
        assert row["import_http_status"] == "404"
        assert row["import_error_category"] == "OBJECT_NOT_FOUND"
        assert f"contacts {contact}" in row["import_advice"]
    for number, row in enumerate(rows[950:970], 952):
        assert row["import_error_message"].startswith(f"row {number}, column 'Contact ID': ")
        assert row["import_advice"]
        assert row["import_attempts"] == "0"
    firsts = [int(row["import_duplicate_of"]) for row in rows[970:]]
    assert firsts == [2 + 31 * n for n in range(30)]

    failures = (work.folder / "deals.failures.csv").read_text(encoding="utf-8-sig").splitlines()
    original = source.read_text(encoding="utf-8").splitlines()
    assert failures == [original[0], *original[901:971]]


def test_the_summary_for_people_has_counts_files_and_the_next_step(work: Workplace) -> None:
    done = work.here("run", work.write("deals.csv", [*work.pairs(2), ("x", 1)]))
    assert done.code == 1
    lines = done.out.splitlines()
    assert [line.split() for line in lines[1:4]] == [["rows", "3"], ["linked", "2"], ["invalid", "1"]]
    assert f"failures          {work.folder / 'deals.failures.csv'}" in lines
    assert "importer retry" in done.out
    assert work.hubspot.url in done.err
    assert "2027-03-30" in done.err
    assert "--api-version 2026-09" in done.err


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_the_dated_api_versions_link_too_without_a_notice(work: Workplace, version: str) -> None:
    pairs = work.pairs(3)
    done = work.here("run", work.write("a.csv", pairs), "--api-version", version)
    assert done.code == 0
    assert work.links() == set(pairs)
    assert "2027-03-30" not in done.err


# ---- the token


def test_a_wrong_token_stops_at_the_first_responses(work: Workplace) -> None:
    before = work.calls()
    wrong = TOKEN[:-1] + "x"
    done = work.here(
        "run", work.write("deals.csv", work.pairs(1000)), "--json", "--rate", "100/10", HUBSPOT_ACCESS_TOKEN=wrong
    )
    assert done.code == 3
    assert (done.json["status"], done.json["stopped_by"], done.json["not_sent"]) == ("stopped", "token_refused", 1000)
    assert work.calls() - before == done.json["calls"] <= 10
    assert work.links() == set()
    assert {row["import_status"] for row in rows_of(work.folder / "deals.results.csv")} == {"not_sent"}
    (warning,) = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
    assert "401" in warning
    assert "HUBSPOT_ACCESS_TOKEN" in warning
    assert "0 of 1,000 rows are linked" in warning
    assert wrong not in done.out + done.err
    again = work.here("run", work.folder / "deals.csv", "--json")
    assert again.code == 0
    assert again.json["run_id"] == done.json["run_id"]
    assert again.json["linked"] == 1000


def test_a_token_file_is_used_and_loose_permissions_are_reported(work: Workplace) -> None:
    token = work.folder / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    source = work.write("a.csv", work.pairs(2))
    tight = work.here("run", source, HUBSPOT_ACCESS_TOKEN="", IMPORTER_TOKEN_FILE=str(token))
    assert tight.code == 0
    assert "Warning" not in tight.err
    token.chmod(0o644)
    loose = work.here("run", source, HUBSPOT_ACCESS_TOKEN="", IMPORTER_TOKEN_FILE=str(token))
    assert loose.code == 0
    assert "Warning: " in loose.err
    assert str(token) in loose.err


def test_a_quiet_check_prints_nothing_and_exits_with_its_code(work: Workplace) -> None:
    done = work.here("check", work.write("a.csv", [("x", 1)]), "--quiet")
    assert (done.code, done.out, done.err) == (1, "", "")


def test_a_closed_standard_input_is_reported(work: Workplace) -> None:
    command = ["sh", "-c", f"exec {sys.executable} -m importer check - <&-"]
    done = subprocess.run(command, cwd=work.folder, env=work.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Standard input is closed. Give a file" in done.stderr


REFUSED = {
    "a missing file": (["run", "none.csv"], "FILE_NOT_FOUND"),
    "a directory": (["run", "tmp"], "NOT_A_FILE"),
    "an empty file": (["run", "empty.csv"], "FILE_EMPTY"),
    "no column for an id": (["run", "odd.csv"], "NO_ID_COLUMN"),
    "an unknown column": (["run", "a.csv", "--map", "to_object_id=Firm"], "MAPPED_COLUMN_MISSING"),
    "an unknown role": (["run", "a.csv", "--map", "id=a"], "ROLE_UNKNOWN"),
    "a repeated role": (
        ["run", "a.csv", "--map", "to_object_id=#1", "--map", "to_object_id=#2"],
        "MAP_ROLE_REPEATED",
    ),
    "half a mapping": (["run", "a.csv", "--map", "Company ID"], "MAP_MALFORMED"),
    "no column for ids": (["run", "a.csv", "--map", "from_object_id="], "MAPPED_COLUMN_MISSING"),
    "an invalid rate": (["run", "a.csv", "--rate", "fast"], "SETTING_INVALID"),
    "http to another machine": (["run", "a.csv", "--base-url", "http://example.com"], "SETTING_INVALID"),
    "a profile without a config file": (["run", "a.csv", "--profile", "x"], "PROFILE_WITHOUT_CONFIG"),
    "out in a missing directory": (["run", "a.csv", "--out", "no/r.csv"], "NO_OUTPUT_DIRECTORY"),
    "out is a directory": (["run", "a.csv", "--out", "tmp"], "OUTPUT_NOT_A_FILE"),
    "out is read-only": (["run", "a.csv", "--out", "locked.csv"], "OUTPUT_READ_ONLY"),
    "out is the source": (["run", "a.csv", "--out", "a.csv"], "OUTPUT_IS_SOURCE"),
    "failures are the source": (["run", "x.failures.csv", "--out", "x.csv"], "OUTPUT_IS_SOURCE"),
    "the report is the source": (["run", "a.csv.html", "--report", "a.csv.html"], "OUTPUT_IS_SOURCE"),
    "the report is the results": (["run", "a.csv", "--out", "r.html", "--report", "r.html"], "OUTPUTS_COLLIDE"),
    "the report is not HTML": (["run", "a.csv", "--report", "a.results.csv"], "REPORT_NOT_HTML"),
    "the report in a missing directory": (["run", "a.csv", "--report", "no/r.html"], "NO_OUTPUT_DIRECTORY"),
    "an unknown run to resume": (["resume", "x"], "RUN_NOT_FOUND"),
    "an unknown run to retry": (["retry", "x"], "RUN_NOT_FOUND"),
    "not a results file": (["retry", "a.csv"], "NOT_A_RESULTS_FILE"),
    "a state directory that is a file": (["check", "a.csv", "--state-dir", "a.csv"], "FILE_UNUSABLE"),
    "an automatic limit of the sandbox": (["sandbox", "--limit", "auto"], "SETTING_INVALID"),
}


@pytest.mark.parametrize(("arguments", "code"), REFUSED.values(), ids=REFUSED)
def test_wrong_input_is_one_line_with_a_code_and_changes_nothing(
    work: Workplace, arguments: list[str], code: str
) -> None:
    before = work.calls()
    work.write("a.csv", work.pairs(2))
    for copy in ("x.failures.csv", "a.csv.html"):
        (work.folder / copy).write_bytes((work.folder / "a.csv").read_bytes())
    (work.folder / "empty.csv").touch()
    (work.folder / "odd.csv").write_text("a,b\n1,2\n")
    (work.folder / "locked.csv").touch(0o400)
    files = {path: path.read_bytes() for path in work.folder.glob("*.csv*")}
    done = work.here(*arguments)
    assert done.code == 2
    assert done.error
    assert done.error_code == code
    assert work.calls() == before
    assert {path: path.read_bytes() for path in work.folder.glob("*.csv*")} == files


def test_a_missing_token_is_reported_before_anything_is_read(work: Workplace) -> None:
    done = work.here("run", "none.csv", HUBSPOT_ACCESS_TOKEN="")
    assert done.code == 2
    assert done.error_code == "TOKEN_MISSING"


def test_an_unknown_option_is_reported_with_the_closest_one(work: Workplace) -> None:
    done = work.here("run", "a.csv", "--jsn")
    assert (done.code, done.out) == (2, "")
    assert "'--json'" in done.err
    assert done.error_code == "USAGE"


# ---- the sandbox inside


def test_the_first_command_of_a_newcomer_links_everything_without_a_token(work: Workplace) -> None:
    sample = Path(__file__).parent.parent.parent / "sample_data" / "contacts_to_companies.csv"
    source = work.folder / sample.name
    source.write_bytes(sample.read_bytes())
    before = work.calls()
    done = work.run("run", source, "--sandbox", "--limit", "20", IMPORTER_RATE="auto", HUBSPOT_ACCESS_TOKEN="")
    assert done.code == 0
    assert "nothing leaves this machine" in done.err
    with (work.folder / "contacts_to_companies.sandbox.results.csv").open(encoding="utf-8-sig") as file:
        assert {row["import_status"] for row in csv.DictReader(file)} == {"linked"}
    assert work.calls() == before


def test_a_terminal_shows_a_bar_with_counts_rate_and_time_left(work: Workplace) -> None:
    unknown = [(UNKNOWN + work.base + n, 1) for n in range(3)]
    source = work.write("a.csv", [*work.pairs(30), *unknown])
    termios = pytest.importorskip("termios")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (40, 120))
    running = work.start("run", source, "--json", "--rate", "40/1", stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123 - a descriptor
        while piece := terminal.read(4096):
            shown += piece
    done = running.end()
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 30, 3)
    bars = [line for line in shown.decode().split("\r") if "| " in line and "/33 [" in line]
    assert len(bars) > 1
    assert re.search(r"100%\|█+\| 33/33 \[00:\d\d, 30 linked, 3 failed; .*limit 40/1\)?, 0 s left\]", bars[-1])
