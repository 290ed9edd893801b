"""A source or a target that has changed since a run was interrupted."""

import signal

import pytest

from tests.support.command_line import UNKNOWN, Workplace
from tests.support.interruptions import finished, interrupted

pytestmark = pytest.mark.slow


# ---- a source that changes


def test_a_changed_source_is_rejected_with_both_dates_and_hashes_and_two_alternatives(work: Workplace) -> None:
    pairs = work.pairs(600)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    more = work.pairs(1, 700)
    work.write("deals.csv", [*pairs, *more])
    refused = work.here("run", source)
    assert refused.code == 2
    assert refused.error_code == "SOURCE_CHANGED_SINCE_RUN"
    assert refused.error.count("SHA-256 ") == refused.error.count("Z (SHA-256") == 2
    assert f"importer resume {before['run_id']}" in refused.error
    assert "--fresh" in refused.error

    after = work.here("resume", before["run_id"], "--json")
    finished(work, before, after.json, pairs)
    new = work.here("run", source, "--json")
    assert new.code == 0
    assert (new.json["rows"], new.json["linked"] + new.json["already_linked"]) == (601, 601)
    assert new.json["run_id"] != before["run_id"]


def test_fresh_starts_a_new_run_despite_an_unfinished_one(work: Workplace) -> None:
    pairs = work.pairs(600)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    new = work.here("run", source, "--fresh", "--no-read-first", "--json")
    assert new.code == 0
    assert new.json["run_id"] != before["run_id"]
    assert new.json["calls"] == 600


def test_other_reading_flags_make_another_run(work: Workplace) -> None:
    pairs = work.pairs(600)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    new = work.here("run", source, "--limit", "10", "--json")
    assert (new.code, new.json["rows"]) == (0, 10)
    assert new.json["run_id"] != before["run_id"]


def test_standard_input_with_the_same_content_resumes_and_with_other_content_is_another_run(work: Workplace) -> None:
    first = work.write("a.csv", work.pairs(3)).read_bytes()
    other = work.write("b.csv", work.pairs(2, 10)).read_bytes()
    stopped = work.run("run", "-", "--json", stdin=first, HUBSPOT_ACCESS_TOKEN="wrong")
    assert stopped.code == 3
    new = work.run("run", "-", "--json", stdin=other)
    assert (new.code, new.json["rows"]) == (0, 2)
    again = work.run("run", "-", "--json", stdin=first)
    assert (again.code, again.json["rows"], again.json["run_id"]) == (0, 3, stopped.json["run_id"])


# ---- where a run goes


def test_a_run_is_not_resumed_at_another_address(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    stopped = work.here("run", source, "--json", HUBSPOT_ACCESS_TOKEN="wrong").json
    before = work.calls()
    refused = work.here("resume", stopped["run_id"], "--base-url", "http://localhost:1")
    assert refused.code == 2
    assert refused.error_code == "TARGET_DIFFERS"
    assert work.hubspot.url in refused.error
    assert work.here("resume", stopped["run_id"], "--sandbox").code == 2
    assert work.here("retry", stopped["run_id"], "--base-url", "http://localhost:1").code == 2
    assert work.calls() == before
    resumed = work.here("resume", stopped["run_id"], "--json", IMPORTER_BASE_URL="")
    assert (resumed.code, resumed.json["linked"]) == (0, 3)


def test_a_given_setting_applies_even_if_it_equals_the_default(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    flags = ("--api-version", "2026-09", "--json")
    stopped = work.here("run", source, *flags, HUBSPOT_ACCESS_TOKEN="wrong").json["run_id"]
    config = work.folder / "config.toml"
    config.write_text('api_version = "v4"\n')
    for given in (("--api-version", "v4"), ("--config", config)):
        resumed = work.here("resume", stopped, *given, HUBSPOT_ACCESS_TOKEN="wrong")
        assert "2027-03-30" in resumed.err
    own = work.here("resume", stopped, HUBSPOT_ACCESS_TOKEN="wrong")
    assert "2027-03-30" not in own.err
    refused = work.here("resume", stopped, "--base-url", "https://api.hubapi.com")
    assert refused.code == 2
    assert refused.error_code == "TARGET_DIFFERS"
    assert work.here("resume", stopped, "--json").json["linked"] == 3


def test_a_retry_keeps_the_api_version_that_it_was_given(work: Workplace) -> None:
    source = work.write("a.csv", [(UNKNOWN + work.base, 1)])
    run_id = work.here("run", source, "--json").json["run_id"]
    child = work.here("retry", run_id, "--api-version", "2026-09", "--json").json["run_id"]
    assert "API 2026-09" in work.here("show", child).out
