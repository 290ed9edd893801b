"""Several files of one archive combined into one table, for example an export that HubSpot split."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from importer.errors import SourceError
from importer.reader.files.table import Observations, Part, Table
from importer.reader.messages import quoted, quoted_list

_PART = re.compile(r"(.*?)([0-9]{1,3})")

_SHOWN = 10
"""Maximum number of missing numbers in a note."""


def combine_parts(name: str, parts: Sequence[Part]) -> Table:
    """Return one table that has parts instead of records, described like its first part.

    Raises `SourceError` if the parts have different formats: one is then probably a copy of another.
    """
    formats = {_format_family(part.table): f"{quoted(part.name)} ({part.table.format})" for part in reversed(parts)}
    if len(formats) > 1:
        raise SourceError(
            "MIXED_FORMATS",
            f"{name} holds tables of different formats: {', '.join(formats.values())}. Files in one archive are read "
            f"as one table only when they all have the same format. Extract the table to import and give only that.",
        )
    return replace(parts[0].table, records=iter(()), notes=_notes(parts), observed=Observations(), parts=tuple(parts))


def left_out_notes(names: Sequence[str]) -> tuple[str, ...]:
    """Return a note about the files of an archive that are not read."""
    if not names:
        return ()
    return (f"Files in the archive that were left out (empty, or not tables by their names): {quoted_list(names)}.",)


def missing_part_notes(read: Sequence[str], left_out: Sequence[str]) -> tuple[str, ...]:
    """Return a note about gaps in the numbers of files that are `read`, if only the number at the end differs."""
    numbered = [_PART.fullmatch(PurePath(name).stem) for name in read]
    series = {int(found[2]) for found in numbered if found}
    if len(series) < len(read) or len({found[1] for found in numbered if found}) > 1:
        return ()
    present = series | {int(found[2]) for name in left_out if (found := _PART.fullmatch(PurePath(name).stem))}
    missing = [str(number) for number in range(min(series), max(series)) if number not in present]
    if not missing:
        return ()
    shown = ", ".join(missing[:_SHOWN]) + (", …" if len(missing) > _SHOWN else "")
    return (f"Parts may be missing: no file of the archive has one of these numbers at the end of its name: {shown}.",)


def _format_family(table: Table) -> str:
    return "text" if table.format in {"CSV", "TSV"} else table.format


def _notes(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the list of files, then the notes of the parts, each once and with the parts it applies to."""
    first = parts[0].table
    notes: dict[str, list[str]] = {}
    for part in parts:
        for note in (*_differences(part.table, first), *part.table.notes):
            notes.setdefault(note, []).append(part.name)
    names = quoted_list([part.name for part in parts])
    summary = f"{len(parts)} files of the archive are read as one table, in this order: {names}."
    of_files = (note if len(of) == len(parts) else f"{quoted_list(of)}: {note}" for note, of in notes.items())
    return (summary, *of_files)


def _differences(table: Table, first: Table) -> tuple[str, ...]:
    """Return a note if a text file is read with settings that differ from those of the first one."""
    if (table.format, table.encoding, table.delimiter) == (first.format, first.encoding, first.delimiter):
        return ()
    return (f"Read as {table.format}, {table.encoding}, delimiter {table.delimiter!r}.",)
