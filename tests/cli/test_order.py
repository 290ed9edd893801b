"""The order of the file decides which company becomes the primary one, also after a kill."""

import json
import signal
import urllib.request

import pytest

from tests.support.command_line import Pairs, Workplace, wait_until

pytestmark = pytest.mark.slow


def contacts_with_companies(work: Workplace, contacts: int, companies: int = 3) -> Pairs:
    return [(work.base + n, company) for n in range(contacts) for company in range(5001, 5001 + companies)]


def primary_companies(work: Workplace) -> set[tuple[int, int]]:
    """Return the contacts of this test, each with its primary company."""
    with urllib.request.urlopen(f"{work.hubspot.url}/sandbox/links") as response:
        links = json.load(response)["links"]
    found = set()
    for link in links:
        contact, company = sorted((link["from"], link["to"]), key=lambda record: str(record["type"]), reverse=True)
        if "HUBSPOT_DEFINED:1" in link["types"] + link["reverse_types"]:
            found.add((int(contact["id"]), int(company["id"])))
    return {(contact, company) for contact, company in found if work.base <= contact < work.base + 5_000}


@pytest.mark.parametrize("engine", ["put", "batch"])
def test_the_first_company_of_each_contact_becomes_primary(work: Workplace, engine: str) -> None:
    pairs = contacts_with_companies(work, 40)
    done = work.here("run", work.write("a.csv", pairs), "--engine", engine, "--workers", 32, "--json")
    assert (done.code, done.json["linked"]) == (0, 120)
    assert primary_companies(work) == set(pairs[::3])


def test_the_order_is_kept_across_a_kill(work: Workplace) -> None:
    pairs = contacts_with_companies(work, 300)
    running = work.start("run", work.write("a.csv", pairs), "--rate", "500/1")
    wait_until(lambda: len(work.links()) > 200)
    running.send(signal.SIGKILL)
    running.end()
    assert 200 < len(work.links()) < len(pairs)
    done = work.here("resume", work.journals[-1].stem, "--json")
    assert (done.code, done.json["linked"]) == (0, len(pairs))
    assert primary_companies(work) == set(pairs[::3])
