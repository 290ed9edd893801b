"""The plan of a run says how many reads it takes: never fewer than are made, and not many more."""

from collections.abc import Sequence
from math import ceil

import pytest

from importer import Settings, run_import
from importer.pool.engines import label
from importer.runner.estimate import Costs, costs
from importer.runner.events import Event, Plan
from tests.support.command_line import TOKEN, Workplace

PLAIN = [(n, n, "") for n in range(1, 1_201)]
LABELLED = [(n, n, "Billing contact") for n in range(1, 151)]
PRIMARY = [(n, n, "Primary") for n in range(1, 151)]


def planned_and_made(work: Workplace, rows: Sequence[tuple[int, int, str]], **flags: object) -> tuple[int, int]:
    """Run rows of contacts, companies and labels; return the reads of the plan, and those made for pairs."""
    has_labels = any(text for _, _, text in rows)
    lines = [f"{work.base + one},{other},{text}" for one, other, text in rows]
    path = work.folder / "a.csv"
    path.write_text("\n".join([f"Contact ID,Company ID,{'Label' if has_labels else 'Note'}", *lines, ""]))
    plans: list[Costs] = []

    def keep(event: Event) -> None:
        if isinstance(event, Plan):
            plans.append(event.costs)

    values = {"base_url": work.hubspot.url, "rate": "20000/1", "batch_rate": "1000/1"}
    settings = Settings.model_validate({**values, "state_dir": work.folder / "state", **flags})
    summary = run_import(path, settings, on_event=keep)
    assert summary.exit_code == 0
    (plan,) = plans
    return plan.read_calls, summary.reads - 1 - 2 * has_labels  # for the account, and for labels in both directions


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["put", "batch"])
@pytest.mark.parametrize("read_first", [True, False])
@pytest.mark.parametrize("rows", [PLAIN[:1], PLAIN, LABELLED[:1], LABELLED, PRIMARY], ids=len)
def test_a_run_makes_no_more_reads_than_its_plan_says(
    work: Workplace,
    monkeypatch: pytest.MonkeyPatch,
    rows: Sequence[tuple[int, int, str]],
    read_first: bool,
    engine: str,
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", work.environment["XDG_STATE_HOME"])
    monkeypatch.setattr(label, "READ_BACK_WAITS", ())
    planned, made = planned_and_made(work, rows, engine=engine, read_first=read_first)
    assert made <= planned <= made + 4  # not all labels are Primary, and not all pairs are read from both sides


@pytest.mark.parametrize("read_first", [True, False])
def test_labels_are_read_whether_or_not_other_pairs_are(read_first: bool) -> None:
    settings = Settings(read_first=read_first)
    assert costs([5_000], settings).read_calls == (10 if read_first else 0)
    assert costs([5_000], settings, labelled=1_000).read_calls == ceil(1_000 / 100) * 3 + (14 if read_first else 2)
