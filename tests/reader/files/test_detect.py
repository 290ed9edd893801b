"""Files that are not what their names promise."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from tests.support.errors import raises
from tests.support.xlsx_rows import made, rows

LINKS = Reading("contacts", "companies")


@pytest.mark.parametrize("directory", ["", "directory/"])
def test_a_lock_file_is_recognized(tmp_path: Path, directory: str) -> None:
    (tmp_path / directory).mkdir(exist_ok=True)
    lock = tmp_path / directory / "~$pairs.xlsx"
    lock.write_bytes(b"\x05Admin" + b" " * 49 + b"\x05\0" + "Admin".encode("utf-16-le") + b" \0" * 49)
    with raises(SourceError, "LOCK_FILE"):
        rows(lock)
    renamed = tmp_path / "pairs.xlsx"
    renamed.write_bytes(lock.read_bytes())
    with raises(SourceError, "LOCK_FILE"):
        rows(renamed)
    libreoffice = tmp_path / directory / ".~lock.pairs.ods#"
    libreoffice.write_text(",user,host,25.11.2026 18:20,file:///home/user/.config/libreoffice/4;")
    with raises(SourceError, "LOCK_FILE"):
        rows(libreoffice)


def test_a_table_whose_name_looks_like_a_lock_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "~$pairs.csv"
    path.write_text("from_id,to_id\n7,9\n", encoding="utf-8")
    assert made(path) == ["7"]
