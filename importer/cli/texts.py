"""Texts that describe a source and a plan, in lines of at most 80 columns where names from outside allow it."""

from importer.config import EngineName
from importer.journal import SourceCounts
from importer.model import Role
from importer.reader import SourceInfo
from importer.runner.estimate import Costs
from importer.runner.lookup_counts import LookupCounts
from importer.timestamps import duration_text


def source_info_lines(info: SourceInfo) -> list[str]:
    """Return how a source is read: format, notes, and what each side of a pair is read from."""
    details = [info.format, info.encoding, info.delimiter and f"delimiter {info.delimiter!r}"]
    if info.sheet:
        details.append(f"sheet '{info.sheet}'")
    return [
        f"Read as {', '.join(part for part in details if part)}",
        f"  from  {_side(info, Role.FROM_OBJECT_ID, Role.FROM_OBJECT_TYPE)}",
        f"  to    {_side(info, Role.TO_OBJECT_ID, Role.TO_OBJECT_TYPE)}",
        *([f"  label {info.columns[Role.LABEL]}"] if Role.LABEL in info.columns else []),
        *(f"  {note}" for note in info.notes),
    ]


def _side(info: SourceInfo, id_role: Role, type_role: Role) -> str:
    """Return the column of one side and its type: `Contact ID → contacts`, `ID → type in column Kind`."""
    is_from = id_role is Role.FROM_OBJECT_ID
    object_type = info.from_object_type if is_from else info.to_object_type
    name = info.from_by if is_from else info.to_by
    lookup = f", looked up by {name}" if name else ""
    return f"{info.columns[id_role]} → {object_type or f'type in column {info.columns[type_role]}'}{lookup}"


def counts_text(counts: SourceCounts) -> str:
    """Return the row counts of a source as one line, without those that are zero."""
    parts = [
        count_text(counts.pairs, "pair"),
        *(
            count_text(number, f"{kind} row")
            for number, kind in ((counts.duplicates, "duplicate"), (counts.invalid, "invalid"), (counts.blank, "blank"))
            if number
        ),
    ]
    return f"{count_text(counts.rows, 'row')}: {', '.join(parts)}"


def lookup_text(counts: LookupCounts) -> str:
    """Return the counts of a lookup as text, without those that are zero."""
    others = (("not found", counts.not_found), ("ambiguous", counts.ambiguous), ("not readable", counts.not_read))
    parts = [f"{counts.found:,} found", *(f"{number:,} {name}" for name, number in others if number)]
    merged = f"; {counts.merged:,} found in a record that others were merged into" if counts.merged else ""
    return f"{count_text(counts.values, 'different value')}: {', '.join(parts)}{merged}"


def cost_lines(costs: Costs) -> list[str]:
    """Return a table of the calls and the time of each engine; an asterisk marks the chosen one."""
    rows = [
        ("", "calls", "rate", "time"),
        _cost_row(costs, EngineName.PUT, costs.put_calls, costs.rate, costs.put_minutes),
        _cost_row(costs, EngineName.BATCH, costs.batch_calls, costs.batch_rate, costs.batch_minutes),
    ]
    digits = max(len(row[1]) for row in rows)
    lines = [f"  {name:<18}{calls:>{digits}}  {rate:<10}  {time}" for name, calls, rate, time in rows]
    if costs.preparation:
        lines.append(f"  + {count_text(costs.preparation, 'read')} of labels, records to look up, and the account")
    if costs.read_calls:
        reads = count_text(costs.read_calls, "read")
        lines.append(f"  + about {reads} before and after; pairs that are linked already are not sent")
    return lines


def _cost_row(costs: Costs, engine: EngineName, calls: int, rate: str, minutes: float) -> tuple[str, str, str, str]:
    mark = "*" if costs.engine is engine else " "
    return f"{mark} --engine {engine}", f"{calls:,}", f"{rate} s", duration_text(max(1, round(minutes * 60)))


def count_text(number: int, noun: str) -> str:
    """Return a number with its noun in singular or plural."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
