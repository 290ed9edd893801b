"""Finds rows of a results file that need no retry but were edited since their run: a retry does not send them."""

from array import array
from bisect import bisect_left
from pathlib import Path

from importer.journal import Journal
from importer.model import GOOD_STATUSES
from importer.reader import read_result_rows
from importer.reader.rows.ids import RecordUrl, parse_id, without_formula
from importer.runner.previous_results import Origin


def count_edited_rows(file: Path, origin: Origin) -> int:
    """Return how many rows with a good status have other ids, types or labels than the run read."""
    if not origin.columns:
        return 0
    journal, names = origin.journal, origin.journal.info.row_names
    numbers, hashes = _hashes(journal, [index for index, _ in origin.columns])
    edited = 0
    for row in read_result_rows(file, origin.reading, [index for _, index in origin.columns]):
        number = names.number_of(row.row) if row.status in GOOD_STATUSES else None
        if number is None or row.run_id != journal.info.run_id:
            continue
        place = bisect_left(numbers, number)
        if place < len(numbers) and numbers[place] == number:
            edited += hashes[place] != _hash(row.cells)
    return edited


def _hashes(journal: Journal, indices: list[int]) -> tuple["array[int]", "array[int]"]:
    """Return the numbers of a run's rows, which ascend, and a hash of the cells of each: 16 bytes for a row."""
    numbers, hashes = array("q"), array("q")
    for number, cells in journal.row_cells():
        numbers.append(number)
        hashes.append(_hash(tuple(cells[index] if index < len(cells) else "" for index in indices)))
    return numbers, hashes


def _hash(cells: tuple[str, ...]) -> int:
    return hash(tuple(map(_normal, cells)))


def _normal(text: str) -> str:
    """Return one form for all forms in which spreadsheet programs save the same id, or for other text."""
    if text.isdigit() and text.isascii():
        return text
    found = parse_id(text, "")
    if isinstance(found, RecordUrl):
        return found.record_id
    return found if isinstance(found, str) else without_formula(text).strip()
