"""A server for batch reads whose results a test scripts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from tests.support.raw_server import RawServer, raw_server, response

Item = dict[str, object]
Results = Callable[[list[Item]], list[Item]]
"""Returns the `results` of a response for the `inputs` of a request."""


@asynccontextmanager
async def read_server(results: Results) -> AsyncIterator[RawServer]:
    """Respond to every batch read with COMPLETE and these results."""

    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        inputs = json.loads(request.partition(b"\r\n\r\n")[2])["inputs"]
        writer.write(response(json.dumps({"status": "COMPLETE", "results": results(inputs)}).encode()))
        await writer.drain()

    async with raw_server(respond) as server:
        yield server


def pages(cursors: Iterator[str], *others: Iterator[int]) -> Results:
    """Return results with the next cursor for each read, and the next linked id of each of `others`."""

    def results(inputs: list[Item]) -> list[Item]:
        kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]
        links = [{"toObjectId": next(other), "associationTypes": kinds} for other in others]
        paging = {"next": {"after": next(cursors)}}
        return [{"from": {"id": one["id"]}, "to": links, "paging": paging} for one in inputs]

    return results
