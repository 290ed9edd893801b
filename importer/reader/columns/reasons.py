"""Sentences that explain to people why the columns of a file have their roles."""

from importer.config import Reading
from importer.model import Role
from importer.reader.columns.headers import ColumnKind, Meaning, meaning
from importer.reader.columns.roles import Columns, Header
from importer.reader.messages import quoted

_CHOSEN = "You chose this column."
_BY_KIND = {
    ColumnKind.FROM: "Its header names the record to link from.",
    ColumnKind.TO: "Its header names the record to link to.",
    ColumnKind.RECORD: "It holds the HubSpot id of the record that the row is about.",
}


def reasons(header: Header, columns: Columns, reading: Reading) -> dict[Role, str]:
    """Return the reason for the choice of column, for each role that has one."""
    lookups = {Role.FROM_OBJECT_ID: columns.from_side.lookup_by, Role.TO_OBJECT_ID: columns.to_side.lookup_by}
    return {
        role: _reason(role, meaning(header.texts[index]), reading, lookups.get(role, ""))
        for role, index in columns.roles().items()
    }


def _reason(role: Role, found: Meaning | None, reading: Reading, lookup_by: str) -> str:
    if role in reading.columns:
        return _CHOSEN
    if role is Role.LABEL:
        return "Its header names labels."
    if lookup_by:
        return f"Its header names the property {quoted(lookup_by)}."
    if found is None:
        return "It is the only column that can have this role."
    if found.holds_type:
        return "Its header names the type of the record."
    if found.kind in _BY_KIND:
        return _BY_KIND[found.kind]
    records = found.object_type or found.named
    if found.kind is ColumnKind.ASSOCIATED:
        return f"Its header lists the associated {records}, as a HubSpot export does."
    return f"Its header names {records}."
