"""Warnings about id, type and label columns of a file that its pairs do not use in full."""

from collections.abc import Iterator, Sequence

from importer.reader.columns.headers import holds_label_names, is_label_column, meaning
from importer.reader.columns.roles import Columns, Header, Side
from importer.reader.messages import quoted

_MAX_NAMED = 10


def column_notes(header: Header, columns: Columns) -> tuple[str, ...]:
    """Return a sentence for every id, type or label column that is not used, or only in part.

    They are warnings, so that no part of a file is ignored silently.
    """
    sides = (columns.from_side, columns.to_side)
    used = set(columns.roles().values())
    sublists = {index for side in sides for index in side.sublists}
    others = [i for i in range(len(header.texts)) if i not in used | sublists]
    unused = [i for i in others if meaning(header.texts[i]) or holds_label_names(header.texts[i])]
    labels = [i for i in others if is_label_column(header.texts[i]) and i not in unused]
    return (
        *_label_notes(header, sides),
        *(_sublist_note(header, side) for side in sides if side.sublists),
        *([f"Not used: {_named(header, unused)}."] if unused else []),
        *([f"Not used, because they do not name labels: {_named(header, labels)}."] if labels else []),
    )


def _label_notes(header: Header, sides: Sequence[Side]) -> Iterator[str]:
    for side in sides:
        found = meaning(header.texts[side.id_column])
        if found and found.label:
            with_label = "with" if side.label else "without"
            name = quoted(header.name(side.id_column))
            yield f"The records of {name} are linked {with_label} the label {quoted(found.label)}."


def _sublist_note(header: Header, side: Side) -> str:
    labels = ", ".join(map(quoted, side.sublist_labels))
    return (
        f"The ids in {_named(header, side.sublists)} must also be in {quoted(header.name(side.id_column))} (checked in "
        f"every row); these records are linked {f'with the label {labels}' if labels else 'without a label'}."
    )


def _named(header: Header, indices: Sequence[int]) -> str:
    more = f" and {len(indices) - _MAX_NAMED} more" if len(indices) > _MAX_NAMED else ""
    return ", ".join(quoted(header.name(index)) for index in indices[:_MAX_NAMED]) + more
