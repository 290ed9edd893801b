"""The state of a sandbox as JSON. Links are formatted by hand, which is fast enough for a million of them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from importer.sandbox.association_types import AssociationType
from importer.sandbox.calls import CallKind
from importer.sandbox.catalog import TYPE_IDS
from importer.sandbox.links import Links
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair
from importer.sandbox.state import State

_CHUNK = 5_000
"""Pairs per write, so that a state of a million pairs neither fills memory nor blocks the server."""


def summary(options: SandboxOptions, state: State) -> dict[str, Any]:
    """Return the state without its lists of pairs."""
    return {
        "records": _records(state),
        "counts": _counts(state),
        "rate": {
            "limit": options.limit,
            "window": options.window,
            "worst_window": state.worst_window,
            "association_limit": options.association_limit,
            "worst_association_window": state.association_window.worst,
            "search_limit": options.search_limit,
            "worst_search_second": state.searches.worst,
            "daily_limit": options.daily_limit,
            "daily_used": state.daily_used,
        },
        "faults": dict(sorted(state.faults.items())),
    }


def _counts(state: State) -> dict[str, Any]:
    return {
        "associations": len(state.links),
        "pairs_asked": len(state.asked),
        "pairs_asked_to_remove": len(state.removals),
        "calls": state.numbered_calls,
        "writes": state.writes,
        "reads": state.numbered_calls - state.writes,
        "puts": state.calls["put"],
        "batch_calls": state.calls["batch"],
        "read_calls": state.calls["read"],
        "account_calls": state.calls["account"],
        "other_calls": state.calls["other"],
        "by_kind": {str(kind): state.calls[kind] for kind in CallKind if state.calls[kind]},
        "rate_limited": state.responses["429"],
        "redirects_followed": state.redirects_followed,
        "by_status": dict(sorted(state.responses.items())),
    }


def _records(state: State) -> dict[str, Any]:
    records = state.records
    return {
        name: {
            "id": type_id,
            "first": records.first,
            "last": records.last,
            "added": _ids(records.added, name),
            "removed": _ids(records.removed, name),
            "archived": _ids(records.archived, name),
            "merged": {str(old): str(into) for (kind, old), into in sorted(records.merged.items()) if kind == name},
        }
        for name, type_id in TYPE_IDS.items()
    }


def _ids(records: Iterable[tuple[str, int]], name: str) -> list[str]:
    return [str(record_id) for kind, record_id in sorted(records) if kind == name]


def associations(links: Links) -> Iterator[bytes]:
    """Yield the links in the order and direction in which they were created, as the inside of a JSON list."""
    return _chunks(f'{{{_ends(pair)}, "types": {_types(links.types(pair))}}}' for pair in list(links))


def asked(pairs: dict[Pair, int]) -> Iterator[bytes]:
    """Yield how often each pair was requested, as the inside of a JSON list."""
    return _chunks(f'{{{_ends(pair)}, "times": {times}}}' for pair, times in list(pairs.items()))


def sorted_links(links: Links) -> Iterator[bytes]:
    """Yield the links with the types of both directions, one per line, as the inside of a JSON list.

    The text depends only on the links and their types, not on the order or direction in which they were created.
    """
    pairs = sorted(min(pair, pair.reverse()) for pair in links)
    return _chunks(
        f'\n{{{_ends(pair)}, "types": {_types(links.types(pair))}, '
        f'"reverse_types": {_types(links.types(pair.reverse()))}}}'
        for pair in pairs
    )


def _ends(pair: Pair) -> str:
    """Return the JSON of both ends. Names and ids need no escapes."""
    from_type, from_id, to_type, to_id = pair
    return f'"from": {{"type": "{from_type}", "id": "{from_id}"}}, "to": {{"type": "{to_type}", "id": "{to_id}"}}'


def _types(types: Iterable[AssociationType]) -> str:
    return "[" + ", ".join(f'"{one}"' for one in types) + "]"


def _chunks(texts: Iterable[str]) -> Iterator[bytes]:
    """Join texts by commas, in chunks."""
    iterator, comma = iter(texts), ""
    while chunk := list(islice(iterator, _CHUNK)):
        yield (comma + ",".join(chunk)).encode()
        comma = ","
