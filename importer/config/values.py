"""Values of settings: closed sets, rates, and the options for reading a source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from importer.model import Role, Status

_OPTIONAL_ROLES = (Role.FROM_OBJECT_TYPE, Role.TO_OBJECT_TYPE, Role.LABEL)


class ApiVersion(StrEnum):
    """The API version in the paths of requests. Source: HubSpot, OpenAPI files and changelog."""

    V4 = "v4"
    V2026_03 = "2026-03"
    V2026_09 = "2026-09"


class EngineName(StrEnum):
    """How pairs are sent: one call per pair, or up to 2,000 pairs per call."""

    PUT = "put"
    BATCH = "batch"


class LabelMode(StrEnum):
    """How labels are set on a pair that has others already."""

    ADD = "add"
    REPLACE = "replace"


class NotifyWhen(StrEnum):
    """The runs to notify about: all, those that end with an exit code other than 0, or none."""

    ALWAYS = "always"
    TROUBLE = "trouble"
    NEVER = "never"


class ChangedSource(StrEnum):
    """What to do with a file that has changed since the unfinished run over it started."""

    REFUSE = "refuse"
    FINISH_THEN_NEW = "finish_then_new"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` requests in every rolling window of `seconds`."""

    calls: int
    seconds: float

    def __str__(self) -> str:
        """Return the form that `--rate` accepts, such as `100/10`."""
        return f"{self.calls}/{self.seconds:g}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a source. None means that the reader detects it.

    `columns` maps a role to a header or to a position (`#2`, from 1), or to "" if no column is to be used for it, which
    is possible for types and labels (also those in the headers of id columns). `sheet` is a name or an index from 1;
    `limit` is the number of data rows to read. `header_row` is the row number of the header (None: the first row that
    is not blank); with `no_header` the file has none and columns are named by position. `allow_blank` makes a row whose
    id cell is empty `blank` instead of `invalid`; `visible_rows_only` skips rows that the workbook hides. `portal_id`
    is the account that record URLs must belong to (None: any). `from_by` and `to_by` are properties by which records
    are looked up: the id column of that side then holds their values. `labels` are added to the labels of every pair.
    If `statuses` are given, only rows whose `import_status` from an earlier run is one of them, or blank, are read.
    `corrections` maps the row number and column index of cells to the texts that replace those of the source; the index
    counts from 0, without the columns of previous results. With `restores_types`, the pairs in rows that an earlier run
    was to unlink get exactly the association types back that they had before; no other labels may be given then.
    """

    from_object_type: str | None = None
    to_object_type: str | None = None
    columns: Mapping[Role, str] = field(default_factory=dict)
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    limit: int | None = None
    header_row: int | None = None
    no_header: bool = False
    allow_blank: bool = False
    visible_rows_only: bool = False
    statuses: frozenset[Status] | None = None
    portal_id: int | None = None
    from_by: str | None = None
    to_by: str | None = None
    labels: tuple[str, ...] = ()
    corrections: Mapping[tuple[int, int], str] = field(default_factory=dict)
    restores_types: bool = True

    @property
    def unused_roles(self) -> frozenset[Role]:
        """The roles for which no column is to be used, whatever the header says."""
        return frozenset(role for role in _OPTIONAL_ROLES if not self.columns.get(role, role).strip())

    @property
    def looks_up(self) -> bool:
        """True if records of either side are looked up by a property."""
        return self.from_by is not None or self.to_by is not None
