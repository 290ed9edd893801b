"""The pairs of a file as a pandas data frame. pandas is imported only when it is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from importer.config import Reading, Settings
from importer.model import PairColumns, Problem, RowNames
from importer.reader import Source, open_frame, open_source

if TYPE_CHECKING:
    import pandas


def read_pairs(file: "Path | str | pandas.DataFrame", settings: Settings | None = None) -> "pandas.DataFrame":
    """Return the pairs that a run would link, and the problems of the rows that yield none, without sending anything.

    `file` is a path or a data frame; only those `settings` that affect reading apply. The result has one line per pair
    and one per invalid row, in file order, and none for rows with nothing to link. Its columns:

    - `row`: the row number (Int64), or `FILE:ROW` (string) if the source is an archive with several files
    - `from_object_type`, `from_object_id`, `to_object_type`, `to_object_id`: types as category, ids as string; missing
      in invalid rows
    - `label` (string): the labels of the pair as written, separated by `;`, those for all pairs (`--label`) first;
      missing in pairs without any
    - `problem_code` (category) of the first problem of the row, `problem_message` (string) with all of its problems;
      missing in valid rows

    `attrs["notes"]` and `attrs["warnings"]` are lists of sentences about the file as a whole. Raises `SourceError` or
    `SettingsError` as `run_import` does.
    """
    reading = (settings or Settings()).reading
    with _open(file, reading) as source:
        pairs, problems = _read(source)
        frame = _typed_frame(pairs, problems, reading.labels, source.info.row_names)
        frame.attrs = {"notes": list(source.report.notes), "warnings": list(source.report.warnings)}
        return frame


def _open(file: "Path | str | pandas.DataFrame", reading: Reading) -> Source:
    return open_source(Path(file), reading) if isinstance(file, Path | str) else open_frame(file, reading)


def _read(source: Source) -> tuple[PairColumns, dict[int, list[Problem]]]:
    pairs = PairColumns()
    problems: dict[int, list[Problem]] = {}
    for block in source.blocks():
        pairs.extend(block.pairs)
        for row, problem in block.problems:
            problems.setdefault(row, []).append(problem)
    return pairs, problems


def _label_texts(pairs: PairColumns, labels_of_all: Sequence[str]) -> list[str | None]:
    labels = pairs.labels or [()] * len(pairs.rows)
    return [";".join(dict.fromkeys((*labels_of_all, *own))) or None for own in labels]


def _typed_frame(
    pairs: PairColumns, problems: dict[int, list[Problem]], labels_of_all: Sequence[str], names: RowNames
) -> "pandas.DataFrame":
    import pandas  # noqa: PLC0415 - takes half a second, for which other users of the reader need not wait

    valid = [None] * len(pairs.rows)
    invalid = [None] * len(problems)
    columns = {
        "from_object_type": [*pairs.from_types, *invalid],
        "from_object_id": [*pairs.from_ids, *invalid],
        "to_object_type": [*pairs.to_types, *invalid],
        "to_object_id": [*pairs.to_ids, *invalid],
        "label": [*_label_texts(pairs, labels_of_all), *invalid],
        "problem_code": [*valid, *(found[0].code for found in problems.values())],
        "problem_message": [*valid, *map(_message, problems.values())],
    }
    frame = pandas.DataFrame(columns, dtype="string")
    frame.insert(0, "row", pandas.Series([*pairs.rows, *problems], dtype="Int64"))
    frame = frame.sort_values("row", kind="stable", ignore_index=True)
    if names.parts:
        frame["row"] = frame["row"].map(names.of).astype("string")
    return frame.astype({"from_object_type": "category", "to_object_type": "category", "problem_code": "category"})


def _message(problems: list[Problem]) -> str:
    return " ".join(f"column '{one.column}': {one.message}" if one.column else one.message for one in problems)
