"""Every command that reads from HubSpot or writes to it refuses another account than the required one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, Workplace, workplace_in

pytestmark = pytest.mark.slow

OURS, OTHER = 111, 222
LABELLED = "Contact ID,Company ID,Label\n1001,7,Decision maker\n"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A workplace whose token belongs to the other account, with a finished run."""
    with sandbox_thread(replace(FAST, portal_id=OTHER)) as server:
        workplace = workplace_in(tmp_path_factory.mktemp("portal"), server)
        assert workplace.here("run", workplace.write("linked.csv", workplace.pairs(3))).code == 0
        yield workplace


def source(work: Workplace, name: str, text: str) -> Path:
    path = work.folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("run", "linked.csv", "--fresh"),
        ("run", "labelled.csv"),
        ("verify", "linked.csv"),
        ("verify", "labelled.csv"),
        ("check", "linked.csv", "--online"),
        ("check", "labelled.csv", "--online"),
        ("check", "emails.csv", "--from", "contacts", "--from-by", "email"),
        ("unlink", "linked.csv", "--yes", "3"),
        ("undo", "RUN_ID"),
        ("export", "contacts", "companies", "--out", "export.csv"),
    ],
    ids=" ".join,
)
def test_nothing_is_read_or_written_in_another_account(work: Workplace, command: tuple[str, ...]) -> None:
    source(work, "labelled.csv", LABELLED)
    source(work, "emails.csv", "Email,Company ID\ncontact-7@example.com,7\n")
    before = work.hubspot.state(summary=True)["counts"]["calls"]
    run_id = work.journals[0].stem
    done = work.here(*(run_id if one == "RUN_ID" else one for one in command), "--portal", str(OURS))
    assert (done.code, done.error_code, done.out) == (2, "PORTAL_DIFFERS", "")
    assert work.hubspot.state(summary=True)["counts"]["calls"] == before
    assert not (work.folder / "export.csv").exists()


@pytest.mark.parametrize("command", [("check", "labelled.csv", "--online"), ("verify", "labelled.csv")], ids=" ".join)
def test_the_account_is_asked_for_once(work: Workplace, command: tuple[str, ...]) -> None:
    source(work, "labelled.csv", LABELLED)
    before = work.hubspot.state(summary=True)["counts"]["account_calls"]
    done = work.here(*command, "--portal", str(OTHER), "--json")
    assert done.code in {0, 1}
    assert work.hubspot.state(summary=True)["counts"]["account_calls"] == before + 1


@pytest.mark.parametrize(
    "command",
    [
        ("export", "contacts", "companies", "--out", "export.csv"),
        ("verify", "linked.csv"),
        ("check", "linked.csv", "--online"),
    ],
    ids=" ".join,
)
def test_a_refused_token_is_reported_by_commands_that_only_read(work: Workplace, command: tuple[str, ...]) -> None:
    done = work.here(*command, HUBSPOT_ACCESS_TOKEN="pat-na1-wrong")
    assert (done.code, "401" in done.err + done.out) == (3, True)
    assert not (work.folder / "export.csv").exists()
