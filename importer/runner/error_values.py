"""The JSON object of a command that ended with an error instead of a summary."""

from collections.abc import Mapping
from typing import Any

from importer.errors import ImporterError, RunAbortedError
from importer.exit_codes import ExitCode


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code of a command that ended with this error.

    STOPPED when requests were sent and the run can be resumed, WRONG_INPUT for other errors that a person can correct.
    """
    if isinstance(error, RunAbortedError):
        return ExitCode.STOPPED
    return ExitCode.WRONG_INPUT if isinstance(error, ImporterError) else ExitCode.INTERNAL_ERROR


def error_values(error: Exception, subject: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON values of an error without its message, which may quote cells.

    An aborted run has the values of a summary as well, as far as they are known. `subject` has the file or the run that
    the command was given.
    """
    run = error.run if isinstance(error, RunAbortedError) else {}
    code = error.code if isinstance(error, ImporterError) else "INTERNAL_ERROR"
    return {**subject, "status": "error", **run, "code": code, "exit_code": int(exit_code(error))}
