"""Internal errors: their details go to a file, because they may quote cells and nobody watches the terminal."""

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from importer.redaction import redact


def save_traceback(directory: Path) -> str:
    """Write the traceback of the current exception to a file, without secrets, and return a sentence that names it."""
    path = directory / f"error-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.txt"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(redact(traceback.format_exc()).encode(errors="backslashreplace").decode())
    return f"An internal error occurred. Please report it; the details are in {path}."
