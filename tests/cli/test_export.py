"""`importer export`: all links between two types as a file that can be imported."""

import signal
from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions, parse_fault
from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import TOKEN, Workplace, rows_of, wait_until, workplace_in
from tests.support.exports import HEADER, PAIRS, SMALL, link, small, work

__all__ = ["small", "work"]

pytestmark = pytest.mark.slow


def links_of(hubspot: SandboxProcess) -> set[tuple[str, str]]:
    return {(entry["from"]["id"], entry["to"]["id"]) for entry in hubspot.state()["associations"]}


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
    with sandbox_thread(SMALL) as other:
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
    with sandbox_thread(faulty) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        link(hubspot, [(n, n) for n in range(1, 20)])
        done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json")
        assert done.code == 3
        assert (done.json["status"], done.json["stopped_by"], done.json["unread"]) == ("stopped", "unreadable", 1)
        assert done.json["file"] is None
        assert not (work.folder / "links.csv").exists()
        (row,) = rows_of(work.folder / "links.unread.csv")
        assert (row["object_type"], row["object_id"]) == ("contacts", "7")


def test_links_without_types_are_not_exported_as_links_without_labels(tmp_path: Path) -> None:
    fault = parse_fault("no_types=read")
    faulty = SandboxOptions(token=TOKEN, limit=100_000, window=1.0, records=50, faults=(fault,))
    with sandbox_thread(faulty) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        link(hubspot, [(n, n) for n in range(1, 20)])
        done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json")
        assert (done.code, done.json["stopped_by"], done.json["unread"]) == (3, "unreadable", 19)
        assert (done.json["file"], done.json["links"]) == (None, 0)
        assert not (work.folder / "links.csv").exists()
        unread = {row["object_id"] for row in rows_of(work.folder / "links.unread.csv")}
        assert unread == {str(n) for n in range(1, 20)}


def test_a_refused_read_stops_the_export(tmp_path: Path) -> None:
    faulty = SandboxOptions(
        token=TOKEN, limit=100_000, window=1.0, records=50, faults=(parse_fault("scopes_missing=read"),)
    )
    with sandbox_thread(faulty) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json")
        assert (done.code, done.json["status"], done.json["file"]) == (3, "stopped", None)


def test_a_refused_token_is_reported(work: Workplace) -> None:
    done = work.here("export", "contacts", "companies", "--out", "links.csv", "--json", HUBSPOT_ACCESS_TOKEN="other")
    assert (done.code, done.json["stopped_by"], done.json["file"]) == (3, "token_refused", None)
    assert not (work.folder / "links.csv").exists()


def test_a_wrong_command_is_refused(work: Workplace) -> None:
    assert work.here("export", "contacts", "companies").error_code == "USAGE"
    assert work.here("export", "con/tacts", "companies", "--out", "a.csv").error_code == "UNKNOWN_OBJECT_TYPE"
    (work.folder / "ids.csv").write_text("id\n12\nx7\n")
    done = work.here("export", "contacts", "companies", "--ids", "ids.csv", "--out", "a.csv")
    assert (done.code, done.error_code) == (2, "EXPORT_ID_INVALID")


# ---- existing files


def test_an_unchanged_export_is_replaced_and_every_other_file_is_kept(work: Workplace) -> None:
    link(work.hubspot, PAIRS[:5])
    export = ("export", "contacts", "companies", "--out", "links.csv")
    (work.folder / "links.csv").write_text("mine")
    done = work.here(*export)
    assert done.code == 0
    assert "links.1.csv" in done.err
    assert (work.folder / "links.1.csv").read_text() == "mine"
    link(work.hubspot, PAIRS[5:9])
    assert "kept" not in work.here(*export).err
    assert len(rows_of(work.folder / "links.csv")) == 9
    edited = (work.folder / "links.csv").read_bytes() + b"edited"
    (work.folder / "links.csv").write_bytes(edited)
    assert work.here(*export).code == 0
    assert (work.folder / "links.2.csv").read_bytes() == edited
    assert {path.name for path in work.folder.glob("*.csv")} == {"links.csv", "links.1.csv", "links.2.csv"}


def test_the_list_of_unread_records_is_removed_by_an_export_that_is_complete(work: Workplace) -> None:
    link(work.hubspot, [(n, n) for n in range(1, 20)])
    work.hubspot.change("faults", faults=["http_400=read,contacts:7>companies:0"])
    export = ("export", "contacts", "companies", "--out", "links.csv")
    assert work.here(*export).code == 3
    assert (work.folder / "links.unread.csv").exists()
    work.hubspot.change("faults", faults=[])
    assert work.here(*export).code == 0
    assert not (work.folder / "links.unread.csv").exists()


