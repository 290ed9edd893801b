"""The types that a removal recorded become labels of the same pairs when its results are imported."""

from importer.model import ObjectType, Pair, RecordId, SourceBlock, SourceRow
from importer.reader.rows.restored_types import restore_types

PLAIN, PRIMARY, BILLING = "HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:1", "USER_DEFINED:3"


def pair(to_id: int) -> Pair:
    return Pair(ObjectType("contacts"), RecordId("5"), ObjectType("companies"), RecordId(str(to_id)))


def block(*rows: tuple[int, ...], labels: tuple[str, ...] = ()) -> SourceBlock:
    """Return rows, numbered from 2, of pairs with these companies."""
    made = SourceBlock()
    for number, companies in enumerate(rows, 2):
        own = tuple(labels for _ in companies) if labels else ()
        made.add(SourceRow(number, ("x",), tuple(map(pair, companies)), (), own))
    return made


def restored(made: SourceBlock) -> list[tuple[int, str, tuple[str, ...]]]:
    """Return the remaining pairs: row, second id, labels."""
    return list(zip(made.pairs.rows, made.pairs.to_ids, made.pairs.labels or (), strict=True))


def test_each_pair_gets_exactly_its_types_whatever_labels_its_row_names() -> None:
    made = block((7,), (8, 9), labels=("Manager",))
    restore_types(made, {2: f"{PRIMARY};{PLAIN}", 3: f"{PLAIN}|{PLAIN};{BILLING}"})
    assert restored(made) == [(2, "7", (PRIMARY, PLAIN)), (3, "8", (PLAIN,)), (3, "9", (PLAIN, BILLING))]


def test_one_entry_belongs_to_all_pairs_of_a_row() -> None:
    made = block((7, 8))
    restore_types(made, {2: PLAIN})
    assert restored(made) == [(2, "7", (PLAIN,)), (2, "8", (PLAIN,))]


def test_pairs_that_were_not_linked_are_left_out() -> None:
    made = block((7,), (8, 9), (10,))
    restore_types(made, {2: "-", 3: f"-|{PLAIN}"})
    assert restored(made) == [(3, "9", (PLAIN,)), (4, "10", ())]
    assert made.problems == []


def test_a_row_whose_ids_were_edited_is_invalid() -> None:
    made = block((7, 8, 9), (7,))
    restore_types(made, {2: f"{PLAIN}|{BILLING}", 3: PLAIN})
    assert restored(made) == [(3, "7", (PLAIN,))]
    assert [(row, problem.code) for row, problem in made.problems] == [(2, "TYPES_OF_OTHER_PAIRS")]
