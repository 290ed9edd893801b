"""Which encoding a text file has: UTF whenever it fits, else the likeliest of the few that spreadsheets write."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.errors import SettingsError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with BOM"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: Python's codec, the name to show, and whether it is a guess that people should know of."""

    codec: str
    name: str
    guessed: bool = False


UTF_8 = Encoding("utf-8", "UTF-8")


def chosen_encoding(text: str, path: Path) -> Encoding:
    """Return the encoding that the user names, taking a byte order mark along; raises `SettingsError` when unknown."""
    try:
        codec = codecs.lookup(text).name
        "a".encode(codec)
    except (LookupError, UnicodeError, TypeError):
        raise SettingsError(
            f"--encoding {text} is not a known encoding. Common ones are utf-8, cp932, euc_jp, cp1252, utf-16."
        ) from None
    if codec == "utf-8" and _head(path).startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    return Encoding(codec, text)


def detect_encoding(path: Path) -> Encoding:
    """Return the encoding of a text file; the whole file is looked at, in bounded memory."""
    head = _head(path)
    for bom, codec, name in _BOMS:
        if head.startswith(bom):
            return Encoding(codec, name)
    return UTF_8


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_BLOCK), b"")
