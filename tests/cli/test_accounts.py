"""A run belongs to a HubSpot account: another account's token neither continues nor retries it."""

import signal
import time
from pathlib import Path

import pytest

from importer.journal import Journal
from tests.support.accounts import OTHER, OURS, ROTATED, Serve, assert_refused, nothing_sent, place, url
from tests.support.command_line import TOKEN, UNKNOWN, Workplace, rows_of, wait_until

__all__ = ["place"]

pytestmark = pytest.mark.slow


def stopped_run(work: Workplace, serve: Serve, *faults: str) -> tuple[Path, str]:
    """A run of 20 pairs in our account that stops after ten."""
    source = work.write("deals.csv", work.pairs(20))
    with serve(OURS, TOKEN, "daily_limit=after:10", *faults):
        done = work.here("run", source, "--workers", "1", "--json")
        assert (done.code, done.json["linked"], done.json["not_sent"]) == (3, 10, 10)
        assert done.json["reads"] >= 1
    return source, done.json["run_id"]


def test_another_accounts_token_does_not_resume_or_retry_a_run(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    _, run_id = stopped_run(work, serve)
    results = work.folder / "deals.results.csv"
    with serve(OTHER, ROTATED) as server:
        for command in (("resume", run_id), ("retry", run_id), ("retry", results)):
            assert_refused(work.here(*command, HUBSPOT_ACCESS_TOKEN=ROTATED), server)
        assert len(work.journals) == 1


def test_the_same_token_at_an_address_that_now_is_another_account_is_rejected(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source, run_id = stopped_run(work, serve)
    with serve(OTHER) as server:
        for command in (("resume", run_id), ("run", source)):
            assert_refused(work.here(*command), server)


def test_the_same_command_with_another_accounts_token_is_a_separate_run(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source, run_id = stopped_run(work, serve)
    with serve(OTHER, ROTATED):
        other = work.here("run", source, "--json", HUBSPOT_ACCESS_TOKEN=ROTATED)
        assert (other.code, other.json["linked"], other.json["calls"], other.json["reads"]) == (0, 20, 20, 1)
        assert other.json["run_id"] != run_id
        assert work.links() == set(work.pairs(20))
        kept = work.folder / "deals.results.1.csv"
        assert {row["import_run_id"] for row in rows_of(kept)} == {run_id}
        assert (work.folder / "deals.failures.csv").exists()
    with serve(OURS):
        ours = work.here("run", source, "--json")
        assert (ours.code, ours.json["run_id"], ours.json["linked"], ours.json["calls"]) == (0, run_id, 20, 10)
        assert {row["import_run_id"] for row in rows_of(work.folder / "deals.results.csv")} == {run_id}
        assert not (work.folder / "deals.failures.csv").exists()


def test_the_account_is_shown_with_its_type_and_time_zone(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source = work.write("deals.csv", work.pairs(2))
    with serve(OURS):
        for command in (("run",), ("verify",), ("unlink", "--yes", 2)):
            done = work.here(*command, source)
            assert done.code == 0
            assert done.err.splitlines().count(f"Account {OURS} (DEVELOPER_TEST, US/Eastern)") == 1


def test_an_account_that_cannot_be_read_costs_one_notice(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    with serve(OURS, TOKEN, "scopes_missing=account"):
        done = work.here("run", work.write("deals.csv", work.pairs(2)))
        assert done.code == 0
        assert len([line for line in done.err.splitlines() if "account of the token is not known" in line]) == 1


def test_a_used_up_daily_limit_is_reported_with_the_time_of_its_reset(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    with serve(OURS, TOKEN, "daily_limit=put"):
        done = work.here("run", work.write("deals.csv", work.pairs(3)))
        assert done.code == 3
        assert "It resets at midnight US/Eastern, in " in done.err


def test_a_profile_with_an_account_can_be_rehearsed_in_the_sandbox(place: tuple[Workplace, Serve]) -> None:
    work, _ = place
    source = work.write("deals.csv", [(url(work.pairs(1)[0][0], OURS), 1)])
    assert work.here("run", source, "--portal", OURS, "--sandbox").code == 0


def test_a_rotated_token_of_the_same_account_continues_the_run(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source, run_id = stopped_run(work, serve)
    with serve(OURS, ROTATED):
        done = work.here("run", source, "--json", HUBSPOT_ACCESS_TOKEN=ROTATED)
        assert (done.code, done.json["run_id"], done.json["calls"]) == (0, run_id, 10)
    with Journal(work.journals[0]) as journal:
        account = journal.account
        assert account is not None
        assert account.portal_id == OURS


def test_where_hubspot_does_not_name_the_account_only_the_same_token_continues(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source, run_id = stopped_run(work, serve, "scopes_missing=account")
    with serve(OURS, ROTATED) as server:
        refused = work.here("resume", run_id, HUBSPOT_ACCESS_TOKEN=ROTATED)
        assert refused.code == 2
        assert refused.error_code == "ACCOUNT_UNKNOWN"
        assert nothing_sent(server)
        own = work.here("run", source, "--json", HUBSPOT_ACCESS_TOKEN=ROTATED)
        assert (own.code, own.json["calls"]) == (0, 20)
        assert own.json["run_id"] != run_id
    with serve(OURS, TOKEN, "scopes_missing=account"):
        done = work.here("resume", run_id, "--json")
        assert (done.code, done.json["calls"], done.json["linked"]) == (0, 10, 20)


def test_a_rejected_token_stops_the_run_and_the_right_one_resumes_it(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source, run_id = stopped_run(work, serve)
    with serve(OURS) as server:
        for command in (("run", source), ("resume", run_id)):
            done = work.here(*command, "--json", HUBSPOT_ACCESS_TOKEN="wrong")
            assert (done.code, done.json["stopped_by"], done.json["calls"]) == (3, "token_refused", 0)
            assert done.json["run_id"] == run_id
        assert nothing_sent(server)
        assert work.here("run", source, "--json").json["run_id"] == run_id


@pytest.mark.parametrize(
    "fault",
    [
        "scopes_missing=account",
        "http_404=account",
        "http_503=account",
        "html_200=account",
        "html_502=account",
        "json_list=account",
        "reset=account",
        "hang=account",
        "redirect=account",
        "daily_limit=account",
        "too_fast_retry_after=account",
        "migrating=account",
    ],
)
def test_a_run_sends_even_if_hubspot_does_not_name_the_account(work: Workplace, fault: str) -> None:
    variables = {"IMPORTER_ANSWER_TIMEOUT": "1", "IMPORTER_BACKOFF_BASE": "0.01", "IMPORTER_READ_FIRST": "false"}
    work.hubspot.change("faults", faults=[fault])
    try:
        done = work.here("run", work.write("a.csv", work.pairs(3)), "--json", **variables)
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, done.json["linked"]) == (0, 3)
    assert 1 <= done.json["reads"] <= 3
    with Journal(work.journals[0]) as journal:
        account = journal.account
        assert account is not None
        assert account.portal_id is None


@pytest.mark.parametrize("version", ["v4", "2026-03", "2026-09"])
def test_the_account_is_read_once_before_anything_is_sent_and_shown(
    place: tuple[Workplace, Serve], version: str
) -> None:
    work, serve = place
    with serve(OURS) as server:
        done = work.here("run", work.write("a.csv", work.pairs(3)), "--api-version", version, "--json")
        assert (done.code, done.json["reads"]) == (0, 1)
        assert f"Account {OURS}" in done.err
        assert server.state(summary=True)["counts"]["account_calls"] == 1
    assert f"account {OURS}" in work.here("show", done.json["run_id"]).out


def test_a_retry_belongs_to_the_account_of_its_run(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    with serve(OURS):
        source = work.write("a.csv", [*work.pairs(3), (UNKNOWN + work.base, 1)])
        run_id = work.here("run", source, "--json").json["run_id"]
    with serve(OTHER) as server:  # the token is the same, so only HubSpot knows the difference
        assert_refused(work.here("retry", run_id), server)
        assert_refused(work.here("retry", work.folder / "a.results.csv"), server)


def test_a_signal_does_not_wait_for_the_account(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    with serve(OURS, TOKEN, "hang=account") as server:
        running = work.start("run", work.write("a.csv", work.pairs(3)), "--json")
        wait_until(lambda: server.state(summary=True)["counts"]["account_calls"] == 1)
        running.send(signal.SIGINT)
        begun = time.monotonic()
        done = running.end()
        assert (done.code, done.json["not_sent"], done.json["stopped_by"]) == (130, 3, "SIGINT")
        assert time.monotonic() - begun < 20  # a response is waited for 30 s otherwise
        assert nothing_sent(server)
