"""Write the corpus of odd files beside this script: `python tests/files/make.py`.

One small file per oddity, the same every time. What reading makes of each is asserted in
tests/support/corpus.py. A table in TABLES is written both as CSV and as XLSX.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script finds only what is beside it

from tests.files.ods import ods_files
from tests.files.tables import TABLES, csv_text
from tests.files.text import text_files
from tests.files.xls import ole_files
from tests.files.xlsx import table_xlsx, xlsx_files
from tests.files.zip_files import zip_files

FILES = Path(__file__).parent


def main() -> None:
    contents = text_files() | xlsx_files() | ole_files() | ods_files() | zip_files()
    for name, table in TABLES.items():
        contents[f"{name}.csv"] = csv_text(table).encode()
        contents[f"{name}.xlsx"] = table_xlsx(table)
    for old in FILES.iterdir():
        if old.suffix not in {".py", ".md"} and old.is_file():
            old.unlink()
    for name, content in contents.items():
        (FILES / name).write_bytes(content)


if __name__ == "__main__":
    main()
