"""Reading the values of a property of many records, against a sandbox."""

from pathlib import Path

from pydantic import SecretStr

from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import open_for_run
from importer.model import ObjectType
from importer.pool import Pool
from importer.pool.record_values import RecordValues
from importer.sandbox import Sandbox
from tests.support.pool import FAST, hubspot, journal_of, settings

CONTACTS = ObjectType("contacts")
IDS = [str(one) for one in range(1, 251)]


async def read(path: Path, sandbox: Sandbox, *chunks: list[str]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return the emails of each chunk of contacts, and the unread ones."""
    chosen = settings()
    with open_for_run(journal_of(path / "r.sqlite", [])) as journal:
        pool = Pool(journal, RateLimiter(FAST), chosen)
        async with HubSpotClient(sandbox.url, SecretStr(sandbox.options.token), chosen) as client:
            values = RecordValues(client, pool.sender, CONTACTS, "email")
            return [await values.read(chunk) for chunk in chunks], values.unread


async def test_a_hundred_records_are_read_by_a_call_and_none_twice(tmp_path: Path) -> None:
    async with hubspot() as sandbox:
        (first, second), unread = await read(tmp_path, sandbox, [*IDS, "7"], ["7", "8", "300"])
        assert first == {one: f"contact-{one}@example.com" for one in IDS}
        assert second["300"] == "contact-300@example.com"
        assert unread == {}
        assert sandbox.state.calls["lookup"] == 4


async def test_a_record_without_a_value_or_that_does_not_exist_has_an_empty_one(tmp_path: Path) -> None:
    async with hubspot() as sandbox:
        sandbox.state.records.add(("contacts", 2), {"email": ""})
        (found,), unread = await read(tmp_path, sandbox, ["1", "2", "5000000"])
        assert found == {"1": "contact-1@example.com", "2": "", "5000000": ""}
        assert unread == {}


async def test_a_record_that_makes_a_call_fail_costs_the_others_nothing(tmp_path: Path) -> None:
    async with hubspot("http_400=lookup,pairs:0.02") as sandbox:
        (found,), unread = await read(tmp_path, sandbox, IDS)
        assert 0 < len(unread) < 15
        assert all(unread.values())
        assert {one for one in IDS if not found[one]} == unread.keys()
