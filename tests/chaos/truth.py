"""What must hold of a results file, whatever happened: checked against the spreadsheet and the server's own memory."""

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
ANSWERED_429 = weather.TOO_FAST | {"daily_limit"}


@dataclass(frozen=True, slots=True)
class Server:
    """What the server knows: its links, how often each pair was asked for, and the rest of its state."""

    links: frozenset[Pair]
    asked: Mapping[Pair, int]
    state: Mapping[str, Any]

    def has(self, pair: Pair) -> bool:
        """Whether the two records are linked; a link has no direction."""
        return pair in self.links or pair.reverse() in self.links


def server_of(state: Mapping[str, Any]) -> Server:
    """The state that `/sandbox/state` says, to look things up in."""
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

    `in_batches`: a pair that a batch did not link may be `not_sent` when its own turn has not come.
    """

    rows: Sequence[Row]
    before: frozenset[Pair]
    in_batches: bool

    def check(self, results: Path, server: Server) -> Counter[str]:
        """Check every row of a results file; how many rows have each status."""
        found = rows_of(results)
        assert len(found) == len(self.rows), "rows in are not rows accounted for"
        once = Counter(pair for pair in {pair for row in self.rows for pair in row.pairs})
        ways = Counter(_link(pair) for pair in once)
        for number, (row, said) in enumerate(zip(self.rows, found, strict=True), 2):
            assert tuple(said[name] for name in HEADER) == row.cells
            assert said["import_row"] == str(number)
            assert (said["import_status"] == "invalid") == (not row.pairs)
            for pair, entry in _pairs_with_outcomes(row, said):
                is_other_way = ways[_link(pair)] > 1 or _link(pair) in map(_link, self.before & {pair, pair.reverse()})
                _check_pair(pair, entry, server, is_ours_alone=not is_other_way)
                if entry["status"] == "not_sent" and not self.in_batches:
                    # With 401, 429 and 477 HubSpot says that it has not taken a call.
                    assert server.asked.get(pair, 0) == 0 or entry.get("http_status"), f"{pair} was sent: {entry}"
        self._check_server(once, server)
        return Counter(said["import_status"] for said in found)

    def check_verified(self, found: Sequence[Mapping[str, str]], server: Server) -> None:
        """Check every row of a results file that `verify` wrote: what is not known is called so, the rest is true."""
        assert len(found) == len(self.rows), "rows in are not rows accounted for"
        for row, said in zip(self.rows, found, strict=True):
            assert (said["import_status"] == "invalid") == (not row.pairs)
            for pair, entry in _pairs_with_outcomes(row, said):
                status = entry["status"]
                assert status in {"already_linked", "linked", "not_sent", "unconfirmed"}, entry
                if status == "not_sent":
                    assert not server.has(pair), f"{pair} is linked, yet called missing: {entry}"
                elif status != "unconfirmed":
                    assert server.has(pair), f"{pair} is not linked: {entry}"

    def _check_server(self, pairs: Counter[Pair], server: Server) -> None:
        assert server.asked.keys() <= pairs.keys(), "something was sent that no row asks for"
        ours = {_link(pair) for pair in pairs} | {_link(pair) for pair in self.before}
        assert {_link(pair) for pair in server.links} <= ours, "something is linked that no row asks for"
        rate = server.state["rate"]
        assert rate["worst_window"] <= rate["limit"]
        struck = sum(times for name, times in server.state["faults"].items() if name in ANSWERED_429)
        assert server.state["counts"]["rate_limited"] == struck, "a 429 that no fault made: the pace was too fast"
        assert server.state["counts"]["redirects_followed"] == 0


def _link(pair: Pair) -> Pair:
    return min(pair, pair.reverse())


def _pairs_with_outcomes(row: Row, said: Mapping[str, str]) -> Iterator[tuple[Pair, Mapping[str, Any]]]:
    """The pairs of a row, each with what the row says of it: of several, the details name those that are not linked."""
    if len(row.pairs) == 1:
        yield row.pairs[0], {"status": said["import_status"], "http_status": said["import_http_status"]}
        return
    entries = json.loads(said["import_error_details"] or "[]") if row.pairs else []
    unlinked = {(entry["pair"]["from_object_id"], entry["pair"]["to_object_id"]): entry for entry in entries}
    for pair in row.pairs:
        # Of those that are linked a row says only "linked" when one of them is.
        status = "already_linked" if said["import_status"] == "already_linked" else "linked"
        yield pair, unlinked.get((str(pair.from_id), str(pair.to_id)), {"status": status})


def _check_pair(pair: Pair, entry: Mapping[str, Any], server: Server, *, is_ours_alone: bool) -> None:
    status, asked = entry["status"], server.asked.get(pair, 0)
    translate_errors = f"{pair} is {status}, asked {asked} times: {entry}"
    if status in LINKED:
        assert server.has(pair), translate_errors
    if status == "already_linked":
        assert asked == 0, translate_errors
    if status == "failed":
        assert asked > 0, translate_errors
        assert not (is_ours_alone and server.has(pair)), translate_errors
    if status == "unconfirmed":
        assert asked > 0 or is_cut_off(entry), translate_errors
    if status == "not_sent" and is_ours_alone:
        assert not server.has(pair), translate_errors


def is_cut_off(entry: Mapping[str, Any]) -> bool:
    """Whether a row says that its process died while it was sent: perhaps just before."""
    return not entry.get("http_status")
