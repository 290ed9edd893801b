"""Every fault at calls that label, remove, read and look up."""

from typing import Any

import aiohttp
import pytest

from importer.sandbox import FAULTS, Pair, PairFault
from importer.sandbox.calls import SPECIFIC_KINDS, CallKind
from tests.sandbox.test_labels import BILLING, DECISION, link_path, specs
from tests.support.faulty_hubspot import LostConnectionError, client_of_faults
from tests.support.local_hubspot import LocalHubSpot, batch_path, id_inputs, local_hubspot

pytestmark = pytest.mark.simulated_time  # the client's timeout is short

PAIR = Pair("contacts", 1, "companies", 2)
LABELLED: dict[str, Any] = {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": specs(DECISION)}]}
ARCHIVED: dict[str, Any] = {"inputs": [{"from": {"id": "1"}, "to": [{"id": "2"}]}]}
SEARCH = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "IN", "values": ["x@example.com"]}]}]}
DATED = "2026-09"
CALLS: dict[CallKind, tuple[str, str, object]] = {
    CallKind.LABEL_PUT: ("PUT", link_path(1, 2), specs(DECISION)),
    CallKind.CREATE: ("POST", batch_path("create"), LABELLED),
    CallKind.DELETE: ("DELETE", link_path(1, 2), None),
    CallKind.ARCHIVE: ("POST", batch_path("archive", version=DATED), ARCHIVED),
    CallKind.LABELS_ARCHIVE: ("POST", batch_path("labels/archive", version=DATED), LABELLED),
    CallKind.LINKS: ("GET", "/crm/v4/objects/contacts/1/associations/companies", None),
    CallKind.LABELS: ("GET", "/crm/v4/associations/contacts/companies/labels", None),
    CallKind.LOOKUP: ("POST", "/crm/v3/objects/contacts/batch/read", id_inputs(1)),
    CallKind.SEARCH: ("POST", "/crm/v3/objects/contacts/search", SEARCH),
    CallKind.RECORDS: ("GET", "/crm/v3/objects/contacts", None),
    CallKind.PROPERTIES: ("GET", "/crm/v3/properties/contacts", None),
}
WRITES = (CallKind.LABEL_PUT, CallKind.CREATE)
REMOVALS = (CallKind.DELETE, CallKind.ARCHIVE, CallKind.LABELS_ARCHIVE)
SILENT = {"hang", "lost_hang", "slow"}


async def send(hubspot: LocalHubSpot, kind: CallKind, seconds: float = 5.0) -> int | None:
    """Send one call; return its status, None without a complete response."""
    method, path, body = CALLS[kind]
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            client_of_faults() as http,
            http.request(
                method, hubspot.sandbox.url + path, json=body, allow_redirects=False, timeout=timeout
            ) as response,
        ):
            await response.read()
            return response.status
    except (LostConnectionError, aiohttp.ClientError, TimeoutError):
        return None


@pytest.mark.slow
@pytest.mark.parametrize("kind", CALLS)
async def test_any_fault_can_affect_a_call_which_works_afterwards(kind: CallKind) -> None:
    async with local_hubspot(limit=1_000, search_limit=1_000) as hubspot:
        for name in sorted(FAULTS.keys() - SILENT):
            hubspot.sandbox.use_faults(f"{name}={kind}")
            assert (await send(hubspot, kind) == 500) is (name == "http_500")
        assert hubspot.state.calls[kind] == len(FAULTS) - len(SILENT)
        hubspot.sandbox.use_faults()
        reply = await hubspot.exchange(*CALLS[kind])
        assert reply.status in {200, 201, 204}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*WRITES, *REMOVALS])
async def test_a_fault_changes_links_as_the_table_says(kind: CallKind) -> None:
    async with local_hubspot(limit=1_000) as hubspot:
        links = hubspot.state.links
        for name in sorted(FAULTS.keys() - SILENT):
            links.remove(PAIR)
            if kind in REMOVALS:
                links.add_labels(PAIR, [DECISION, BILLING])
            hubspot.sandbox.use_faults(f"{name}={kind}")
            await send(hubspot, kind)
            is_done = DECISION in links.types(PAIR) if kind in WRITES else DECISION not in links.types(PAIR)
            assert is_done is FAULTS[name].links, name


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if isinstance(fault, PairFault)])
async def test_no_batch_create_names_a_pair_that_it_did_not_label(name: str) -> None:
    async with local_hubspot(f"{name}=pairs:0.5") as hubspot:
        entries = [
            {"from": {"id": str(number)}, "to": {"id": str(number)}, "types": specs(DECISION)}
            for number in range(1, 101)
        ]
        _, body = await hubspot.post(batch_path("create"), {"inputs": entries})
        named = {(int(one["fromObjectId"]), int(one["toObjectId"])) for one in body["results"]}
        linked = {(pair.from_id, pair.to_id) for pair in hubspot.state.associations}
        assert named & {(number, number) for number in range(1, 101)} == linked
        assert 20 < len(linked) < 80


def test_every_kind_of_call_can_be_named_in_a_fault() -> None:
    assert set(CALLS) | {CallKind.PUT, CallKind.BATCH, CallKind.READ} | SPECIFIC_KINDS | {
        CallKind.LABEL_CREATE,
        CallKind.CONFIGURATIONS,
        CallKind.RECORD_LIMITS,
        CallKind.OTHER,
    } == set(CallKind)
