"""What a command is about, for messages to scripts and other systems: a file or a run."""

import re
from pathlib import Path

from importer.config import Settings
from importer.errors import ImporterError
from importer.redaction import redact
from importer.runner.source_file import FRAME, STANDARD_INPUT
from importer.runner.state_directory import open_journal

_LIKE_A_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{1,8}")
"""Matches run ids, and those with a missing or an additional character at their end."""


def subject_of(given: object, settings: Settings | None = None) -> dict[str, str]:
    """Return the keys `run_id` and `file` of the JSON object of a command that was given a file or the id of a run.

    The file of a run is known only with `settings` that lead to its journal.
    """
    if not isinstance(given, str | Path):
        return {"file": FRAME}
    if given == "-":
        return {"file": STANDARD_INPUT}
    if not _LIKE_A_RUN_ID.fullmatch(str(given)) or Path(given).exists():
        return {"file": redact(str(Path(given).absolute()))}
    return {"run_id": str(given), **_file_of_run(str(given), settings)}


def _file_of_run(run_id: str, settings: Settings | None) -> dict[str, str]:
    if settings is None:
        return {}
    try:
        with open_journal(settings, run_id) as journal:
            return {"file": journal.info.source}
    except (ImporterError, OSError):
        return {}
