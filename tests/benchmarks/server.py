"""A minimal stand-in for HubSpot, fast enough not to be the bottleneck of a benchmark.

It parses requests with `bytes.find` and responds with prepared texts; checks, faults and scopes are left to the
sandbox. Contact N has the email address `person<N - FIRST_CONTACT>@example.com` and is linked to one company, unless it
was unlinked, or N is a multiple of `unlinked_every` and it has not been linked since.

`python -m tests.benchmarks.server` serves on a free port and prints its URL; `GET /counts` returns the counts.
"""

import argparse
import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_COUNTS = b"/counts"
_HEAD_END = b"\r\n\r\n"
_LINK = (
    '{"from":{"id":"%s"},"to":{"id":"%s"},'
    '"associationSpec":{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":279}},'
    '{"from":{"id":"%s"},"to":{"id":"%s"},'
    '"associationSpec":{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":280}}'
)
_COMPLETE = (
    '{"status":"COMPLETE","results":[%s],'
    '"requestedAt":"2026-05-04T03:02:00.900Z","startedAt":"2026-05-04T03:02:00.950Z",'
    '"completedAt":"2026-05-04T03:02:01.000Z"}'
)
_READ = (
    '{"from":{"id":"%s"},"to":[{"toObjectId":%s,'
    '"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":279,"label":null}]}]}'
)
_READ_RESPONSE = (
    '{"status":"COMPLETE","results":[%s],"numErrors":%d,"errors":[%s],'
    '"startedAt":"2026-05-04T03:02:00.950Z","completedAt":"2026-05-04T03:02:01.000Z"}'
)
_WITHOUT = (
    '{"status":"error","category":"OBJECT_NOT_FOUND","subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND",'
    '"message":"No company is associated with contact %s.","context":{"fromObjectId":["%s"]}}'
)
_RECORD = (
    '{"id":"%s","properties":{"email":"%s","hs_object_id":"%s"},"createdAt":"2024-03-01T09:00:00.000Z",'
    '"updatedAt":"2024-03-01T09:00:00.000Z","archived":false}'
)
_RECORDS = '{"status":"COMPLETE",%s"results":[%s]}'
_NEXT = '"paging":{"next":{"after":"%d"}},'
_ACCOUNT = '{"portalId":1,"accountType":"STANDARD","timeZone":"UTC","uiDomain":"app.hubspot.com"}'
_PROPERTIES = '{"results":[{"name":"email","hasUniqueValue":false}]}'
_TOO_FAST = (
    '{"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT",'
    '"correlationId":"c033cdaa-2c40-4a64-ae48-b4cec88dad24","policyName":"TEN_SECONDLY_ROLLING"}'
)


@dataclass(slots=True)
class Counts:
    """Calls by kind, refusals, the largest number of calls in ten seconds, and times of the monotonic clock."""

    first_call: float = 0.0
    puts: int = 0
    batches: int = 0
    reads: int = 0
    lookups: int = 0
    lists: int = 0
    archives: int = 0
    refused: int = 0
    worst_window: int = 0
    first_put: float = 0.0
    last_put: float = 0.0


