"""Compressed tables: limits, and deletion of the expanded copy when the table is closed."""

import gzip
import tempfile
import zipfile
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_source
from tests.files.archives import archive as zip_of
from tests.support.blocks import rows_of
from tests.support.errors import raises

LINKS = Reading("contacts", "companies")
CSV = b"from_id,to_id\n1,2\n"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def archive(path: Path) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(CSV))
    else:
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("pairs.csv", CSV)
    return path


@pytest.mark.parametrize("name", ["pairs.csv.gz", "pairs.zip"])
def test_the_expanded_copy_is_deleted_when_the_table_is_closed(tmp_path: Path, temporary: Path, name: str) -> None:
    with open_source(archive(tmp_path / name), LINKS) as source:
        assert [row.number for row in rows_of(source.blocks())] == [2]
        assert list(temporary.iterdir())
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", ["pairs.csv.gz", "pairs.zip"])
def test_the_expanded_copy_is_deleted_when_the_table_is_rejected(tmp_path: Path, temporary: Path, name: str) -> None:
    with pytest.raises(SourceError, match="import_status"):
        open_source(
            archive(tmp_path / name), Reading("contacts", "companies", columns={}, sheet=None, statuses=frozenset())
        )
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", ["pairs.csv.gz", "pairs.zip"])
def test_a_file_that_expands_beyond_the_limit_is_rejected(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("importer.reader.files.archives.MAX_EXPANDED", len(CSV) - 1)
    with raises(SourceError, "LIMIT_EXCEEDED"):
        open_source(archive(tmp_path / name), LINKS)
    assert not list(temporary.iterdir())


def bad_name(content: bytes) -> bytes:
    """Return a zip archive with a file name that is declared as UTF-8 but is not."""
    return content.replace("é.csv".encode(), b"\xff\xfe.csv")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.zip", bad_name(zip_of({"é.csv": CSV})), "FILE_DAMAGED"),
        ("a.zip", zip_of({"./": b"", "pairs.csv": CSV}), ""),
        ("a.zip", zip_of({"__MACOSX\\._pairs.csv": b"x", "pairs.csv": CSV}), ""),
        ("a.csv", b"a.csv".ljust(257, b"\0") + b"ustar" + bytes(500), "NOT_A_TABLE"),
    ],
)
def test_odd_archives_are_read_or_rejected(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if code:
        with raises(SourceError, code):
            open_source(path, LINKS)
        return
    with open_source(path, LINKS) as source:
        assert [row.number for row in rows_of(source.blocks())] == [2]
