"""Count cells that a spreadsheet program may take for formulas when it opens the results as CSV."""

from collections.abc import Sequence

from importer.reader.files.table import FORMULA_SIGNS
from importer.reader.rows.ids import without_formula


def count_formulas(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of cells that look like formulas."""
    text = "\n" + "\n".join(map("\n".join, rows))  # a line break precedes every cell
    if not any(sign in text and "\n" + sign in text for sign in FORMULA_SIGNS):
        return 0
    return sum(_looks_like_formula(cell) for cells in rows for cell in cells if cell and cell[0] in FORMULA_SIGNS)


def _looks_like_formula(cell: str) -> bool:
    """Distinguish a formula from a signed number, a phone number or `="123"`, which are displayed unchanged."""
    if without_formula(cell) != cell:
        return False
    return cell[0] in "=@" or any(c.isalpha() or c in "(!" for c in cell[:1000])
