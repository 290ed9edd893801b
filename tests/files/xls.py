"""Workbooks of Excel 97 and the OLE containers around them, written record by record."""

import struct
from collections.abc import Sequence

from tests.files.tables import PAIR


def ole(streams: dict[str, bytes]) -> bytes:
    """Return an OLE container. Source: Microsoft, [MS-CFB]."""
    end, free, fat_sector = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    names = list(streams)
    directory_sectors = (len(names) + 4) // 4
    fat, body, starts = [fat_sector, *range(2, 1 + directory_sectors), end], b"", []
    for content in streams.values():
        padded = content.ljust(-(-max(len(content), 4096) // 512) * 512, b"\0")  # never in the mini stream
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + len(padded) // 512), end]
        body += padded
    directory = directory_entry("Root Entry", 5, child=1, start=end, size=0)
    for i, (name, content) in enumerate(streams.items(), 1):
        sibling = i + 1 if i < len(names) else free
        directory += directory_entry(name, 2, right=sibling, start=starts[i - 1], size=max(len(content), 4096))
    header = struct.pack(
        "<8s16x5H6x10I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0, 0
    )
    header += struct.pack("<108I", *[free] * 108)
    table = struct.pack("<128I", *fat, *[free] * (128 - len(fat)))
    return header + table + directory.ljust(directory_sectors * 512, b"\0") + body


def directory_entry(
    name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF
) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<64sHBB3I16x4x16xIQ", text, len(text) + 2, kind, 1, 0xFFFFFFFF, right, child, start, size)


def biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def biff_cell(r: int, c: int, value: str | float | bool | bytes, style: int = 0) -> bytes:
    """Return the record of a cell: a text, a number, a boolean or the code of an error."""
    place = struct.pack("<HHH", r, c, style)
    if isinstance(value, str):
        units = value.encode("utf-16-le")
        return biff(0x0204, place + struct.pack("<HB", len(units) // 2, 1) + units)
    if isinstance(value, bool):
        return biff(0x0205, place + struct.pack("<BB", value, 0))
    if isinstance(value, bytes):
        return biff(0x0205, place + value + b"\1")
    return biff(0x0203, place + struct.pack("<d", value))


def biff_workbook(cells: bytes, settings: bytes = b"", version: int = 0x0600) -> bytes:
    """Return the stream of a workbook from the records of its cells and those of its settings."""

    def beginning(substream: int) -> bytes:
        return biff(0x0809, struct.pack("<HHHHII", version, substream, 0x0DBB, 0x07CC, 0, 6))

    name = (b"\5\0" if version == 0x0600 else b"\5") + b"Pairs"
    start = len(beginning(5)) + len(settings) + 4 + 6 + len(name) + 4
    bound = biff(0x0085, struct.pack("<IBB", start, 0, 0) + name)
    return beginning(5) + settings + bound + biff(0x000A) + beginning(0x10) + cells + biff(0x000A)


def xls(table: Sequence[Sequence[str | float | bool | bytes]]) -> bytes:
    """Return an XLS workbook of texts, numbers, booleans and codes of errors. Source: Microsoft, [MS-XLS]."""
    cells = biff(0x0200, struct.pack("<IIHHH", 0, len(table), 0, max(map(len, table)), 0))
    for r, values in enumerate(table):
        cells += b"".join(biff_cell(r, c, value) for c, value in enumerate(values))
    return ole({"Workbook": biff_workbook(cells)})


XLS_FORMATS = ("General", "yyyy\\-mm\\-dd", "[h]:mm", "[h]")


def xls_styles() -> bytes:
    """Return the records of one style for each of the formats."""
    codes = b"".join(
        biff(0x041E, struct.pack("<HHB", 164 + i, len(code), 0) + code.encode()) for i, code in enumerate(XLS_FORMATS)
    )
    return codes + b"".join(biff(0x00E0, struct.pack("<HH16x", 0, 164 + i)) for i in range(len(XLS_FORMATS)))


def typed_xls() -> bytes:
    """One row per kind of cell in column A, and an id in column B."""
    odd: list[tuple[str | float | bool | bytes, int]] = [
        (123.0, 0),
        (1e15, 0),
        (45429.0, 1),
        (1.5, 2),
        (5.0, 3),
        (True, 0),
        (b"\x2a", 0),
        (b"\x07", 0),
        (0.1, 0),
        ("00123", 0),
        (-3.0, 0),
    ]
    cells = biff_cell(0, 0, PAIR[0]) + biff_cell(0, 1, PAIR[1])
    for r, (value, style) in enumerate(odd, 1):
        cells += biff_cell(r, 0, value, style) + biff_cell(r, 1, 9.0)
    return ole({"Workbook": biff_workbook(cells, xls_styles())})


def circle_xls() -> bytes:
    """Return a workbook whose directory continues in its own sector."""
    content = bytearray(xls([["Contact ID", "Company ID"], [1.0, 2.0]]))
    content[512 + 4 : 512 + 8] = struct.pack("<I", 1)
    return bytes(content)


def ole_files() -> dict[str, bytes]:
    """Return the content of each OLE container by its name."""
    return {
        "password.xlsx": ole({"EncryptionInfo": b"\x04\0\x04\0", "EncryptedPackage": b"\x10"}),
        "pairs.xls": xls([["Contact ID", "Company ID"], [1.0, 2.0], ["３", 4.5], [1e16, True], ["1.2E+11", 7.0]]),
        "typed_cells.xls": typed_xls(),
        "circle.xls": circle_xls(),
        "word.xls": ole({"WordDocument": b"\xec\xa5"}),
        "cut_off.xls": xls([["Contact ID", "Company ID"], [1.0, 2.0]])[:1300],
        "damaged.xls": ole({"Workbook": b"\x09\x08\xff\xff"}),
    }
