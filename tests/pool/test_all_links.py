"""All links of a type, read in chunks of records that stay small where records have many links."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import open_for_run
from importer.model import ObjectType
from importer.pool import Pool, all_links
from importer.pool.all_links import AllLinks
from importer.sandbox import Sandbox
from importer.sandbox.pairs import Pair
from tests.support.pool import FAST, hubspot, journal_of, settings

TYPES = ObjectType("contacts"), ObjectType("companies")
RECORDS = 200


async def chunks(path: Path, sandbox: Sandbox) -> list[set[tuple[str, str]]]:
    """Return the links of each chunk of records."""
    chosen = settings()
    with open_for_run(journal_of(path / "r.sqlite", [])) as journal:
        pool = Pool(journal, RateLimiter(FAST), chosen)
        async with HubSpotClient(sandbox.url, SecretStr(sandbox.options.token), chosen) as client:
            reader = AllLinks(client, pool.sender, *TYPES)
            found = [set(one.links) async for one in reader.read(None)]
            assert (reader.stop, reader.records) == (None, RECORDS)
    return found


def link(sandbox: Sandbox, links_per_record: int) -> set[tuple[str, str]]:
    linked = [(one, one + other) for one in range(1, RECORDS + 1) for other in range(links_per_record)]
    for one, other in linked:
        sandbox.state.links.add(Pair(TYPES[0], one, TYPES[1], other))
    return {(str(one), str(other)) for one, other in linked}


async def test_chunks_of_records_grow_while_these_have_few_links(tmp_path: Path) -> None:
    async with hubspot(records=RECORDS, sample_records=False) as sandbox:
        linked = link(sandbox, 1)
        found = await chunks(tmp_path, sandbox)
    assert [len(one) for one in found] == [5, 20, 80, 95]
    assert set().union(*found) == linked


async def test_chunks_of_records_with_many_links_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_links, "_LINKS_IN_MEMORY", 60)
    async with hubspot(records=RECORDS, sample_records=False) as sandbox:
        linked = link(sandbox, 6)
        found = await chunks(tmp_path, sandbox)
    assert {len(one) for one in found[:-1]} == {30, 60}
    assert set().union(*found) == linked
