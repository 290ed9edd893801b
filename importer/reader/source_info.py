"""Findings about a source: before its first row is read (`SourceInfo`), and after its last (`ReadReport`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from importer.model import ObjectType, Role, RowNames


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Properties of a source that are known before its first row is read, for people and for JSON.

    `encoding` and `delimiter` are "" for a workbook, `sheet` is "" and `sheets` 0 for a text file. `header_row` is the
    row number of the header, None if there is none. `columns` maps each role to the header of its column. An object
    type is set if it applies to the whole file (from a flag or the header), None if a column holds it for each row.
    `notes` are sentences for the user. `parts` are the names of the files if there are several, else empty. `from_by`
    and `to_by` are the properties by which the records of a side are looked up, None if its column holds ids.
    """

    format: str
    encoding: str
    delimiter: str
    sheet: str
    sheets: int
    header_row: int | None
    columns: Mapping[Role, str]
    from_object_type: ObjectType | None
    to_object_type: ObjectType | None
    notes: tuple[str, ...]
    parts: tuple[str, ...] = ()
    from_by: str | None = None
    to_by: str | None = None

    @property
    def row_names(self) -> RowNames:
        """The names of the rows of this source."""
        return RowNames(self.parts)


@dataclass(frozen=True, slots=True)
class ReadReport:
    """Result of reading a source to its end, or to the limit that was set.

    `rows` counts the rows that were yielded, `blank_rows` the skipped blank ones, `excluded_rows` those excluded by
    their `import_status`, `removal` is the run whose removed links the rows restore ("" if it is not known, None if
    there are no such rows), `short_rows` those of a text file with fewer cells than the header, `formula_cells` the
    cells that look like formulas. `portals` are the account ids in record URLs, `custom_types` the object types that
    are not HubSpot's standard ones. `notes` are those of `SourceInfo`; `warnings` are sentences for the user.
    """

    rows: int
    blank_rows: int
    excluded_rows: int
    removal: str | None
    short_rows: int
    formula_cells: int
    portals: tuple[str, ...]
    custom_types: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
