"""The names of association types in a run's report, as far as the run, or the run that it undoes, has read them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from importer.errors import JournalError
from importer.journal import NO_TYPES, SUFFIX, Journal, LabelKey, TypeChange


def label_names(journal: Journal) -> dict[LabelKey, str]:
    """Return the names of labels that a run has recorded; an undo or a retry has those of the run before it."""
    names, parent = journal.label_names, journal.info.parent
    if names or parent is None:
        return names
    with suppress(JournalError), Journal(journal.path.with_name(f"{parent}{SUFFIX}")) as earlier:  # it may be deleted
        return earlier.label_names
    return {}


def named_changes(changes: Sequence[TypeChange], names: Mapping[LabelKey, str]) -> list[TypeChange]:
    """Return changes with the name before each type that has one, as in `Decision maker (USER_DEFINED:1)`."""
    by_type: defaultdict[str, set[str]] = defaultdict(set)
    for (_, _, kind), name in names.items():
        if name:  # the unlabelled type has none
            by_type[kind].add(name)

    def named(types: str) -> str:
        kinds = types.split(";") if types not in {"", NO_TYPES} else ()
        texts = (f"{' or '.join(sorted(by_type[kind]))} ({kind})" if kind in by_type else kind for kind in kinds)
        return "; ".join(texts) or types

    return [replace(one, before=named(one.before), after=named(one.after)) for one in changes]
