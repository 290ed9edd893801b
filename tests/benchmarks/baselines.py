"""Baselines of the importer: `python -m tests.benchmarks.baselines NAME URL PAIRS`.

All make the same calls over as many connections as their defaults or the importer's allow, and check every response.
They neither read a file nor store or report anything.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.server import company_of

CONNECTIONS = 64
"""Concurrent calls; the importer's default."""

BATCH = 2_000
FIRST_CONTACT = 100_000


def pairs(number: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of the benchmarks' files."""
    for contact in range(FIRST_CONTACT, FIRST_CONTACT + number):
        yield contact, company_of(contact)


def bare_aiohttp(url: str, number: int) -> None:
    """Send and parse with plain aiohttp, nothing else."""
    asyncio.run(_send_all(url, number))


async def _send_all(url: str, number: int) -> None:
    import aiohttp  # noqa: PLC0415 - the import is measured, here and below

    remaining = pairs(number)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    headers = {"Authorization": "Bearer benchmark"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def work() -> None:
            for contact, company in remaining:
                address = f"{url}/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
                async with session.put(address) as response:
                    body = json.loads(await response.read())
                    assert response.status == 200
                    assert body["status"] == "COMPLETE"

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def sdk_put(url: str, number: int) -> None:
    """Use HubSpot's SDK in threads, with one `basic_api`: a new one per call would open a connection each time."""
    from hubspot import HubSpot  # noqa: PLC0415

    api = HubSpot(access_token="benchmark", pool_threads=1).crm.associations.v4.basic_api
    _redirect(api, url)

    def link(pair: tuple[int, int]) -> None:
        response = api.create_default("contacts", str(pair[0]), "companies", str(pair[1]))
        assert response.status == "COMPLETE"

    with ThreadPoolExecutor(CONNECTIONS) as executor:
        for _ in executor.map(link, pairs(number)):
            pass


def sdk_batch(url: str, number: int) -> None:
    """Use HubSpot's SDK in batches, one after the other, as in its README."""
    from hubspot import HubSpot  # noqa: PLC0415
    from hubspot.crm.associations.v4 import (  # noqa: PLC0415
        BatchInputPublicDefaultAssociationMultiPost,
        PublicDefaultAssociationMultiPost,
        PublicObjectId,
    )

    api = HubSpot(access_token="benchmark").crm.associations.v4.batch_api
    _redirect(api, url)
    remaining = list(pairs(number))
    for start in range(0, number, BATCH):
        inputs = [
            PublicDefaultAssociationMultiPost(_from=PublicObjectId(id=str(contact)), to=PublicObjectId(id=str(company)))
            for contact, company in remaining[start : start + BATCH]
        ]
        body = BatchInputPublicDefaultAssociationMultiPost(inputs=inputs)
        response = api.create_default("contacts", "companies", body)
        assert response.status == "COMPLETE"


def _redirect(api: object, url: str) -> None:
    """Make an `…_api` object of the SDK call the local server, over as many connections as there are threads."""
    client = api.api_client  # type: ignore[attr-defined]
    client.configuration.host = url
    client.rest_client.pool_manager.connection_pool_kw["maxsize"] = CONNECTIONS


BASELINES: dict[str, Callable[[str, int], None]] = {
    "bare-aiohttp": bare_aiohttp,
    "sdk-put": sdk_put,
    "sdk-batch": sdk_batch,
}

if __name__ == "__main__":
    BASELINES[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
