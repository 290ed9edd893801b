"""Restoring a removal from its results: exactly the earlier association types, whatever the file says besides."""

import random
import re
from pathlib import Path

import pytest

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
        ends = {"from": {"type": "contacts", "id": str(pair[0])}, "to": {"type": "companies", "id": str(pair[1])}}
        work.hubspot.change("associations", remove_labels=[{**ends, "types": [PRIMARY]}])
    return pairs


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