def test_an_interrupted_export_leaves_the_earlier_file_as_it_is(work: Workplace) -> None:
    link(work.hubspot, PAIRS)
    export = ("export", "contacts", "companies", "--out", "links.csv", "--with", "email", "--json")
    assert work.here(*export).code == 0
    before = (work.folder / "links.csv").read_bytes()
    work.hubspot.change("faults", faults=["slow=lookup"])
    calls = work.calls()
    running = work.start(*export, IMPORTER_STOP_GRACE="1")
    wait_until(lambda: work.calls() > calls + 5)
    running.send(signal.SIGINT)
    done = running.end()
    assert (done.code, done.json["status"], done.json["stopped_by"]) == (130, "interrupted", "SIGINT")
    assert done.json["file"] is None
    assert (work.folder / "links.csv").read_bytes() == before
    assert {path.name for path in work.folder.iterdir()} - {"state", "home", "tmp"} == {"links.csv"}


# ---- links that HubSpot lists from one side only


@pytest.mark.parametrize("ids", [(), ("--ids", "ids.csv")])
def test_links_that_only_the_other_side_lists_are_exported_from_there(work: Workplace, ids: tuple[str, ...]) -> None:
    pairs = [("deals", one, "leads", other) for one, other in ((1, 2), (1, 3), (2, 2))]
    added = [{"from": {"type": a, "id": str(b)}, "to": {"type": c, "id": str(d)}} for a, b, c, d in pairs]
    work.hubspot.change("associations", add=added)
    (work.folder / "ids.csv").write_text("Deal ID\n1\n")
    done = work.here("export", "deals", "leads", *ids, "--with", "from:dealname", "--out", "links.csv", "--json")
    assert (done.code, done.json["links"]) == (0, 2 if ids else 3)
    rows = rows_of(work.folder / "links.csv")
    assert {(row["from_object_type"], row["to_object_type"]) for row in rows} == {("leads", "deals")}
    found = {(row["to_object_id"], row["to_dealname"], row["from_object_id"]) for row in rows}
    expected = {("1", "Deal 1", "2"), ("1", "Deal 1", "3"), ("2", "Deal 2", "2")}
    assert found == {one for one in expected if one[0] == "1" or not ids}


def test_a_few_records_without_links_do_not_cost_a_list_of_all_records_of_the_other_type(work: Workplace) -> None:
    (work.folder / "ids.csv").write_text("Contact ID\n1\n2\n")
    done = work.here("export", "contacts", "companies", "--ids", "ids.csv", "--out", "links.csv", "--json")
    assert (done.code, done.json["links"], done.json["records"]) == (0, 0, 2)
    assert done.json["reads"] == 2  # the account and the two contacts
    assert (work.folder / "links.csv").read_text(encoding="utf-8-sig").split() == [",".join(HEADER)]


def test_an_account_without_links_gives_a_file_with_a_header_only(work: Workplace) -> None:
    done = work.here("export", "contacts", "companies", "--with", "email", "--out", "links.csv", "--json")
    assert (done.code, done.json["links"]) == (0, 0)
    assert (work.folder / "links.csv").read_text(encoding="utf-8-sig").split() == [",".join([*HEADER, "from_email"])]


def test_records_that_were_merged_into_one_are_exported_as_it_and_once(work: Workplace) -> None:
    link(work.hubspot, [(1, 1), (2, 2), (3, 3), (4, 4)])
    merged = [{"type": "contacts", "id": str(one), "into": str(into)} for one, into in ((2, 1), (3, 4), (5, 4))]
    work.hubspot.change("records", merge=merged)
    ids = [2, 3, *range(10, 20), 1, *range(20, 60), 5]  # in several chunks
    (work.folder / "ids.csv").write_text("\n".join(map(str, ids)))
    done = work.here("export", "contacts", "companies", "--ids", "ids.csv", "--out", "links.csv", "--json")
    rows = [(row["from_object_id"], row["to_object_id"]) for row in rows_of(work.folder / "links.csv")]
    assert sorted(rows) == [("1", "1"), ("1", "2"), ("4", "3"), ("4", "4")]
    assert (done.code, done.json["links"], done.json["records"]) == (0, 4, 52)
