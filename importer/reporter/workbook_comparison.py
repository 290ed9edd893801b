"""Comparison of a workbook with its copy: the cells as the importer reads them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from importer.config import Reading
from importer.reader.files.detect import open_table
from importer.reader.recognition import RECOGNIZERS
from importer.reporter.workbook_layout import ResultArea


def is_faithful(
    source: Path,
    copy: Path,
    area: ResultArea,
    names: Sequence[str],
    rows: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> bool:
    """Return whether the copy has every cell of the source, and every result beside its row.

    `names` are the sheets of the source, the first of `rows` is the header. Raises SourceError if either file cannot be
    read.
    """
    expected = {int(result[0]): _trimmed([*cells, *result]) for cells, result in rows[1:]}
    expected[area.header_row] = _trimmed([*rows[0][0], *rows[0][1]])
    above = {number: cells for number, cells in _records(source, area.sheet) if number < area.header_row}
    return dict(_records(copy, None)) == above | expected and all(
        list(_records(copy, name)) == list(_records(source, name)) for name in names if name != area.sheet
    )


def _records(path: Path, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet (None: the one that is read by default) that are not blank, with their numbers."""
    table = open_table(path, path.name, Reading(sheet=sheet), RECOGNIZERS)
    try:
        for numbers, records in table.records:
            for number, cells in zip(numbers, records, strict=True):
                if texts := _trimmed(cells):
                    yield number, texts
    finally:
        table.close()


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Return the cells without trailing blank ones."""
    texts = list(cells)
    while texts and not texts[-1].strip():
        texts.pop()
    return texts
