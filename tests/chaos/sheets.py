"""A spreadsheet as people have them, drawn by a seed, with what it must be read as."""

import csv
import random
from collections.abc import Iterator
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
_NO_IDS = ("", "ACME Ltd", "1.2345E+11", "007", "-5", "#N/A", "1,234", "anna@example.com", "17; x")
_UNKNOWN = 5_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is written, and the pairs it must be read as: none when it is invalid."""

    cells: tuple[str, ...]
    pairs: tuple[Pair, ...]


def draw(rng: random.Random, pairs: int) -> list[Row]:
    """Rows that make about so many distinct pairs, with all that goes wrong in spreadsheets."""
    rows: list[Row] = []
    made: set[Pair] = set()
    while len(made) < pairs:
        row = rng.choices((_plain, _several, _mirrored, _turned, _again, _unknown, _invalid), (76, 6, 4, 3, 5, 3, 3))[
            0
        ](rng, rows)
        rows.append(row)
        made.update(row.pairs)
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
    """Contact 5 to company 7, where contact 7 to company 5 is likely to come too."""
    return _row(rng, (Pair("contacts", rng.randint(1, 12), "companies", rng.randint(1, 12)),))


def _turned(rng: random.Random, rows: list[Row]) -> Row:
    """The link of an earlier row, asked for from its other end."""
    earlier = _earlier(rng, rows)
    return _row(rng, (earlier.pairs[0].reverse(),)) if earlier else _plain(rng, rows)


def _again(rng: random.Random, rows: list[Row]) -> Row:
    earlier = _earlier(rng, rows)
    return Row((rng.choice(_NOTES), *earlier.cells[1:]), earlier.pairs) if earlier else _plain(rng, rows)


def _earlier(rng: random.Random, rows: list[Row]) -> Row | None:
    earlier = rng.choice(rows) if rows else None
    return earlier if earlier and earlier.pairs else None


def _unknown(rng: random.Random, rows: list[Row]) -> Row:
    return _row(rng, (_pair(rng)._replace(to_id=_UNKNOWN + rng.randrange(1_000_000)),))


def _invalid(rng: random.Random, rows: list[Row]) -> Row:
    cells = [rng.choice(_NOTES), "contacts", str(next(_ids(rng))), "companies", str(next(_ids(rng)))]
    cells[rng.choice((2, 4))] = rng.choice(_NO_IDS)
    return Row(tuple(cells), ())
