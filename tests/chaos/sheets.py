"""Random spreadsheets with the mistakes that people make, and the pairs they must be read as."""

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.sandbox import Pair

HEADER = ("Note", "from_object_type", "from_object_id", "to_object_type", "to_object_id")

_TYPES = (
    ("contacts", "companies"),
    ("contacts", "companies"),
    ("companies", "contacts"),
    ("deals", "companies"),
    ("tickets", "contacts"),
    ("contacts", "contacts"),
    ("deals", "p1_pets"),
)
_SPELLINGS = {
    "contacts": ("contacts", "Contact", "0-1"),
    "companies": ("companies", "COMPANY"),
    "deals": ("deals", "0-3"),
    "tickets": ("Tickets",),
    "p1_pets": ("p1_pets",),
}
_NOTES = ("", "=1+1", 'said "no"', "two\nlines", "コンタクト", "a,b;c", " spaces ", "@home", "0012")
_INVALID_IDS = ("", "ACME Ltd", "1.2345E+11", "007", "-5", "#N/A", "1,234", "anna@example.com", "17; x")
_UNKNOWN = 5_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row as written, and the pairs it must be read as; empty if the row is invalid."""

    cells: tuple[str, ...]
    pairs: tuple[Pair, ...]


def draw(rng: random.Random, pairs: int) -> list[Row]:
    """Return rows with at least `pairs` distinct pairs, some of them wrong in the ways that spreadsheets are."""
    rows: list[Row] = []
    drawn: set[Pair] = set()
    while len(drawn) < pairs:
        (draw_row,) = rng.choices(list(_KINDS), list(_KINDS.values()))
        rows.append(draw_row(rng, rows))
        drawn.update(rows[-1].pairs)
    return rows


def write(path: Path, rows: list[Row]) -> None:
    """Write the rows as a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(row.cells for row in rows)


def _row(rng: random.Random, pairs: tuple[Pair, ...], from_text: str = "", to_text: str = "") -> Row:
    first = pairs[0]
    types = (rng.choice(_SPELLINGS[name]) for name in (first.from_type, first.to_type))
    from_type, to_type = types
    cells = (rng.choice(_NOTES), from_type, from_text or str(first.from_id), to_type, to_text or str(first.to_id))
    return Row(cells, pairs)


def _ids(rng: random.Random) -> Iterator[int]:
    while True:
        yield rng.randrange(10_000, 1_000_000)


def _pair(rng: random.Random) -> Pair:
    from_type, to_type = rng.choice(_TYPES)
    ids = _ids(rng)
    return Pair(from_type, next(ids), to_type, next(ids))


def _plain(rng: random.Random, rows: list[Row]) -> Row:
    return _row(rng, (_pair(rng),))


def _several(rng: random.Random, rows: list[Row]) -> Row:
    first = _pair(rng)
    ids = _ids(rng)
    pairs = (first, *(first._replace(to_id=next(ids)) for _ in range(rng.randint(1, 3))))
    return _row(rng, pairs, to_text="; ".join(str(pair.to_id) for pair in pairs))


def _mirrored(rng: random.Random, rows: list[Row]) -> Row:
    """Contact 5 to company 7; contact 7 to company 5 is likely to occur as well."""
    return _row(rng, (Pair("contacts", rng.randint(1, 12), "companies", rng.randint(1, 12)),))


def _reversed(rng: random.Random, rows: list[Row]) -> Row:
    """The link of an earlier row in the other direction."""
    earlier = _earlier(rng, rows)
    return _row(rng, (earlier.pairs[0].reverse(),)) if earlier else _plain(rng, rows)


def _duplicate(rng: random.Random, rows: list[Row]) -> Row:
    earlier = _earlier(rng, rows)
    return Row((rng.choice(_NOTES), *earlier.cells[1:]), earlier.pairs) if earlier else _plain(rng, rows)


def _earlier(rng: random.Random, rows: list[Row]) -> Row | None:
    earlier = rng.choice(rows) if rows else None
    return earlier if earlier and earlier.pairs else None


def _unknown(rng: random.Random, rows: list[Row]) -> Row:
    return _row(rng, (_pair(rng)._replace(to_id=_UNKNOWN + rng.randrange(1_000_000)),))


def _invalid(rng: random.Random, rows: list[Row]) -> Row:
    cells = [rng.choice(_NOTES), "contacts", str(next(_ids(rng))), "companies", str(next(_ids(rng)))]
    cells[rng.choice((2, 4))] = rng.choice(_INVALID_IDS)
    return Row(tuple(cells), ())


_KINDS: dict[Callable[[random.Random, list[Row]], Row], int] = {
    _plain: 76,
    _several: 6,
    _mirrored: 4,
    _reversed: 3,
    _duplicate: 5,
    _unknown: 3,
    _invalid: 3,
}
"""Every kind of row with its share in percent."""
