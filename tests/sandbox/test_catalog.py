"""The object types and association types of the sandbox."""

from importer.sandbox.catalog import ASSOCIATION_SPECS, OBJECT_TYPES, TYPE_NAMES


def test_types_are_known_by_plural_and_id_and_singulars_are_not() -> None:
    assert {TYPE_NAMES[name] for name in ("contacts", "0-1")} == {"contacts"}
    assert {TYPE_NAMES[name] for name in ("p1_pets", "pets", "2-101")} == {"p1_pets"}
    assert not {"contact", "company", "deal", "ticket", "Contacts"} & set(TYPE_NAMES)
    assert len(OBJECT_TYPES) == len(set(OBJECT_TYPES.values())) == 32


def test_every_direction_has_its_own_association_type() -> None:
    kinds = [(spec["associationCategory"], spec["associationTypeId"]) for spec in ASSOCIATION_SPECS.values()]
    assert len(kinds) == len(set(kinds)) == 34 * 34
    assert ASSOCIATION_SPECS["contacts", "companies"]["associationTypeId"] == 279
