"""The appearance of results workbooks: colours of statuses and widths of columns, for both writers."""

from dataclasses import dataclass
from types import MappingProxyType

from importer.model import RESULT_COLUMNS, Status

HEADER_COLOUR = "E7E6E6"


@dataclass(frozen=True, slots=True)
class StatusColour:
    """The fill and text colour of a status as RRGGBB; their contrast is at least 4.5:1 (WCAG 2.2, level AA)."""

    fill: str
    text: str


STATUS_COLOURS = MappingProxyType(
    {
        Status.LINKED: StatusColour("C6EFCE", "005000"),
        Status.ALREADY_LINKED: StatusColour("DDEBF7", "1F3864"),
        Status.UNLINKED: StatusColour("C6EFCE", "005000"),
        Status.NOT_LINKED: StatusColour("DDEBF7", "1F3864"),
        Status.BLANK: StatusColour("F2F2F2", "404040"),
        Status.FAILED: StatusColour("FFC7CE", "7F0006"),
        Status.UNCONFIRMED: StatusColour("FFEB9C", "5F4B00"),
        Status.INVALID: StatusColour("F8CBAD", "6A2D08"),
        Status.NOT_SENT: StatusColour("D9D9D9", "262626"),
    }
)

_RESULT_WIDTHS = {
    "import_row": 11,
    "import_status": 15,
    "import_error_category": 22,
    "import_error_message": 50,
    "import_error_details": 24,
    "import_correlation_id": 22,
    "import_association_types": 24,
    "import_completed_at": 22,
    "import_advice": 60,
    "import_run_id": 22,
    "import_types_before": 24,
    "import_from_id": 22,
    "import_to_id": 22,
}
WRAPPED_COLUMNS = frozenset({"import_error_message", "import_advice"})
"""Columns of sentences, which would be cut off by the cell to their right."""

_MIN_WIDTH, _MAX_WIDTH = 12, 40


def result_width(column: str) -> int:
    """Return the width of a result column in characters."""
    return _RESULT_WIDTHS.get(column, len(column) + 2)


def source_width(header: str) -> int:
    """Return the width of a column of the source in characters, by its header."""
    return min(max(len(header) + 3, _MIN_WIDTH), _MAX_WIDTH)


STATUS_COLUMN = RESULT_COLUMNS.index("import_status")
"""The index of `import_status` among the result columns, from 0."""
