"""Damage to files: flipped bits in those of a journal, wrong bytes in copies of any other."""

import random
from collections.abc import Iterator
from pathlib import Path


def journal_files(path: Path) -> list[Path]:
    """Return the files of a journal that are not empty: the database and, after a kill, its log."""
    files = [path, path.with_name(f"{path.name}-wal")]
    return [file for file in files if file.is_file() and file.stat().st_size]


def flip_bit(files: list[Path], draws: random.Random) -> str:
    """Flip one bit of one of the files, rarely in a byte that is zero, and describe it for messages."""
    file = draws.choice(files)
    data = bytearray(file.read_bytes())
    place = draws.randrange(len(data))
    if draws.random() < 0.9:
        place = draws.choice([i for i, byte in enumerate(data) if byte])
    bit = draws.randrange(8)
    data[place] ^= 1 << bit
    file.write_bytes(data)
    return f"bit {bit} of byte {place} of {file.name}"


def damaged_copies(whole: bytes, seed: int, start: int) -> Iterator[bytes]:
    """Yield 300 copies with one wrong byte, or five, from the place `start` on."""
    draws = random.Random(seed)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(draws.choice((1, 1, 5))):
            damaged[draws.randrange(start, len(damaged))] = draws.randrange(256)
        yield bytes(damaged)
