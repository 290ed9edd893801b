"""Settings: flags > environment > TOML profile > defaults, validated."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from importer.model import Role, Status


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a source. None means: find out from the file.

    `columns` maps a role to a header or a position (`#2`, from 1); `sheet` is a name or an index from 1; `limit` is the
    number of data rows to take from the top; `statuses`, when given, takes only the rows whose `import_status` from an
    earlier run is one of these.
    """

    from_object_type: str | None = None
    to_object_type: str | None = None
    columns: Mapping[Role, str] = field(default_factory=dict)
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    limit: int | None = None
    statuses: frozenset[Status] | None = None
