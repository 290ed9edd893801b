"""The domain model: rows, pairs, problems and outcomes, as plain values without I/O."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import repeat
from typing import NewType

from importer.corrections import Correction
from importer.result_columns import EXTRA_CELLS_COLUMN as EXTRA_CELLS_COLUMN  # noqa: PLC0414 - exported, as all below
from importer.result_columns import FOUND_ID_COLUMNS as FOUND_ID_COLUMNS  # noqa: PLC0414
from importer.result_columns import ORIGINAL_CELLS_COLUMN as ORIGINAL_CELLS_COLUMN  # noqa: PLC0414
from importer.result_columns import PREVIOUS_RESULT_COLUMNS as PREVIOUS_RESULT_COLUMNS  # noqa: PLC0414
from importer.result_columns import RESULT_COLUMNS as RESULT_COLUMNS  # noqa: PLC0414
from importer.result_columns import ROW_RESULT_COLUMNS as ROW_RESULT_COLUMNS  # noqa: PLC0414
from importer.result_columns import RUN_ID_COLUMN as RUN_ID_COLUMN  # noqa: PLC0414
from importer.result_columns import TYPES_BEFORE_COLUMN as TYPES_BEFORE_COLUMN  # noqa: PLC0414
from importer.result_columns import TYPES_SEPARATOR as TYPES_SEPARATOR  # noqa: PLC0414
from importer.result_columns import UNDONE_RUN_COLUMN as UNDONE_RUN_COLUMN  # noqa: PLC0414
from importer.stops import Stop as Stop  # noqa: PLC0414
from importer.stops import StopReason as StopReason  # noqa: PLC0414

ObjectType = NewType("ObjectType", str)
"""A HubSpot object type as used in API paths: `contacts`, `2-123`, `p123_thing`. Only `reader` creates one."""

RecordId = NewType("RecordId", str)
"""A HubSpot record id: ASCII decimal digits, no leading zero. Only `reader` creates one."""

Labels = tuple[str, ...]
"""The label texts of a pair as written in the source: each is the name of a label, or `CATEGORY:ID`."""

LARGEST_ID = 2**63 - 1
"""HubSpot's record ids are signed 64-bit numbers."""

_OBJECT_TYPE = re.compile(r"[0-9]{1,4}-[0-9]{1,18}|[A-Za-z][A-Za-z0-9_\-]{0,199}")
_RECORD_ID = re.compile(r"[1-9][0-9]{0,18}")


def is_object_type(text: object) -> bool:
    """Return whether a value is a well-formed object type."""
    return isinstance(text, str) and _OBJECT_TYPE.fullmatch(text) is not None


def is_record_id(text: object) -> bool:
    """Return whether a value is a well-formed record id."""
    return isinstance(text, str) and _RECORD_ID.fullmatch(text) is not None and int(text) <= LARGEST_ID


class Role(StrEnum):
    """Role of a source column in a pair; the values are the canonical column names."""

    FROM_OBJECT_TYPE = "from_object_type"
    FROM_OBJECT_ID = "from_object_id"
    TO_OBJECT_TYPE = "to_object_type"
    TO_OBJECT_ID = "to_object_id"
    LABEL = "label"


class Operation(StrEnum):
    """What a run does to every pair (the JSON key `operation`)."""

    LINK = "link"
    UNLINK = "unlink"
    UNDO = "undo"
    VERIFY = "verify"


class Status(StrEnum):
    """Result of a pair or a row (the column `import_status`)."""

    LINKED = "linked"
    ALREADY_LINKED = "already_linked"
    UNLINKED = "unlinked"
    NOT_LINKED = "not_linked"
    BLANK = "blank"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    INVALID = "invalid"
    NOT_SENT = "not_sent"


GOOD_STATUSES = frozenset({Status.LINKED, Status.ALREADY_LINKED, Status.UNLINKED, Status.NOT_LINKED, Status.BLANK})
"""Statuses of rows that need no further work: not in the failures file, exit code 0."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records to link. The pair A→B and the pair B→A are two pairs."""

    from_type: ObjectType
    from_id: RecordId
    to_type: ObjectType
    to_id: RecordId


@dataclass(frozen=True, slots=True)
class Problem:
    """Reason why a row yields no pair.

    `code` is stable (`MISSING_ID`), `column` the header as written in the source ("" for the row as a whole),
    `message` a sentence without row and column, `advice` how to fix the row.
    """

    code: str
    column: str
    message: str
    advice: str


PART_ROWS = 10_000_000_000
"""Range of row numbers reserved for each file of a multi-file source; no file has that many rows."""


@dataclass(frozen=True, slots=True)
class RowNames:
    """Names of rows for people and scripts: `17`, or `contacts-2.csv:17` if the source consists of several files.

    Row R of the file `parts[P]` has the number P × `PART_ROWS` + R. `parts` is empty for a single file.
    """

    parts: tuple[str, ...] = ()

    def of(self, number: int) -> str:
        """Return the name of the row numbered `number`."""
        if not self.parts:
            return str(number)
        part, row = divmod(number, PART_ROWS)
        return f"{self.parts[part]}:{row}"

    def number_of(self, name: str) -> int | None:
        """Return the number of the row that `of` names like this, None for any other text."""
        part, _, row = name.rpartition(":") if self.parts else ("", "", name)
        if not (row.isascii() and row.isdigit()) or (self.parts and part not in self.parts):
            return None
        return (self.parts.index(part) * PART_ROWS if self.parts else 0) + int(row)

    def as_json(self, number: int) -> int | str:
        """Return the JSON value of a row: its number, or its name if the source consists of several files."""
        return self.of(number) if self.parts else number


