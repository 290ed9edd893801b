"""Tokens that change while a run uses them: OAuth apps and token files."""

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import FAST, TOKEN, Done, Workplace, wait_until, workplace_in
from tests.support.interruptions import wait_for_line

pytestmark = pytest.mark.slow

SHORT_LIVED = replace(FAST, access_token_seconds=2, rotate_refresh_tokens=True)
SECRETS = ("sandbox-secret", "sandbox-refresh", "sandbox-access-")
NEW_TOKEN = "pat-na1-00000000-6b5a-4938-8271-605f4e3d2c1b"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    """A workplace with an OAuth app whose tokens live for two seconds; no other file contains its secrets."""
    with sandbox_thread(SHORT_LIVED) as server:
        place = workplace_in(tmp_path, server)
        place.environment["HUBSPOT_ACCESS_TOKEN"] = ""
        for name, text in (("secret", "sandbox-secret"), ("refresh", "sandbox-refresh")):
            (tmp_path / name).write_text(f"{text}\n")
            (tmp_path / name).chmod(0o600)
        (tmp_path / "c.toml").write_text(
            '[oauth]\nclient_id = "sandbox-client"\nclient_secret_file = "secret"\nrefresh_token_file = "refresh"\n'
        )
        yield place
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name not in {"secret", "refresh", "token"}:
            content = path.read_bytes()
            assert not [text for text in (*SECRETS, NEW_TOKEN) if text.encode() in content], path


def oauth(work: Workplace, *arguments: object, rate: str = "20000/1") -> Done:
    done = work.here(*arguments, "--config", "c.toml", "--json", IMPORTER_RATE=rate)
    assert not [text for text in SECRETS if text in done.out + done.err]
    return done


def puts(server: SandboxProcess) -> int:
    return int(server.state(summary=True)["counts"]["puts"])


def renewals(server: SandboxProcess) -> int:
    return int(server.state(summary=True)["counts"]["by_kind"]["oauth"])


def test_a_run_continues_over_several_renewals_and_sends_every_pair_once(work: Workplace) -> None:
    pairs = work.pairs(240)
    done = oauth(work, "run", work.write("a.csv", pairs), rate="40/1")
    assert (done.code, done.json["linked"], done.json["calls"]) == (0, 240, 240 + done.json["retries"])
    assert sum(work.asked().values()) == done.json["calls"]
    assert done.json["retries"] <= 5, "tokens are renewed before they expire, unless a call is very slow"
    assert work.links() == set(pairs)
    assert renewals(work.hubspot) >= 3
    refresh = work.folder / "refresh"
    assert refresh.read_text() == f"sandbox-refresh-{renewals(work.hubspot)}\n"
    assert refresh.stat().st_mode & 0o777 == 0o600


def test_a_token_that_expires_early_is_renewed_after_the_401(work: Workplace) -> None:
    pairs = work.pairs(100)
    running = work.start("run", work.write("a.csv", pairs), "--config", "c.toml", "--json", IMPORTER_RATE="40/1")
    wait_until(lambda: puts(work.hubspot) >= 20)
    work.hubspot.change("tokens", expire=True)
    done = running.end()
    assert (done.code, done.json["linked"]) == (0, 100)
    assert work.links() == set(pairs)
    assert done.json["calls"] == 100 + done.json["retries"]


