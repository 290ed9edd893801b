"""`--from-by` and `--to-by`: email addresses and domains in, links out, against a sandbox in another process."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.journal import Journal
from importer.model import FOUND_ID_COLUMNS
from importer.sandbox.samples import COMPANIES, MERGED_CONTACT, MERGED_EMAIL, PEOPLE
from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import FAST, ROOT, Workplace, rows_of, wait_until, workplace_in

pytestmark = pytest.mark.slow

FLAGS = ("--from", "contacts", "--from-by", "email", "--to", "companies", "--to-by", "domain")
SAMPLE = ROOT / "sample_data" / "emails_and_domains.csv"
CODES = {"NOT_FOUND": 3, "AMBIGUOUS": 1, "INVALID_EMAIL": 1}
IMPATIENT = {"IMPORTER_MAX_ATTEMPTS": "2", "IMPORTER_BACKOFF_BASE": "0.01", "IMPORTER_BACKOFF_CAP": "0.01"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    """A workplace with its own sandbox, so that all of the sandbox's calls are those of the test."""
    with sandbox_thread(FAST) as hubspot:
        yield workplace_in(tmp_path, hubspot)


def counts(hubspot: SandboxProcess) -> Counter[str]:
    """Return the calls of the sandbox by kind."""
    return Counter(hubspot.state(summary=True)["counts"]["by_kind"])


def codes(results: Path) -> Counter[str]:
    return Counter(row["import_error_category"] for row in rows_of(results) if row["import_status"] == "invalid")


def sample(work: Workplace) -> Path:
    path = work.folder / "people.csv"
    path.write_bytes(SAMPLE.read_bytes())
    return path


