"""The uploaded files and what a person has chosen for them, in the state directory."""

import json
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from importer.atomic_file import AtomicFile
from importer.runner.uploads import DESCRIPTION, UPLOAD_ID, Uploads
from importer.web.edits import Edit, Edits, ListedEdits, RunEdits, from_list, listed
from importer.web.responses import RequestError

_ID_BYTES = 16
_MAX_NAME = 120
_CORRECTIONS = "corrections.json"
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@dataclass(frozen=True, slots=True)
class Import:
    """An uploaded file, and how a person wants to import it.

    `reading`: the settings for reading it that were chosen; the others are detected. `edits`: the corrected cells as
    `[row, column, text]`. `run_id`: the latest run over it. `is_remembered`: whether the columns were chosen for an
    earlier file with the same header. `is_suggested`: whether nobody has chosen them, so that records without ids are
    looked up by the properties that the header names.
    """

    id: str
    name: str
    size: int
    created_at: str
    operation: str = "link"
    label_mode: str = "add"
    reading: Mapping[str, Any] = field(default_factory=dict)
    edits: ListedEdits = ()
    run_id: str | None = None
    is_remembered: bool = False
    is_suggested: bool = False

    @property
    def corrections(self) -> Edits:
        """The corrected cells by row number and column index."""
        return from_list(self.edits)

    def with_edit(self, edit: Edit) -> "Import":
        """Return the import with one cell changed."""
        return replace(self, edits=listed(edit.added_to(self.corrections)))


class ImportStore:
    """The imports of a state directory: a private directory for each, with the file in it."""

    def __init__(self, directory: Path) -> None:
        """Use the imports in `directory`, which is created when needed."""
        self.root = directory
        self._uploads = Uploads(directory)
        self._imports, self._downloads = self._uploads.imports, self._uploads.downloads
        self._mappings = directory / "mappings.json"

    def create(self) -> str:
        """Create the directory of a new import and return its id."""
        import_id = secrets.token_urlsafe(_ID_BYTES)
        self._imports.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._imports / import_id / "file").mkdir(mode=0o700, parents=True)
        os.chmod(self._imports / import_id, 0o700)  # noqa: PTH101 - mkdir does not apply the mode to parents
        return import_id

    def directory(self, import_id: str) -> Path:
        """Return the directory of an import. Raises RequestError if there is no such import."""
        path = self._imports / import_id
        if not UPLOAD_ID.fullmatch(import_id) or not path.is_dir():
            raise RequestError(404, "IMPORT_NOT_FOUND", "This upload does not exist any more. Upload the file again.")
        return path

    def source(self, found: Import) -> Path:
        """Return the path of the uploaded file."""
        return self.directory(found.id) / "file" / found.name

    def journal_of_check(self, import_id: str) -> Path:
        """Return the path of the journal of the last check."""
        return self.directory(import_id) / "check.sqlite"

    def load(self, import_id: str) -> Import:
        """Return an import. Raises RequestError if there is no such import, or its upload is incomplete."""
        values = _read(self.directory(import_id) / DESCRIPTION)
        if values is None:
            raise RequestError(404, "IMPORT_NOT_FOUND", "This file was not uploaded completely. Upload it again.")
        return _import(values)

    def save(self, changed: Import) -> None:
        """Store an import."""
        _write(self.directory(changed.id) / DESCRIPTION, asdict(changed))

    def read(self, import_id: str, name: str) -> dict[str, Any] | None:
        """Return the JSON object `name` of an import, None if it is missing or unreadable."""
        return _read(self.directory(import_id) / f"{name}.json")

    def write(self, import_id: str, name: str, value: Mapping[str, Any]) -> None:
        """Store the JSON object `name` of an import."""
        _write(self.directory(import_id) / f"{name}.json", value)

    def remove(self, import_id: str) -> None:
        """Delete an import with its file."""
        shutil.rmtree(self.directory(import_id))

    def all(self) -> Iterator[Import]:
        """Yield the completely uploaded imports, newest first."""
        read = (_read(directory / DESCRIPTION) for directory in self._uploads.directories())
        found = [values for values in read if values is not None]
        for values in sorted(found, key=lambda one: str(one["created_at"]), reverse=True):
            yield _import(values)

    def of_source(self, source: str) -> str | None:
        """Return the id of the import whose file has the path `source`, None if it was not uploaded here."""
        return self._uploads.of_source(source)

    def downloads(self, run_id: str) -> Path:
        """Create and return the directory for the downloads of a run, whose id must be that of a journal."""
        directory = self._downloads / run_id
        self._downloads.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def remove_downloads(self, run_id: str) -> None:
        """Delete the downloads of a run."""
        shutil.rmtree(self._downloads / run_id, ignore_errors=True)

    # ---- corrections of rows of a run

    def run_edits(self, run_id: str) -> RunEdits:
        """Return the corrected cells of a run."""
        values = _read(self._downloads / run_id / _CORRECTIONS) or {"cells": [], "ready": []}
        return RunEdits(from_list(values["cells"]), frozenset(values["ready"]), frozenset(values.get("sent", ())))

    def save_run_edits(self, run_id: str, edits: RunEdits) -> None:
        """Store the corrected cells of a run; they are deleted with its downloads."""
        values = {"cells": listed(edits.cells), "ready": sorted(edits.ready), "sent": sorted(edits.sent)}
        _write(self.downloads(run_id) / _CORRECTIONS, values)

    def mark_sent(self, run_id: str, sent: RunEdits) -> None:
        """Record which corrected rows a retry sends, except for rows that were corrected again in the meantime."""
        if sent.ready:
            now = self.run_edits(run_id)
            same = {row for row in sent.ready if now.of_row(row) == sent.of_row(row)}
            self.save_run_edits(run_id, replace(now, sent=now.sent | same))

    # ---- mappings

    def remembered(self, header: str) -> dict[str, Any] | None:
        """Return the settings that were last used for a header, None if there are none."""
        found = (_read(self._mappings) or {}).get(header)
        return found if isinstance(found, dict) else None

    def remember(self, header: str, reading: Mapping[str, Any]) -> None:
        """Store the settings that were used for a header."""
        self._mappings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self._mappings, {**(_read(self._mappings) or {}), header: dict(reading)})


def safe_name(name: str) -> str:
    """Return a name for an uploaded file: the last part of `name` without characters that file systems reject."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()).replace("\\", "/").rpartition("/")[2]
    text = _NOT_IN_NAMES.sub("_", text).strip(". ")
    if not text or _RESERVED.match(text):
        text = f"upload{Path(text).suffix}"
    stem, suffix = Path(text).stem, Path(text).suffix[-10:]
    while len(f"{stem}{suffix}".encode()) > _MAX_NAME:
        stem = stem[:-1]
    return f"{stem}{suffix}"


def _import(values: dict[str, Any]) -> Import:
    edits = tuple((row, column, text) for row, column, text in values["edits"])
    return Import(**{**values, "edits": edits})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _write(path: Path, value: Mapping[str, Any]) -> None:
    with AtomicFile(path) as draft:
        draft.file.write(json.dumps(value).encode())
        draft.finish()
        draft.commit()
