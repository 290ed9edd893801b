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


def draw(dice: random.Random, pairs: int) -> list[Row]:
    """Rows that make about so many distinct pairs, with all that goes wrong in spreadsheets."""
    rows: list[Row] = []
    made: set[Pair] = set()
    while len(made) < pairs:
        row = dice.choices((_plain, _several, _mirrored, _turned, _again, _unknown, _invalid), (76, 6, 4, 3, 5, 3, 3))[
            0
        ](dice, rows)
        rows.append(row)
        made.update(row.pairs)
    return rows


def write(path: Path, rows: list[Row]) -> None:
    """Write the rows as a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(row.cells for row in rows)


def _row(dice: random.Random, pairs: tuple[Pair, ...], from_text: str = "", to_text: str = "") -> Row:
    first = pairs[0]
    types = (dice.choice(_SPELLINGS[name]) for name in (first.from_type, first.to_type))
    from_type, to_type = types
    cells = (dice.choice(_NOTES), from_type, from_text or str(first.from_id), to_type, to_text or str(first.to_id))
    return Row(cells, pairs)


def _ids(dice: random.Random) -> Iterator[int]:
    while True:
        yield dice.randrange(10_000, 1_000_000)


def _pair(dice: random.Random) -> Pair:
    from_type, to_type = dice.choice(_TYPES)
    ids = _ids(dice)
    return Pair(from_type, next(ids), to_type, next(ids))


def _plain(dice: random.Random, rows: list[Row]) -> Row:
    return _row(dice, (_pair(dice),))


def _several(dice: random.Random, rows: list[Row]) -> Row:
    first = _pair(dice)
    ids = _ids(dice)
    pairs = (first, *(first._replace(to_id=next(ids)) for _ in range(dice.randint(1, 3))))
    return _row(dice, pairs, to_text="; ".join(str(pair.to_id) for pair in pairs))


def _mirrored(dice: random.Random, rows: list[Row]) -> Row:
    """Contact 5 to company 7, where contact 7 to company 5 is likely to come too."""
    return _row(dice, (Pair("contacts", dice.randint(1, 12), "companies", dice.randint(1, 12)),))


def _turned(dice: random.Random, rows: list[Row]) -> Row:
    """The link of an earlier row, asked for from its other end."""
    earlier = _earlier(dice, rows)
    return _row(dice, (earlier.pairs[0].reverse(),)) if earlier else _plain(dice, rows)


def _again(dice: random.Random, rows: list[Row]) -> Row:
    earlier = _earlier(dice, rows)
    return Row((dice.choice(_NOTES), *earlier.cells[1:]), earlier.pairs) if earlier else _plain(dice, rows)


def _earlier(dice: random.Random, rows: list[Row]) -> Row | None:
    earlier = dice.choice(rows) if rows else None
    return earlier if earlier and earlier.pairs else None


def _unknown(dice: random.Random, rows: list[Row]) -> Row:
    return _row(dice, (_pair(dice)._replace(to_id=_UNKNOWN + dice.randrange(1_000_000)),))


def _invalid(dice: random.Random, rows: list[Row]) -> Row:
    cells = [dice.choice(_NOTES), "contacts", str(next(_ids(dice))), "companies", str(next(_ids(dice)))]
    cells[dice.choice((2, 4))] = dice.choice(_NO_IDS)
    return Row(tuple(cells), ())
