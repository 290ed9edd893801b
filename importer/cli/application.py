"""One execution of the command line: from arguments to the exit code, with every error reported."""

import gc
import signal
from collections.abc import Sequence
from types import FrameType

import click

from importer.cli.commands import cli
from importer.cli.output import show_error, show_traceback, show_usage_error
from importer.cli.streams import make_lenient, report_lost_output
from importer.errors import ImporterError
from importer.exit_codes import ExitCode
from importer.runner.error_values import exit_code
from importer.runner.os_errors import translate_os_errors
from importer.runner.signals import exit_code as signal_exit_code
from importer.runner.signals import termination_signals

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def run(arguments: Sequence[str]) -> int:
    """Execute a command and return its exit code; an unexpected error prints its traceback and returns 70.

    The exit code does not depend on whether the command's output could be written.
    """
    make_lenient()
    for number in termination_signals():
        signal.signal(number, _terminate)
    _collect_rarely()
    code: int
    try:
        code = _run_command(arguments)
    except Exception:  # noqa: BLE001 - reported in full; Python's own exit code, 1, would mean that the run completed
        show_traceback()
        code = ExitCode.INTERNAL_ERROR
    report_lost_output()
    return code


def _collect_rarely() -> None:
    """Make the cyclic garbage collector scan less; it took a tenth of the time of a large run.

    The objects of modules exist until the end; the response to a batch has tens of thousands of short-lived ones.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    gc.enable()  # `main` disabled it


def _run_command(arguments: Sequence[str]) -> int:
    try:
        with translate_os_errors():
            code = cli.main(list(arguments), prog_name="importer", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        show_usage_error(error)
        return ExitCode.WRONG_INPUT
    except ImporterError as error:
        show_error(str(error), error.code)
        return exit_code(error)
    return code if isinstance(code, int) else ExitCode.OK


def _terminate(number: int, frame: FrameType | None) -> None:
    """Exit with an exception, so that temporary files are removed."""
    raise SystemExit(signal_exit_code(number))
