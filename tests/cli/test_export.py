"""`importer export`: all links between two types as a file that can be imported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions, parse_fault
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import TOKEN, Workplace, rows_of, workplace_in

pytestmark = pytest.mark.slow

SMALL = SandboxOptions(token=TOKEN, limit=100_000, window=1.0, records=350, page_size=3, sample_records=False)
HEADER = ["from_object_type", "from_object_id", "to_object_type", "to_object_id", "label"]


@pytest.fixture
def small() -> Iterator[SandboxProcess]:
    """A sandbox with few records."""
    with sandbox_process(SMALL) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path, small: SandboxProcess) -> Workplace:
    return workplace_in(tmp_path, small)


def link(hubspot: SandboxProcess, pairs: list[tuple[int, int]]) -> None:
    records = [
        {"from": {"type": "contacts", "id": str(one)}, "to": {"type": "companies", "id": str(other)}}
        for one, other in pairs
    ]
    hubspot.change("associations", add=records)


def links_of(hubspot: SandboxProcess) -> set[tuple[str, str]]:
    return {(entry["from"]["id"], entry["to"]["id"]) for entry in hubspot.state()["associations"]}


PAIRS = [(1 + n % 300, 1 + n // 300 + n % 7) for n in range(900)] + [(350, n) for n in range(1, 41)]


def test_an_exported_file_gives_the_same_links_in_another_account(work: Workplace, tmp_path: Path) -> None:
    link(work.hubspot, PAIRS)
    done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json")
    assert done.code == 0
    expected = {
        "operation": "export",
        "status": "finished",
        "stopped_by": None,
        "records": 350,
        "unread": 0,
        "calls": 0,
    }
    assert expected.items() <= done.json.items()
    assert (done.json["calls"], done.json["reads"]) == (0, work.calls() + 1), "with the account"
    rows = rows_of(work.folder / "links.csv")
    assert list(rows[0]) == HEADER
    assert {(row["from_object_id"], row["to_object_id"]) for row in rows} == links_of(work.hubspot)
    assert done.json["links"] == len(rows) == len(set(PAIRS))
    assert {row["label"] for row in rows} == {"", "Primary"}
    with sandbox_process(SMALL) as other:
        (tmp_path / "other").mkdir()
        empty = workplace_in(tmp_path / "other", other)
        assert empty.here("run", work.folder / "links.csv", "--out", "r.csv").code == 0
        assert links_of(other) == links_of(work.hubspot)


def test_only_the_links_of_given_records_are_exported(work: Workplace) -> None:
    link(work.hubspot, PAIRS)
    (work.folder / "ids.csv").write_text("Contact ID\n350\n2\n350\n")
    done = work.here("export", "Contact", "0-2", "--ids", "ids.csv", "--out", "links.xlsx", "--json")
    assert (done.code, done.json["records"]) == (0, 2)
    wanted = {pair for pair in PAIRS if pair[0] in {2, 350}}
    assert done.json["links"] == len(wanted)
    assert work.here("check", "links.xlsx").code == 0


def test_records_that_cannot_be_read_leave_no_file_that_looks_complete(tmp_path: Path) -> None:
    faulty = SandboxOptions(
        token=TOKEN,
        limit=100_000,
        window=1.0,
        records=50,
        faults=(parse_fault("http_400=read,contacts:7>companies:0"),),
    )
    with sandbox_process(faulty) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        link(hubspot, [(n, n) for n in range(1, 20)])
        done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json")
        assert done.code == 3
        assert (done.json["status"], done.json["stopped_by"], done.json["unread"]) == ("stopped", "unreadable", 1)
        assert done.json["file"] is None
        assert not (work.folder / "links.csv").exists()
        (row,) = rows_of(work.folder / "links.unread.csv")
        assert (row["object_type"], row["object_id"]) == ("contacts", "7")


def test_a_refused_read_stops_the_export(tmp_path: Path) -> None:
    faulty = SandboxOptions(
        token=TOKEN, limit=100_000, window=1.0, records=50, faults=(parse_fault("scopes_missing=read"),)
    )
    with sandbox_process(faulty) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json")
        assert (done.code, done.json["status"], done.json["file"]) == (3, "stopped", None)


def test_an_existing_file_is_kept_and_a_wrong_command_is_refused(work: Workplace) -> None:
    (work.folder / "mine.csv").write_text("mine")
    assert work.here("export", "contacts", "companies", "--out", "mine.csv").error_code == "OUTPUT_EXISTS"
    assert (work.folder / "mine.csv").read_text() == "mine"
    assert work.here("export", "contacts", "companies").error_code == "USAGE"
    assert work.here("export", "con/tacts", "companies", "--out", "a.csv").error_code == "UNKNOWN_OBJECT_TYPE"
    (work.folder / "ids.csv").write_text("id\n12\nx7\n")
    done = work.here("export", "contacts", "companies", "--ids", "ids.csv", "--out", "a.csv")
    assert (done.code, done.error_code) == (2, "EXPORT_ID_INVALID")