def people(work: Workplace, count: int) -> Path:
    """Write contacts by the email addresses that the sandbox gives them, linked to companies by id."""
    path = work.folder / "people.csv"
    lines = [f"contact-{n}@example.com,{n % 9 + 1}" for n in range(1, count + 1)]
    path.write_text("\n".join(["Email,Company ID", *lines, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize("version", ["v4", "2026-03", "2026-09"])
def test_the_sample_file_is_linked_by_emails_and_domains(place: Workplace, version: str) -> None:
    done = place.here("run", sample(place), *FLAGS, "--api-version", version, "--json")
    assert (done.code, done.json["linked"], done.json["invalid"], done.json["pairs"]) == (1, 51, 5, 50)
    rows = rows_of(place.folder / "people.results.csv")
    assert list(rows[0])[-4:] == ["import_run_id", "import_types_before", *FOUND_ID_COLUMNS]
    assert codes(place.folder / "people.results.csv") == CODES
    by_email = {email: str(record) for record, _, _, email in PEOPLE}
    by_domain = {domain: str(record) for record, _, domain in COMPANIES}
    by_email |= {"ada@private.example": str(PEOPLE[0][0]), "ben.b@old.example": str(PEOPLE[1][0])}
    linked = [row for row in rows if row["import_status"] == "linked"]
    for row in linked:
        expected = by_email[row["Email"].lower()], by_domain[row["Company domain"]]
        assert (row["import_from_id"], row["import_to_id"]) == expected
    assert done.err.count("1 found in a record that others were merged into") == 1
    merged = [row for row in rows if row["import_error_details"].startswith('{"merged"')]
    assert [row["Email"] for row in merged] == [MERGED_EMAIL]
    assert json.loads(merged[0]["import_error_details"]) == {
        "merged": {f"contacts {MERGED_CONTACT}": str(PEOPLE[1][0])}
    }
    assert str(MERGED_CONTACT) in merged[0]["import_error_message"]
    assert place.here("report", done.json["run_id"], "--out", "again.csv").code == 0
    again = rows_of(place.folder / "again.csv")
    assert [row["import_error_details"] for row in again] == [row["import_error_details"] for row in rows]
    deleted = next(row for row in rows if row["Note"] == "a deleted contact")
    assert "2026-10-01" in deleted["import_error_message"]
    assert {(int(row["import_from_id"]), int(row["import_to_id"])) for row in linked} == {
        (int(one["from"]["id"]), int(one["to"]["id"])) for one in place.hubspot.state()["associations"]
    }
    assert place.hubspot.state(summary=True)["rate"]["worst_search_second"] <= 5


def test_the_sample_file_is_linked_in_the_sandbox_of_the_command(work: Workplace) -> None:
    done = work.here("run", sample(work), *FLAGS, "--sandbox", "--json")
    assert (done.code, done.json["linked"], done.json["invalid"]) == (1, 51, 5)
    assert done.json["reads"] >= 4
    assert done.err.count("nothing leaves this machine") == 1


def test_a_hundred_emails_cost_one_read_and_repeated_ones_none(place: Workplace) -> None:
    source = people(place, 250)
    source.write_text(source.read_text(encoding="utf-8") + "Contact-7@Example.com,3\n" * 5, encoding="utf-8")
    done = place.here("run", source, "--from", "contacts", "--from-by", "email", "--json")
    assert (done.code, done.json["linked"], done.json["pairs"]) == (0, 255, 251)
    assert counts(place.hubspot)["lookup"] == 3
    assert counts(place.hubspot)["properties"] == 0
    assert done.json["reads"] >= 4  # one is for the account


@pytest.mark.parametrize("version", ["v4", "2026-09"])
@pytest.mark.parametrize("engine", ["put", "batch"])
def test_records_that_are_looked_up_are_linked_with_their_labels(place: Workplace, version: str, engine: str) -> None:
    source = place.folder / "people.csv"
    lines = [
        "contact-7@example.com,company-8.example.com,Decision maker",
        "contact-9@example.com,company-8.example.com,",
        "contact-9@example.com,company-9.example.com,decision MAKER;Billing contact",
        "nobody@example.com,company-9.example.com,Decision maker",
    ]
    source.write_text("\n".join(["Email,Company domain,Label", *lines, ""]), encoding="utf-8")
    done = place.here("run", source, *FLAGS, "--api-version", version, "--engine", engine, "--json")
    assert (done.code, done.json["linked"], done.json["invalid"]) == (1, 3, 1)
    found = {
        (one["from"]["id"], one["to"]["id"]): set(one["types"]) - {"HUBSPOT_DEFINED:1"}
        for one in place.hubspot.state()["associations"]
    }
    plain, decision, billing = "HUBSPOT_DEFINED:279", "USER_DEFINED:1", "USER_DEFINED:3"
    assert found == {("7", "8"): {plain, decision}, ("9", "8"): {plain}, ("9", "9"): {plain, decision, billing}}
    assert place.here("verify", source, *FLAGS, "--api-version", version, "--json").json["already_linked"] == 3


def test_a_check_looks_up_and_writes_nothing(place: Workplace) -> None:
    source = sample(place)
    before = set(place.folder.iterdir())
    done = place.here("check", source, *FLAGS, "--json")
    assert done.code == 1
    assert done.json["lookup"] == {
        "values": 59,
        "found": 55,
        "not_found": 3,
        "ambiguous": 1,
        "not_read": 0,
        "merged": 1,
    }
    state = place.hubspot.state(summary=True)
    assert (state["counts"]["writes"], state["counts"]["associations"]) == (0, 0)
    assert (state["counts"]["calls"], state["counts"]["account_calls"], done.json["reads"]) == (4, 1, 5)
    assert {path.name for path in set(place.folder.iterdir()) - before} <= {"state", "home"}
    text = place.here("check", source, *FLAGS).out
    assert "55 found" in text
    assert place.hubspot.state(summary=True)["rate"]["worst_search_second"] <= 5


def test_nothing_is_looked_up_in_another_account_than_required(place: Workplace) -> None:
    for command in ("check", "run"):
        done = place.here(command, people(place, 3), "--from", "contacts", "--from-by", "email", "--portal", "5")
        assert (done.code, done.error_code) == (2, "PORTAL_DIFFERS")
    assert counts(place.hubspot)["lookup"] == 0
    assert place.journals == []


def test_a_check_without_lookup_makes_no_call(place: Workplace) -> None:
    done = place.here("check", place.write("deals.csv", [(1, 2)]), "--json", HUBSPOT_ACCESS_TOKEN="")
    assert (done.code, done.json["lookup"], done.json["reads"]) == (0, None, 0)
    assert place.calls() == 0


def test_any_unique_property_is_read_in_batches(place: Workplace) -> None:
    source = place.folder / "customers.csv"
    source.write_text("Customer number,Account code\nC12,A5\nc13,a6\nX1,A5\n", encoding="utf-8")
    flags = ("--from", "contacts", "--from-by", "customer_number", "--to", "companies", "--to-by", "account_code")
    done = place.here("run", source, *flags, "--json")
    assert (done.json["linked"], done.json["invalid"]) == (2, 1)
    found = [(row["import_from_id"], row["import_to_id"]) for row in rows_of(place.folder / "customers.results.csv")]
    assert found == [("12", "5"), ("13", "6"), ("", "")]
    assert counts(place.hubspot)["search"] == 0
    assert counts(place.hubspot)["properties"] == 2


def test_a_lookup_that_fails_stops_before_anything_is_sent(place: Workplace) -> None:
    source = people(place, 250)
    for fault in ("http_503=lookup", "reset=lookup", "daily_limit=lookup"):
        place.hubspot.change("faults", faults=[fault])
        done = place.here("run", source, "--from", "contacts", "--from-by", "email", **IMPATIENT)
        assert (done.code, done.error_code) == (2, "LOOKUP_INCOMPLETE")
    assert place.journals == []
    assert not (place.folder / "people.results.csv").exists()
    assert place.hubspot.state(summary=True)["counts"]["writes"] == 0
    assert not list((place.folder / "state").rglob("lookup.sqlite"))
    place.hubspot.change("faults", faults=[])
    assert place.here("run", source, "--from", "contacts", "--from-by", "email").code == 0


def test_transient_failures_are_repeated_and_limits_are_kept(place: Workplace) -> None:
    place.hubspot.change("faults", faults=["http_503=lookup,0.3", "http_503=search,0.3"])
    lines = [f"contact-{n}@example.com,company-{n % 900 + 1}.example.com" for n in range(1, 1_001)]
    source = place.folder / "people.csv"
    source.write_text("\n".join(["Email,Domain", *lines, ""]), encoding="utf-8")
    done = place.here("check", source, *FLAGS, "--json", IMPORTER_BACKOFF_BASE="0.01", IMPORTER_MAX_ATTEMPTS="20")
    assert done.json["lookup"]["found"] == 1_900
    assert place.hubspot.state(summary=True)["rate"]["worst_search_second"] <= 5


@pytest.mark.parametrize(("fault", "code"), [("scopes_missing", "SCOPE_MISSING"), ("token_invalid", "TOKEN_REFUSED")])
def test_a_token_that_may_not_read_records_is_reported(place: Workplace, fault: str, code: str) -> None:
    place.hubspot.change("faults", faults=[f"{fault}=lookup"])
    done = place.here("check", people(place, 1_000), "--from", "contacts", "--from-by", "email")
    assert (done.code, done.error_code) == (2, code)
    assert code == "TOKEN_REFUSED" or "crm.objects.contacts.read" in done.error
    assert counts(place.hubspot)["lookup"] <= 9


def test_an_unknown_property_is_reported_with_similar_ones(place: Workplace) -> None:
    source = place.folder / "people.csv"
    source.write_text("Company,Contact ID\nacme.com,1\n", encoding="utf-8")
    flags = ("--from", "companies", "--from-by", "domain_nam", "--map", "from_object_id=Company")
    done = place.here("check", source, *flags)
    assert (done.code, done.error_code) == (2, "UNKNOWN_PROPERTY")
    assert "domain" in done.error


@pytest.mark.parametrize(("value", "code"), [("hs_object_id", 2), ("E-mail address", 2), ("", 0)])
def test_a_property_must_be_an_internal_name(work: Workplace, value: str, code: int) -> None:
    assert work.here("check", work.write("deals.csv", [(1, 2)]), "--from-by", value).code == code


def test_a_resumed_run_looks_up_nothing(place: Workplace) -> None:
    place.hubspot.change("faults", faults=["daily_limit=put,after:8"])
    source = people(place, 20)
    flags = (source, "--from", "contacts", "--from-by", "email", "--workers", "1", "--json")
    stopped = place.here("run", *flags)
    assert stopped.code == 3
    looked_up = counts(place.hubspot)["lookup"]
    place.hubspot.change("faults", faults=["http_503=lookup"])
    done = place.here("run", *flags)
    assert (done.code, done.json["linked"], done.json["run_id"]) == (0, 20, stopped.json["run_id"])
    assert counts(place.hubspot)["lookup"] == looked_up


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_lookup_that_is_interrupted_leaves_nothing_behind(place: Workplace, number: signal.Signals) -> None:
    place.hubspot.change("faults", faults=["hang=lookup,after:3"])
    source = people(place, 1_000)
    command = ("run", source, "--from", "contacts", "--from-by", "email", "--json")
    running = place.start(*command)
    wait_until(lambda: counts(place.hubspot)["lookup"] >= 4)
    running.send(number)
    running.process.wait(timeout=30)
    running.process.communicate()
    code = running.process.returncode
    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert place.journals == []
    assert {path.name for path in place.folder.iterdir()} == {"people.csv", "state", "tmp"} | (
        {"home"} & {path.name for path in place.folder.iterdir()}
    )
    assert place.hubspot.state(summary=True)["counts"]["writes"] == 0
    place.hubspot.change("faults", faults=[])
    done = place.here(*command)
    assert (done.code, done.json["linked"]) == (0, 1_000)
    assert not list((place.folder / "state").rglob("lookup.sqlite"))


def test_another_property_is_another_command(place: Workplace) -> None:
    place.hubspot.change("faults", faults=["daily_limit=put"])
    source = place.folder / "people.csv"
    source.write_text("Email,Customer number,Company ID\ncontact-1@example.com,C2,3\n", encoding="utf-8")
    first = place.here("run", source, "--from", "contacts", "--from-by", "email", "--json")
    place.hubspot.change("faults", faults=[])
    second = place.here("run", source, "--from", "contacts", "--from-by", "customer_number", "--json")
    assert first.json["run_id"] != second.json["run_id"]
    assert [one["from"]["id"] for one in place.hubspot.state()["associations"]] == ["2"]


def test_a_run_records_the_account_in_which_its_ids_were_looked_up(place: Workplace) -> None:
    place.hubspot.change("faults", faults=["daily_limit=put"])
    place.here("run", people(place, 5), "--from", "contacts", "--from-by", "email")
    with Journal(place.journals[0]) as journal:
        assert journal.account is not None
        assert journal.account.portal_id == FAST.portal_id
        assert journal.info.looks_up


def test_corrected_results_are_looked_up_again(place: Workplace) -> None:
    assert place.here("run", sample(place), *FLAGS).code == 1
    results = place.folder / "people.results.csv"
    text = results.read_text(encoding="utf-8-sig").replace("dora.amber(at)northfield", "dora.amber@northfield")
    results.write_text(text, encoding="utf-8-sig")
    done = place.here("retry", results, "--json")
    assert (done.json["rows"], done.json["linked"], done.json["invalid"]) == (5, 1, 4)
    (retried,) = place.folder.glob("*.retry*.results.csv")
    linked = [row for row in rows_of(retried) if row["import_status"] == "linked"]
    assert [(row["import_from_id"], row["import_to_id"]) for row in linked] == [(str(PEOPLE[12][0]), "70001")]


def test_a_file_without_ids_names_the_flags_that_read_it(work: Workplace) -> None:
    done = work.here("run", sample(work))
    assert (done.code, done.error_code) == (2, "NO_ID_COLUMN")
    assert done.error.endswith(f"add: {' '.join(FLAGS)}")


def test_verify_looks_up_too(place: Workplace) -> None:
    source = people(place, 3)
    flags = ("--from", "contacts", "--from-by", "email", "--json")
    assert place.here("run", source, *flags).code == 0
    assert place.here("verify", source, *flags).json["already_linked"] == 3
