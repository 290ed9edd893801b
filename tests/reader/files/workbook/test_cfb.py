"""OLE compound files: streams are found and joined, and damage never causes an endless loop."""

import struct

import pytest

from importer.reader.files.workbook.cfb import Container
from importer.reader.files.workbook.errors import CorruptFileError
from tests.files.xls import directory_entry, ole

END, FREE = 0xFFFFFFFE, 0xFFFFFFFF
CONTENT = bytes(range(256)) * 20


def short_stream(mini_sectors: list[int], size: int) -> bytes:
    """Return a container whose stream `Book` is in mini sectors, linked as given."""
    directory = directory_entry("Root Entry", 5, child=1, start=3, size=512)
    directory += directory_entry("Book", 2, start=0, size=size)
    content = bytearray(ole({}))[:512]
    content[44:76] = struct.pack("<8I", 1, 1, 0, 4096, 2, 1, END, 0)
    content += sector([0xFFFFFFFD, END, END, END]) + directory.ljust(512, b"\0") + sector(mini_sectors)
    return bytes(content) + CONTENT[:512]


def sector(numbers: list[int]) -> bytes:
    return struct.pack("<128I", *numbers, *[FREE] * (128 - len(numbers)))


def test_streams_are_listed_and_read_regardless_of_the_case_of_their_names() -> None:
    container = Container(ole({"WorkBook": CONTENT, "Other": b"x"}))
    streams = container.streams()
    assert set(streams) == {"workbook", "other"}
    assert container.read(streams["workbook"]) == CONTENT


def test_a_short_stream_is_read_from_mini_sectors() -> None:
    container = Container(short_stream([2, END, 1], 150))
    assert container.read(container.streams()["book"]) == (CONTENT[:64] + CONTENT[128:192] + CONTENT[64:128])[:150]


def test_a_short_stream_with_a_cycle_is_damage() -> None:
    container = Container(short_stream([0], 2000))
    assert len(container.read(1)) == 2000  # limited by its size
    endless = Container(short_stream([0], 4000)[:-448])
    with pytest.raises(CorruptFileError, match="is longer than the file"):
        endless.read(1)


def test_a_stream_that_ends_early_is_damage() -> None:
    container = Container(short_stream([END], 150))
    with pytest.raises(CorruptFileError, match="a stream of 150 bytes ends after 64"):
        container.read(1)


def test_entries_that_refer_to_each_other_are_visited_once() -> None:
    content = bytearray(ole({"Workbook": CONTENT, "Other": b"x"}))
    for entry in (1, 2):
        at = 1024 + entry * 128 + 68
        content[at : at + 8] = struct.pack("<II", 2, 1)
    assert set(Container(bytes(content)).streams()) == {"workbook", "other"}


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (30, struct.pack("<H", 31), r"its sectors have 2\^31 bytes"),
        (48, struct.pack("<I", 5000), "its sector 5000 is missing"),
        (76, struct.pack("<I", 1 << 20), "its sector 1048576 is missing"),
        (512 + 4, struct.pack("<I", 1), "a chain of sectors has a cycle"),
    ],
)
def test_damage_is_reported(at: int, value: bytes, message: str) -> None:
    content = bytearray(ole({"Workbook": CONTENT}))
    content[at : at + len(value)] = value
    with pytest.raises(CorruptFileError, match=message):
        Container(bytes(content))


def test_a_truncated_header_is_damage() -> None:
    with pytest.raises(CorruptFileError, match="its header is truncated"):
        Container(ole({"Workbook": CONTENT})[:100])


def test_a_cycle_in_the_list_of_sectors_is_damage() -> None:
    content = bytearray(ole({"Workbook": (b"\xff" * 508 + struct.pack("<I", 2)) * 10}))
    content[68:76] = struct.pack("<II", 2, 1)
    with pytest.raises(CorruptFileError, match="its list of sectors has a cycle"):
        Container(bytes(content))
