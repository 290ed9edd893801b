"""The lines of JSON between the server and its worker processes.

The server writes a job, and then what a person typed, to the standard input of a worker. After its last line about the
job, the worker may get another one. The end of the input stops it as Ctrl-C does, so it also stops when the server is
killed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from importer.config import Settings, Supplied, load_settings
from importer.redaction import redact


class JobKind(StrEnum):
    """The kind of a job."""

    ACCOUNT = "account"
    PREVIEW = "preview"
    CHECK = "check"
    RUN = "run"
    CONTINUE = "continue"
    RETRY = "retry"
    UNDO = "undo"
    REPORT = "report"


class EventKind(StrEnum):
    """The kind of a line from a worker; the last line about a job is a RESULT or an ERROR."""

    ROWS_READ = "rows_read"
    PLAN = "plan"
    NOTICE = "notice"
    CONFIRM = "confirm"
    RESULT = "result"
    ERROR = "error"


def error_values(code: str, message: str) -> dict[str, str]:
    """Return the JSON object of an error, without secrets."""
    return {"code": code, "message": redact(message)}


@dataclass(frozen=True, slots=True)
class Job:
    """A job for a worker.

    `flags`, `config` and `profile`: the settings, as on the command line. `token`: the one that a person typed, or "".
    `sandbox_url`: the sandbox that the server runs, or "". `shown_portal_id`: the account that the page shows, if it is
    known. `values`: the arguments of this kind of job.
    """

    kind: JobKind
    flags: Mapping[str, Any] = field(default_factory=dict)
    config: str | None = None
    profile: str | None = None
    token: str = field(default="", repr=False)
    sandbox_url: str = ""
    shown_portal_id: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Return the settings of the job. Raises SettingsError."""
        settings = load_settings(self.flags, Path(self.config) if self.config else None, self.profile)
        token = SecretStr(self.token) if self.token else None
        settings.supply(Supplied(token, self.sandbox_url or None, self.shown_portal_id))
        return settings