def test_a_refresh_token_that_is_refused_at_the_start_sends_nothing(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    (work.folder / "refresh").write_text("not-the-refresh-token")
    done = oauth(work, "run", source)
    assert (done.code, done.error_code) == (2, "TOKEN_REFUSED")
    assert "BAD_REFRESH_TOKEN" in done.err
    assert "not-the-refresh-token" not in done.err
    assert puts(work.hubspot) == 0


def test_a_refresh_token_that_is_refused_later_stops_a_resumable_run(work: Workplace) -> None:
    pairs = work.pairs(200)
    source = work.write("a.csv", pairs)
    running = work.start("run", source, "--config", "c.toml", "--json", IMPORTER_RATE="40/1")
    wait_until(lambda: puts(work.hubspot) >= 20)
    work.hubspot.change("tokens", refresh_token="granted-anew", expire=True)
    stopped = running.end()
    assert (stopped.code, stopped.json["stopped_by"]) == (3, "token_refused")
    assert stopped.json["linked"] + stopped.json["not_sent"] == 200
    (work.folder / "refresh").write_text("granted-anew")
    done = oauth(work, "resume", stopped.json["run_id"])
    assert (done.code, done.json["linked"]) == (0, 200)
    assert work.links() == set(pairs)


def test_runs_that_share_an_oauth_app_take_turns(work: Workplace) -> None:
    sources = [work.write(f"{number}.csv", work.pairs(30, 1_000 * number)) for number in range(2)]
    first = work.start("run", sources[0], "--config", "c.toml", "--json", IMPORTER_RATE="10/1")
    wait_until(lambda: puts(work.hubspot) > 0)
    first.send(signal.SIGSTOP)  # it cannot end before the second one has seen it
    second = work.start("run", sources[1], "--config", "c.toml", "--json", IMPORTER_RATE="10/1")
    wait_for_line(second, b"using the same token")
    first.send(signal.SIGCONT)
    ended = [first.end(), second.end()]
    assert [(done.code, done.json["linked"]) for done in ended] == [(0, 30), (0, 30)]
    assert work.hubspot.state(summary=True)["counts"]["rate_limited"] == 0


def test_oauth_settings_from_the_environment(work: Workplace) -> None:
    variables = {
        "IMPORTER_OAUTH_CLIENT_ID": "sandbox-client",
        "IMPORTER_OAUTH_CLIENT_SECRET_FILE": "secret",
        "IMPORTER_OAUTH_REFRESH_TOKEN_FILE": "refresh",
    }
    assert work.here("run", work.write("a.csv", work.pairs(3)), **variables).code == 0


def test_secrets_that_others_can_read_are_reported(work: Workplace) -> None:
    (work.folder / "secret").chmod(0o644)
    done = oauth(work, "run", work.write("a.csv", work.pairs(1)))
    assert done.code == 0
    assert [line for line in done.err.splitlines() if line.startswith("Warning:") and "chmod 600 secret" in line]


@pytest.mark.parametrize("name", ["secret", "refresh"])
@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_missing_or_empty_secret_is_reported_before_anything_is_read(
    work: Workplace, name: str, text: str | None
) -> None:
    (work.folder / name).unlink()
    if text is not None:
        (work.folder / name).write_text(text)
    done = oauth(work, "run", "a.csv")
    kind = "CLIENT_SECRET" if name == "secret" else "REFRESH_TOKEN"
    assert (done.code, done.error_code) == (2, f"{kind}_{'UNREADABLE' if text is None else 'MISSING'}")


# ---- token files


def start_with_file(work: Workplace, pairs: list[tuple[int, int]]) -> Path:
    token = work.folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    return work.write("a.csv", pairs)


def replace_token(work: Workplace) -> None:
    (work.folder / "token.new").write_text(NEW_TOKEN)
    (work.folder / "token.new").chmod(0o600)
    (work.folder / "token.new").replace(work.folder / "token")
    work.hubspot.change("tokens", token=NEW_TOKEN)


def test_a_token_file_that_is_replaced_continues_the_run(work: Workplace) -> None:
    pairs = work.pairs(120)
    source = start_with_file(work, pairs)
    running = work.start("run", source, "--json", IMPORTER_RATE="40/1", IMPORTER_TOKEN_FILE="token")
    wait_until(lambda: puts(work.hubspot) >= 20)
    replace_token(work)
    done = running.end()
    assert (done.code, done.json["linked"]) == (0, 120), done.err
    assert work.links() == set(pairs)
    assert NEW_TOKEN not in done.out + done.err
    again = work.here("run", source, "--json", IMPORTER_TOKEN_FILE="token")
    assert again.code == 0


def test_a_token_of_an_account_that_hubspot_does_not_confirm_is_not_used(work: Workplace) -> None:
    pairs = work.pairs(120)
    source = start_with_file(work, pairs)
    running = work.start("run", source, "--json", IMPORTER_RATE="40/1", IMPORTER_TOKEN_FILE="token")
    wait_until(lambda: puts(work.hubspot) >= 20)
    work.hubspot.change("faults", faults=["scopes_missing=account"])
    before = puts(work.hubspot)
    replace_token(work)
    done = running.end()
    assert (done.code, done.json["stopped_by"]) == (3, "token_refused")
    assert before <= len(work.links()) == done.json["linked"] < 120
    unknown = work.here("resume", done.json["run_id"], IMPORTER_TOKEN_FILE="token")
    assert (unknown.code, unknown.error_code) == (2, "ACCOUNT_UNKNOWN")
    work.hubspot.change("faults", faults=[])
    resumed = work.here("resume", done.json["run_id"], "--json", IMPORTER_TOKEN_FILE="token")
    assert (resumed.code, resumed.json["linked"]) == (0, 120)
    assert json.loads(resumed.out)["run_id"] == done.json["run_id"]


def test_the_sandbox_command_rehearses_the_renewal_of_tokens(work: Workplace) -> None:
    serving = work.start("sandbox", "--port", "0", "--access-token-seconds", "900", "--rotate-refresh-tokens")
    try:
        assert serving.process.stdout is not None
        url = re.search(r"http://\S+", serving.process.stdout.readline().decode())
        assert url is not None
        work.environment["IMPORTER_BASE_URL"] = url[0]
        done = oauth(work, "run", work.write("a.csv", work.pairs(3)))
        assert (done.code, done.json["linked"]) == (0, 3)
        assert (work.folder / "refresh").read_text().strip() != "sandbox-refresh"
    finally:
        serving.process.kill()
        serving.process.communicate()
