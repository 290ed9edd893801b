"""What to say about the columns of ids and labels that a file has and its pairs do not show."""

from collections.abc import Iterator, Sequence

from importer.reader.columns.headers import is_label_column, meaning
from importer.reader.columns.resolve import Columns, Header
from importer.reader.messages import quoted

_MOST_NAMED = 10


def column_notes(header: Header, columns: Columns) -> tuple[str, ...]:
    """Return a sentence for every column of ids, types or labels that is not read, or not as all that it says.

    They are warnings: what a file says is never passed over silently.
    """
    sides = (columns.from_side, columns.to_side)
    used = set(columns.roles().values())
    sublists = {index for side in sides for index in side.sublists}
    others = [i for i in range(len(header.texts)) if i not in used | sublists]
    unused = [i for i in others if meaning(header.texts[i])]
    labels = [i for i in others if is_label_column(header.texts[i])]
    return (
        *_label_notes(header, [side.id_column for side in sides]),
        *(_sublist_note(header, side.id_column, side.sublists) for side in sides if side.sublists),
        *([f"Not used: {_named(header, unused)}."] if unused else []),
        *([f"Not used, because links are made without a label: {_named(header, labels)}."] if labels else []),
    )


def _label_notes(header: Header, id_columns: Sequence[int]) -> Iterator[str]:
    for index in id_columns:
        found = meaning(header.texts[index])
        if found and found.label:
            yield f"The links of {quoted(header.name(index))} are made without the label {quoted(found.label)}."


def _sublist_note(header: Header, index: int, sublists: Sequence[int]) -> str:
    return (
        f"The ids of {_named(header, sublists)} are taken to be among those of {quoted(header.name(index))}, which is "
        f"checked in every row; links are made without a label."
    )


def _named(header: Header, indices: Sequence[int]) -> str:
    more = f" and {len(indices) - _MOST_NAMED} more" if len(indices) > _MOST_NAMED else ""
    return ", ".join(quoted(header.name(index)) for index in indices[:_MOST_NAMED]) + more