NUMBERED = RowNames()
"""Row names of a single-file source: the row numbers."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of the source: pairs, or problems, or neither if there is nothing to link (status `blank`).

    `number` is the row number as a spreadsheet shows it (the header is row 1; see `RowNames` for several files),
    `cells` the original cells as text, without the columns of previous results. `labels` has the label texts of each
    pair; it is empty if no pair has any.
    """

    number: int
    cells: tuple[str, ...]
    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    labels: tuple[Labels, ...] = ()


@dataclass(slots=True)
class PairColumns:
    """Pairs stored by column: pair i consists of `from_types[i]`, `from_ids[i]`, … and belongs to row `rows[i]`.

    `labels[i]` has its label texts; `labels` is None if no pair has any.
    """

    rows: list[int] = field(default_factory=list)
    from_types: list[ObjectType] = field(default_factory=list)
    from_ids: list[RecordId] = field(default_factory=list)
    to_types: list[ObjectType] = field(default_factory=list)
    to_ids: list[RecordId] = field(default_factory=list)
    labels: list[Labels] | None = None

    def add(self, row: int, pair: Pair, labels: Labels = ()) -> None:
        """Append one pair."""
        self._add_labels([labels] if labels else None, 1)
        self.rows.append(row)
        self.from_types.append(pair.from_type)
        self.from_ids.append(pair.from_id)
        self.to_types.append(pair.to_type)
        self.to_ids.append(pair.to_id)

    def extend(self, pairs: "PairColumns") -> None:
        """Append the pairs of another object."""
        self._add_labels(pairs.labels, len(pairs.rows))
        self.rows.extend(pairs.rows)
        self.from_types.extend(pairs.from_types)
        self.from_ids.extend(pairs.from_ids)
        self.to_types.extend(pairs.to_types)
        self.to_ids.extend(pairs.to_ids)

    def each(self) -> Iterator[tuple[int, Pair, Labels]]:
        """Yield every pair with its row number and its label texts."""
        labels = self.labels if self.labels is not None else repeat(())
        columns = zip(self.rows, self.from_types, self.from_ids, self.to_types, self.to_ids, labels, strict=False)
        return ((row, Pair(*pair), texts) for row, *pair, texts in columns)

    def _add_labels(self, labels: list[Labels] | None, pairs: int) -> None:
        """Append the labels of further pairs; call this before appending the pairs themselves."""
        if labels is None and self.labels is None:  # the usual case
            return
        if self.labels is None:
            self.labels = [()] * len(self.rows)
        self.labels.extend(labels or [()] * pairs)


@dataclass(slots=True)
class SourceBlock:
    """Consecutive rows stored by column: creating an object per row would take longer than reading the row.

    Row i has the number `numbers[i]` and the cells `cells[i]`. `problems` and `pairs` hold those of all rows in order,
    each with its row number. `corrections` lists the corrected cells; `cells` already holds their new texts. On a side
    whose records are looked up (`Reading.from_by`, `Reading.to_by`), the ids in `pairs` are values of that property
    until the lookup has replaced them.
    """

    numbers: list[int] = field(default_factory=list)
    cells: list[Sequence[str]] = field(default_factory=list)
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    pairs: PairColumns = field(default_factory=PairColumns)
    corrections: Sequence[Correction] = ()

    def add(self, row: SourceRow) -> None:
        """Append one row."""
        self.numbers.append(row.number)
        self.cells.append(row.cells)
        self.problems.extend((row.number, problem) for problem in row.problems)
        for pair, labels in zip(row.pairs, row.labels or repeat(()), strict=False):
            self.pairs.add(row.number, pair, labels)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Final result of one pair: its status and the details of the last response.

    `error_details` is compact JSON or "", `completed_at` an ISO 8601 time or "", `attempts` counts from 1 (0: never
    sent), `advice` one plain sentence, "" if linked.
    """

    status: Status
    http_status: int | None = None
    api_status: str = ""
    num_errors: int = 0
    error_category: str = ""
    error_message: str = ""
    error_details: str = ""
    correlation_id: str = ""
    association_types: str = ""
    attempts: int = 0
    completed_at: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """A pair of a row with its outcome; `first_row` is the number of the first row with the same pair.

    `before` and `after` are its association types as read before and after sending: `CATEGORY:ID;…`, `-` if it had
    none, None if they were not read. `labels` are the label texts of the pair in this row; `goal` has the types of the
    labels in all rows with this pair. `primary_before` is set if the pair was to become Primary: the id of the record
    that was Primary before ("" if there was none), and the types of the link to it. `sent` has the types that the last
    call was to leave, where these were recorded. `is_in_flight` means that the next process sends the pair again.
    """

    pair: Pair
    outcome: Outcome
    first_row: int
    before: str | None = None
    after: str | None = None
    labels: Labels = ()
    goal: str = ""
    primary_before: tuple[str, str] | None = None
    sent: str | None = None
    is_in_flight: bool = False


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """A row of a run as stored in the journal: its cells, and its problems or the outcomes of its pairs in order.

    `originals` maps the 0-based columns of corrected cells to their original texts.
    """

    number: int
    cells: tuple[str, ...]
    problems: tuple[Problem, ...]
    pairs: tuple[PairOutcome, ...]
    originals: Mapping[int, str] = field(default_factory=dict)
