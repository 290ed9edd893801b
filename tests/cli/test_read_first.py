"""Reading first: a nightly file costs little, and a file is linked also where links may not be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import FAST, Workplace, rows_of, workplace_in

IMPATIENT = {"IMPORTER_BACKOFF_BASE": "0.01", "IMPORTER_MAX_ATTEMPTS": "2"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Workplace]:
    """A workplace with its own sandbox."""
    with sandbox_thread(FAST) as server:
        yield workplace_in(tmp_path, server)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["scopes_missing", "html_403", "http_404", "read_405"])
def test_every_pair_is_linked_where_links_may_not_be_read(work: Workplace, fault: str) -> None:
    pairs = work.pairs(30)
    source = work.write("deals.csv", pairs)
    before = reads_of_links(work.hubspot)
    work.hubspot.change("faults", faults=[f"{fault}=read"])
    try:
        done = work.here("run", source, "--json", **IMPATIENT)
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, done.json["linked"], done.json["calls"]) == (0, 30, 30)
    assert reads_of_links(work.hubspot) - before == 1, "one refused read is enough"
    assert len([line for line in done.err.splitlines() if "Could not read" in line]) == 1
    assert work.links() == set(pairs)
    assert {row.get("import_types_before", "") for row in rows_of(work.folder / "deals.results.csv")} == {""}
    undone = work.here("undo", done.json["run_id"], "--json")
    assert (undone.code, undone.json["unlinked"], work.links()) == (1, 0, set(pairs))


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2_000, pytest.param(200_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("companies", ["new", "known"])
def test_a_nightly_file_costs_a_call_per_thousand_rows_and_one_per_new_pair(
    own: Workplace, rows: int, companies: str
) -> None:
    """Every row is of another contact and another company; one in 400 is new."""
    pairs = [(1_000 + n, 2_000 + n) for n in range(rows)]
    old, new = [pair for n, pair in enumerate(pairs) if n % 400], pairs[::400]
    fast = ("--rate", "100000/1", "--json")
    assert own.here("run", own.write("old.csv", old), *fast, "--engine", "batch", "--no-read-first").code == 0
    if companies == "known":
        assert own.here("run", own.write("others.csv", [(a, 500) for a, _ in new]), *fast).code == 0
    counts = own.hubspot.state(summary=True)["counts"]
    done = own.here("run", own.write("nightly.csv", pairs), *fast)
    assert (done.code, done.json["linked"], done.json["already_linked"]) == (0, len(new), len(old))
    after = own.hubspot.state(summary=True)["counts"]
    assert after["puts"] - counts["puts"] == len(new)
    assert after["calls"] - counts["calls"] <= rows // 1_000 + len(new)
    assert done.json["calls"] + done.json["reads"] <= rows // 1_000 + len(new) + 1, "one is for the account"


def reads_of_links(server: SandboxProcess) -> int:
    found: int = server.state(summary=True)["counts"]["read_calls"]
    return found