class Service:
    """Request handler: method, path and body in, status and body out."""

    def __init__(self, limit: int | None, unlinked_every: int, records: int) -> None:
        self.counts = Counts()
        self._limit = limit
        self._unlinked_every = unlinked_every
        self._last = FIRST_CONTACT + records - 1
        self._linked: set[str] = set()
        self._unlinked: set[str] = set()
        self._arrivals: deque[float] = deque()

    def respond(self, method: bytes, path: bytes, body: bytes, now: float) -> tuple[int, str]:
        """Return the status and body for a request that arrives at `now` (seconds)."""
        if path != _COUNTS:
            self.counts.first_call = self.counts.first_call or now
        if method == b"PUT":
            return self._put(path, now)
        if method == b"POST":
            inputs = json.loads(body)["inputs"]
            if path.endswith(b"/archive"):
                return self._archive(inputs)
            if path.endswith(b"/read"):
                return self._read(inputs) if b"/associations/" in path else self._look_up(inputs)
            return self._batch(inputs)
        if path.startswith(b"/account-info/"):
            return 200, _ACCOUNT
        if path.startswith(b"/crm/v3/properties/"):
            return 200, _PROPERTIES
        if path.startswith(b"/crm/"):
            return self._list(path)
        figures = {name: getattr(self.counts, name) for name in Counts.__slots__}
        return 200, json.dumps({**figures, "linked": len(self._linked)})

    def _put(self, path: bytes, now: float) -> tuple[int, str]:
        self.counts.puts += 1
        self.counts.first_put = self.counts.first_put or now
        self.counts.last_put = now
        if self._limit is not None and self._is_too_fast(now):
            self.counts.refused += 1
            return 429, _TOO_FAST
        # /crm/v4/objects/contacts/1/associations/default/companies/2
        parts = path.split(b"/")
        from_id, to_id = parts[5].decode(), parts[9].decode()
        self._linked.add(from_id)
        return 200, _COMPLETE % (_LINK % (from_id, to_id, to_id, from_id))

    def _is_too_fast(self, now: float) -> bool:
        arrivals = self._arrivals
        arrivals.append(now)
        while arrivals[0] <= now - 10.0:
            arrivals.popleft()
        self.counts.worst_window = max(self.counts.worst_window, len(arrivals))
        return len(arrivals) > (self._limit or 0)

    def _batch(self, inputs: list[dict[str, Any]]) -> tuple[int, str]:
        self.counts.batches += 1
        pairs = [(item["from"]["id"], item["to"]["id"]) for item in inputs]
        self._linked.update([one for one, _ in pairs])
        return 200, _COMPLETE % ",".join([_LINK % (*pair, pair[1], pair[0]) for pair in pairs])

    def _archive(self, inputs: list[dict[str, Any]]) -> tuple[int, str]:
        self.counts.archives += 1
        self._unlinked.update([item["from"]["id"] for item in inputs])
        return 204, ""

    def _look_up(self, inputs: list[dict[str, Any]]) -> tuple[int, str]:
        self.counts.lookups += 1
        records = [_record(item["id"]) for item in inputs]
        return 200, _RECORDS % ("", ",".join(records))

    def _list(self, path: bytes) -> tuple[int, str]:
        self.counts.lists += 1
        after = path.partition(b"after=")[2]
        first = int(after) if after else FIRST_CONTACT
        end = min(first + 100, self._last + 1)
        paging = _NEXT % end if end <= self._last else ""
        records = ",".join([_record(str(contact)) for contact in range(first, end)])
        return 200, _RECORDS % (paging, records)

    def _read(self, inputs: list[dict[str, Any]]) -> tuple[int, str]:
        self.counts.reads += 1
        ids = [item["id"] for item in inputs]
        without = [one for one in ids if not self._is_linked(one)]
        results = ",".join([_READ % (one, company_of(int(one))) for one in ids if self._is_linked(one)])
        errors = ",".join([_WITHOUT % (one, one) for one in without])
        return (207 if without else 200), _READ_RESPONSE % (results, len(without), errors)

    def _is_linked(self, record: str) -> bool:
        if record in self._unlinked:
            return False
        return int(record) % self._unlinked_every != 0 or record in self._linked


FIRST_CONTACT = 100_000


def _record(value: str) -> str:
    """Return the contact with this id or email address."""
    contact = value if value.isdigit() else str(FIRST_CONTACT + int(value[6 : value.index("@")]))
    return _RECORD % (contact, f"person{int(contact) - FIRST_CONTACT}@example.com", contact)


def company_of(contact: int) -> int:
    """Return the company of a contact in the files of the benchmarks."""
    return 5_000_000_000 + (contact - FIRST_CONTACT) * 7


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and Content-Length, which is all that the benchmarked clients use."""

    def __init__(self, service: Service, latency: float) -> None:
        self._service = service
        self._latency = latency
        self._received = b""
        self._loop = asyncio.get_running_loop()
        self._write: Callable[[bytes], None] = lambda response: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(_HEAD_END)) >= 0:
            head, after = self._received[:end], end + len(_HEAD_END)
            length = _content_length(head)
            if len(self._received) < after + length:
                return
            body, self._received = self._received[after : after + length], self._received[after + length :]
            method, path, _ = head.split(b" ", 2)
            response = _response(*self._service.respond(method, path, body, self._loop.time()))
            if self._latency and path != _COUNTS:
                self._loop.call_later(self._latency, self._write, response)
            else:
                self._write(response)


def _content_length(head: bytes) -> int:
    start = head.lower().find(b"\r\ncontent-length:")
    return int(head[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def _response(status: int, body: str) -> bytes:
    return (
        f"HTTP/1.1 {status} Response\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "X-HubSpot-RateLimit-Max: 190\r\nX-HubSpot-RateLimit-Remaining: 189\r\n"
        "X-HubSpot-RateLimit-Interval-Milliseconds: 10000\r\nX-HubSpot-RateLimit-Daily: 1000000\r\n"
        f"X-HubSpot-RateLimit-Daily-Remaining: 999999\r\n\r\n{body}"
    ).encode("ascii")


async def _serve(service: Service, latency: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(service, latency), "127.0.0.1", 0, backlog=1024
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201
    await server.serve_forever()


@contextlib.contextmanager
def _fast_loop() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        yield asyncio.new_event_loop
    else:
        yield uvloop.new_event_loop


def main() -> None:
    """Serve until the process is terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, help="PUTs allowed in ten seconds; more get 429")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until a response")
    parser.add_argument(
        "--unlinked-every", type=int, default=1 << 60, help="contacts whose id is a multiple of this have no link"
    )
    parser.add_argument("--records", type=int, default=100_000, help="number of contacts that exist for lists")
    options = parser.parse_args()
    with _fast_loop() as make_loop, asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(_serve(Service(options.limit, options.unlinked_every, options.records), options.latency))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
