"""The account that is required or that record URLs name: nothing is sent to another one."""

import json

import pytest

from tests.support.accounts import OTHER, OURS, Serve, assert_refused, nothing_sent, place, url
from tests.support.command_line import TOKEN, Workplace, rows_of

__all__ = ["place"]

pytestmark = pytest.mark.slow


def test_another_account_than_the_required_one_is_refused_before_any_write(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source = work.write("deals.csv", work.pairs(3))
    (work.folder / "c.toml").write_text(f"[profiles.ours]\nportal_id = {OURS}\n")
    with serve(OTHER) as server:
        for arguments, given in (
            (("--portal", OURS), "--portal requires"),
            (("--config", "c.toml", "--profile", "ours"), "portal_id in [profiles.ours] of 'c.toml' requires"),
        ):
            for command in ("run", "verify"):
                done = work.here(command, source, *arguments)
                assert (done.code, done.error_code) == (2, "PORTAL_DIFFERS")
                assert f"but {given} account {OURS}" in done.err
                assert_refused(done, server)
        assert work.here("run", source, "--portal", OTHER).code == 0
    with serve(OURS):
        assert work.here("run", source, "--config", "c.toml", "--profile", "ours").code == 0


def test_a_resumed_or_retried_run_keeps_to_the_required_account(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    source = work.write("deals.csv", work.pairs(3))
    with serve(OTHER) as server:
        assert work.here("run", source, "--portal", OURS).code == 2
        (listed,) = json.loads(work.here("runs", "--json").out)
        assert (listed["status"], listed["last_error"]["code"]) == ("refused", "PORTAL_DIFFERS")
        assert "[PORTAL_DIFFERS]" in work.here("runs").out
        assert "[PORTAL_DIFFERS]" in work.here("show", work.journals[0].stem).out
        for command in ("resume", "retry"):
            done = work.here(command, work.journals[0].stem)
            assert (done.code, done.error_code) == (2, "PORTAL_DIFFERS")
            assert f"but portal_id in the settings of run {work.journals[-1].stem} requires" in done.err
            assert_refused(done, server)


@pytest.mark.parametrize("fault", ["scopes_missing=account", "http_503=account", "html_403=account"])
def test_an_account_that_is_not_known_is_not_the_required_one(place: tuple[Workplace, Serve], fault: str) -> None:
    work, serve = place
    source = work.write("deals.csv", work.pairs(3))
    with serve(OURS, TOKEN, fault) as server:
        done = work.here("run", source, "--portal", OURS, IMPORTER_BACKOFF_BASE="0.01")
        assert (done.code, done.error_code) == (2, "PORTAL_UNKNOWN")
        assert f"account {OURS} (--portal)" in done.err
        assert nothing_sent(server)
        done = work.here("run", source, IMPORTER_PORTAL_ID=str(OURS), IMPORTER_BACKOFF_BASE="0.01")
        assert (done.error_code, f"account {OURS} (IMPORTER_PORTAL_ID)" in done.err) == ("PORTAL_UNKNOWN", True)


def test_record_urls_of_another_account_than_the_required_one_are_invalid(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    (first, second), (third, fourth) = work.pairs(2)
    source = work.write("deals.csv", [(url(first, OURS), second), (url(third, OTHER), fourth)])
    with serve(OURS):
        done = work.here("run", source, "--portal", OURS, "--json")
        assert (done.code, done.json["linked"], done.json["invalid"]) == (1, 1, 1)
        row = rows_of(work.folder / "deals.results.csv")[1]
        assert (row["import_status"], row["import_error_category"]) == ("invalid", "OTHER_PORTAL")
        assert work.here("check", source, "--portal", OURS).code == 1
        assert work.links() == {(first, second)}


def test_record_urls_of_another_account_than_the_tokens_are_refused(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    (first, second), (third, fourth) = work.pairs(2)
    source = work.write("deals.csv", [(url(first, OURS), second), (third, url(fourth, OTHER, "company"))])
    with serve(OURS) as server:
        for _ in range(2):
            done = work.here("run", source)
            assert (done.code, done.error_code) == (2, "URLS_OF_OTHER_PORTAL")
            assert_refused(done, server)
        assert work.here("retry", work.journals[0].stem).error_code == "URLS_OF_OTHER_PORTAL"
        fixed = work.here("run", source, "--portal", OURS, "--json")
        assert (fixed.code, fixed.json["linked"], fixed.json["invalid"]) == (1, 1, 1)


def test_record_urls_are_used_with_a_warning_where_the_account_is_not_known(place: tuple[Workplace, Serve]) -> None:
    work, serve = place
    (first, second), *_ = work.pairs(1)
    with serve(OURS, TOKEN, "scopes_missing=account"):
        done = work.here("run", work.write("deals.csv", [(url(first, OTHER), second)]))
        assert done.code == 0
        assert [line for line in done.err.splitlines() if line.startswith("Warning:") and str(OTHER) in line]
