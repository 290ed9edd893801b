"""Reads journals of other versions of importer: just enough to list them, warn about them and delete them.

The table `run` with its JSON values is the same in all versions.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from importer.journal.schema import VERSION


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """A run in a journal of another version; `parent` is the run that it retries or undoes."""

    version: int
    is_finished: bool
    source: str
    parent: str | None

    @property
    def reason(self) -> str:
        """Why the journal cannot be used, in a few words."""
        age = "an earlier" if self.version < VERSION else "a later"
        return f"written by {age} version of importer"


def read_other_version(path: Path) -> OtherVersion | None:
    """Return the run in a journal of another version; None for any other file, including one that cannot be read."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            values = dict(db.execute("SELECT key, value FROM run WHERE key IN ('info', 'summary')"))
        info, summary = json.loads(values["info"]), json.loads(values.get("summary", "null"))
        is_finished = summary is not None and summary["status"] == "finished"
        found = OtherVersion(version, is_finished, str(info["source"]), info.get("parent"))
    except (sqlite3.Error, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if version != VERSION else None
