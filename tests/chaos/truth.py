"""Invariants of a results file: checks against the spreadsheet and the state of the server."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importer.sandbox import Pair
from tests.chaos import weather
from tests.chaos.sheets import HEADER, Row
from tests.support.command_line import rows_of

LINKED = ("linked", "already_linked")
RESPONSES_429 = weather.TOO_FAST | {"daily_limit"}


@dataclass(frozen=True, slots=True)
class Server:
    """The state of the server: its links, the number of requests for each pair, and the rest."""

    links: frozenset[Pair]
    asked: Mapping[Pair, int]
    state: Mapping[str, Any]

    def has(self, pair: Pair) -> bool:
        """Return whether the two records are linked, in either direction."""
        return pair in self.links or pair.reverse() in self.links


def server_of(state: Mapping[str, Any]) -> Server:
    """Return the response of `/sandbox/state` as a Server."""
    return Server(
        frozenset(map(_pair, state["associations"])),
        {_pair(entry): entry["times"] for entry in state["asked"]},
        state,
    )


def _pair(entry: Mapping[str, Any]) -> Pair:
    one, other = entry["from"], entry["to"]
    return Pair(one["type"], int(one["id"]), other["type"], int(other["id"]))


@dataclass(frozen=True, slots=True)
class Truth:
    """The rows of a spreadsheet and the pairs that were linked before anything was sent.

    `in_batches`: a pair that a batch did not link may be `not_sent` until it is sent by itself.
    """

    rows: Sequence[Row]
    before: frozenset[Pair]
    in_batches: bool

    def check(self, results: Path, server: Server) -> Counter[str]:
        """Check every row of a results file; return the number of rows per status."""
        found = rows_of(results)
        assert len(found) == len(self.rows), "the results have more or fewer rows than the file"
        once = Counter(pair for pair in {pair for row in self.rows for pair in row.pairs})
        directions = Counter(_link(pair) for pair in once)
        for number, (row, result) in enumerate(zip(self.rows, found, strict=True), 2):
            assert tuple(result[name] for name in HEADER) == row.cells
            assert result["import_row"] == str(number)
            assert (result["import_status"] == "invalid") == (not row.pairs)
            for pair, entry in _pairs_with_outcomes(row, result):
                is_shared = directions[_link(pair)] > 1 or _link(pair) in map(
                    _link, self.before & {pair, pair.reverse()}
                )
                _check_pair(pair, entry, server, is_ours_alone=not is_shared)
                if entry["status"] == "not_sent" and not self.in_batches:
                    # With 401, 429 and 477 HubSpot states that it did not process the call.
                    assert server.asked.get(pair, 0) == 0 or entry.get("http_status"), f"{pair} was sent: {entry}"
        self._check_server(once, server)
        return Counter(result["import_status"] for result in found)

    def check_verified(self, found: Sequence[Mapping[str, str]], server: Server) -> None:
        """Check every row of a results file of `verify`: unreadable pairs are unconfirmed, the others correct."""
        assert len(found) == len(self.rows), "the results have more or fewer rows than the file"
        for row, result in zip(self.rows, found, strict=True):
            assert (result["import_status"] == "invalid") == (not row.pairs)
            for pair, entry in _pairs_with_outcomes(row, result):
                status = entry["status"]
                assert status in {"already_linked", "linked", "not_sent", "unconfirmed"}, entry
                if status == "not_sent":
                    assert not server.has(pair), f"{pair} is linked, but reported as missing: {entry}"
                elif status != "unconfirmed":
                    assert server.has(pair), f"{pair} is not linked: {entry}"

    def _check_server(self, pairs: Counter[Pair], server: Server) -> None:
        assert server.asked.keys() <= pairs.keys(), "a pair was sent that is in no row"
        ours = {_link(pair) for pair in pairs} | {_link(pair) for pair in self.before}
        assert {_link(pair) for pair in server.links} <= ours, "a pair is linked that is in no row"
        rate = server.state["rate"]
        assert rate["worst_window"] <= rate["limit"]
        from_faults = sum(times for name, times in server.state["faults"].items() if name in RESPONSES_429)
        assert server.state["counts"]["rate_limited"] == from_faults, "a real 429: the importer exceeded the limit"
        assert server.state["counts"]["redirects_followed"] == 0


def _link(pair: Pair) -> Pair:
    return min(pair, pair.reverse())


def _pairs_with_outcomes(row: Row, result: Mapping[str, str]) -> Iterator[tuple[Pair, Mapping[str, Any]]]:
    """Yield the pairs of a row with their outcomes; in a row of several pairs the details list those not linked."""
    if len(row.pairs) == 1:
        yield row.pairs[0], {"status": result["import_status"], "http_status": result["import_http_status"]}
        return
    entries = json.loads(result["import_error_details"] or "[]") if row.pairs else []
    unlinked = {(entry["pair"]["from_object_id"], entry["pair"]["to_object_id"]): entry for entry in entries}
    for pair in row.pairs:
        # A row with a linked and an already linked pair is only reported as "linked".
        status = "already_linked" if result["import_status"] == "already_linked" else "linked"
        yield pair, unlinked.get((str(pair.from_id), str(pair.to_id)), {"status": status})


def _check_pair(pair: Pair, entry: Mapping[str, Any], server: Server, *, is_ours_alone: bool) -> None:
    status, requests = entry["status"], server.asked.get(pair, 0)
    message = f"{pair} is {status} after {requests} requests: {entry}"
    if status in LINKED:
        assert server.has(pair), message
    if status == "already_linked":
        assert requests == 0, message
    if status == "failed":
        assert requests > 0, message
        assert not (is_ours_alone and server.has(pair)), message
    if status == "unconfirmed":
        assert requests > 0 or has_no_response(entry), message
    if status == "not_sent" and is_ours_alone:
        assert not server.has(pair), message


def has_no_response(entry: Mapping[str, Any]) -> bool:
    """Return whether a row is unconfirmed because its process was killed before or while the pair was sent."""
    return not entry.get("http_status")
