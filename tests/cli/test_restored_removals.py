"""Restoring a removal from its results: exactly the earlier association types, whatever the file says besides."""

import json
import random
import re
from pathlib import Path

import pytest

from importer.hubspot.association_types import PRIMARY_TYPES
from importer.journal import Journal
from tests.cli.test_unlink_labels import BILLING, DECISION, PLAIN, PRIMARY, labelled, link, types
from tests.support.command_line import Workplace
from tests.support.local_hubspot import sorted_links

NAMES = ("Decision maker", "Billing contact", "Primary")
TYPES = (DECISION, BILLING)


def random_links(work: Workplace, chance: random.Random) -> list[tuple[int, int]]:
    """Link some records with random labels, some of them without Primary, and return all possible pairs."""
    pairs = [(work.base + contact, company) for contact in range(4) for company in (31, 32, 33)]
    for pair in chance.sample(pairs, 9):
        link(work, pair, types=tuple(chance.sample(TYPES, chance.randint(0, 2))) or (PLAIN,))
    for pair in chance.sample(sorted(types(work)), 2):
        without_primary(work, pair)
    return pairs


def without_primary(work: Workplace, pair: tuple[int, int]) -> None:
    ends = {"from": {"type": "contacts", "id": str(pair[0])}, "to": {"type": "companies", "id": str(pair[1])}}
    work.hubspot.change("associations", remove_labels=[{**ends, "types": [PRIMARY]}])


def removal(work: Workplace, pairs: list[tuple[int, int]], chance: random.Random) -> tuple[Path, list[str]]:
    """Write a random file of labels to remove; return it with the flags that it needs."""
    rows = [(*pair, ";".join(chance.sample(NAMES, chance.randint(1, 3)))) for pair in chance.sample(pairs, 8)]
    if chance.random() < 0.5:
        return labelled(work, *rows, rows[0]), []
    path = work.folder / "a.csv"
    header = chance.choice(["Associated Company IDs", "Associated Company IDs (Decision maker)"])
    path.write_text(f"Record ID,{header}\n" + "".join(f"{one},{other}\n" for one, other, _ in rows))
    flags = ["--from", "contacts"]
    return path, [*flags, "--label", chance.choice(NAMES)] if header.endswith("s") else flags


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_running_the_results_of_a_removal_of_labels_restores_every_link(work: Workplace, seed: int) -> None:
    chance = random.Random(seed)
    pairs = random_links(work, chance)
    before = sorted_links(work.hubspot.url)
    source, flags = removal(work, pairs, chance)
    refused = work.here("unlink", source, *flags)
    number = int(re.findall(r"--yes (\d+)", refused.err)[-1]) if refused.code else 0
    assert work.here("unlink", source, *flags, "--yes", number).code == 0
    assert (sorted_links(work.hubspot.url) != before) is (number > 0)
    reading = flags[:2] if flags else []
    assert work.here("run", work.folder / "a.unlink.results.csv", *reading).code == 0
    assert sorted_links(work.hubspot.url) == before


@pytest.mark.slow
def test_a_label_for_every_row_is_refused_beside_types_to_restore(work: Workplace) -> None:
    pairs = work.pairs(2)
    link(work, *pairs, types=(DECISION,))
    assert work.here("unlink", work.write("a.csv", pairs), "--label", "Decision maker", "--yes", 2).code == 0
    removed, results = sorted_links(work.hubspot.url), work.folder / "a.unlink.results.csv"
    done = work.here("run", results, "--label", "Billing contact", "--json")
    assert (done.code, done.json["code"]) == (2, "LABEL_OF_RESTORED_ROWS")
    assert sorted_links(work.hubspot.url) == removed
    assert work.here("unlink", results, "--label", "Billing contact", "--json").code == 0


def suggested_undos(work: Workplace, results: Path) -> tuple[str, list[list[str]]]:
    """Run a results file; return the id of the run, and the runs that each of its warnings says to undo."""
    done = work.here("run", results, "--json", "--log-format", "json")
    lines = map(json.loads, done.err.splitlines())
    texts = [line["message"] for line in lines if line["level"] == "warning"]
    found = [re.findall(r"importer undo (\S+)", text) for text in texts]
    return done.json["run_id"], [runs for runs in found if runs]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [PLAIN, DECISION], ids=["no label", "label"])
