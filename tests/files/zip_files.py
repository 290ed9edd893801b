"""Archives of tables."""

from tests.files.archives import archive
from tests.files.tables import TWO_PAIRS, csv_text
from tests.files.xlsx import table_xlsx


def zip_files() -> dict[str, bytes]:
    """Return the content of each archive by its name."""
    return {
        "one_table.zip": archive(
            {"data/pairs.csv": csv_text(TWO_PAIRS), "__MACOSX/._pairs.csv": b"\0", "readme.md": "x"}
        ),
        "one_workbook.zip": archive({"pairs.xlsx": table_xlsx(TWO_PAIRS)}),
        "two_tables.zip": archive({"a.csv": csv_text(TWO_PAIRS), "b.csv": csv_text([["Deal ID", "Company ID"]])}),
        "split_table.zip": archive(
            {"pairs-10.csv": csv_text([TWO_PAIRS[0], ["5", "6"]]), "pairs-2.csv": csv_text([TWO_PAIRS[0], ["3", "4"]])}
        ),
        "nothing.zip": archive({}),
        "zip_in_zip.zip": archive({"inner.zip": archive({"pairs.csv": csv_text(TWO_PAIRS)})}),
    }