def test_a_link_that_hubspot_makes_primary_when_it_is_restored_is_reported(work: Workplace, kind: str) -> None:
    first, other = work.pairs(2)
    link(work, first, other, types=(kind,))
    without_primary(work, first)
    before, source = sorted_links(work.hubspot.url), work.write("a.csv", [first, other])
    removal = work.here("unlink", source, "--yes", 2, "--json").json["run_id"]
    restoring, undos = suggested_undos(work, work.folder / "a.unlink.results.csv")
    assert undos == [[removal], [restoring, removal]]
    assert sorted_links(work.hubspot.url) != before
    assert [work.here("undo", run_id).code for run_id in undos[-1]] == [0, 0]
    assert sorted_links(work.hubspot.url) == before


@pytest.mark.slow
def test_a_link_is_not_reported_as_primary_if_another_one_has_become_primary_since(work: Workplace) -> None:
    first, second, last = ((work.base, company) for company in (31, 32, 33))
    link(work, first, types=(PLAIN,))
    link(work, second, types=(DECISION,))
    link(work, last, types=(PRIMARY,))
    relinked = work.base + 1, 31  # meanwhile, so that the run knows the types of new links without reading them
    link(work, relinked, types=(PLAIN,))
    before = sorted_links(work.hubspot.url)
    without_primary(work, relinked)
    source = work.write("a.csv", [relinked, first, second, last])
    assert work.here("unlink", source, "--yes", 4).code == 0
    link(work, relinked, types=(PLAIN,))
    _, undos = suggested_undos(work, work.folder / "a.unlink.results.csv")
    assert sorted_links(work.hubspot.url) == before
    assert len(undos) == 1  # the one before anything is sent


@pytest.mark.slow
def test_an_import_of_an_export_reports_links_that_become_primary(work: Workplace) -> None:
    first, other = work.pairs(2)
    link(work, first, other, types=(DECISION,))
    without_primary(work, first)
    ids, out = work.folder / "ids.csv", work.folder / "e.csv"
    ids.write_text(f"Record ID\n{first[0]}\n{other[0]}\n")
    assert work.here("export", "contacts", "companies", "--ids", ids, "--out", out).code == 0
    assert work.here("unlink", work.write("a.csv", [first, other]), "--yes", 2).code == 0
    done = work.here("run", out, "--json")
    assert done.json["linked"] == 2
    assert "1 pair has the Primary label" in done.err
    with Journal(work.journals[-1]) as journal:
        assert (journal.count_with_new_type(PRIMARY_TYPES), journal.removal) == (1, None)


@pytest.mark.slow
def test_repeating_a_removal_keeps_the_results_that_restore_it(work: Workplace) -> None:
    pairs = work.pairs(2)
    link(work, *pairs, types=(DECISION,))
    before, source = sorted_links(work.hubspot.url), work.write("a.csv", pairs)
    first = work.here("unlink", source, "--yes", 2, "--json").json
    results = Path(first["results"])
    content = results.read_bytes()
    assert work.here("report", first["run_id"]).code == 0  # the same run replaces its own results
    for _ in range(3):
        assert work.here("unlink", source).code == 0
    assert [path.name for path in sorted(work.folder.glob("a.unlink*"))] == [
        "a.unlink.results.1.csv",
        "a.unlink.results.csv",
    ]
    kept = work.folder / "a.unlink.results.1.csv"
    assert kept.read_bytes() == content
    assert work.here("run", kept).code == 0
    assert sorted_links(work.hubspot.url) == before


@pytest.mark.slow
def test_a_link_that_becomes_primary_is_reported_although_its_types_are_predicted(work: Workplace) -> None:
    first, relinked = work.pairs(2)
    link(work, first, relinked, types=(PLAIN,))
    without_primary(work, first)
    without_primary(work, relinked)
    assert work.here("unlink", work.write("a.csv", [relinked, first]), "--yes", 2).code == 0
    link(work, relinked, types=(PLAIN,))
    _, undos = suggested_undos(work, work.folder / "a.unlink.results.csv")
    assert len(undos) == 2
