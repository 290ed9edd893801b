"""The command line: arguments in, exit code out."""

import gc
import signal
import sys
from types import FrameType

import click

from importer.cli.commands import cli, exit_code
from importer.cli.output import show_error, show_traceback, show_usage_error
from importer.cli.streams import make_lenient, report_lost_output
from importer.errors import ImporterError
from importer.exit_codes import ExitCode
from importer.runner.os_errors import translate_os_errors
from importer.runner.signals import exit_code as signal_exit_code
from importer.runner.signals import terminations


def main() -> None:
    """Run the command line and exit with its code; an unforeseen error keeps its traceback and exits with 70.

    The code is the command's own, whether or not what it prints can be written.
    """
    make_lenient()
    for number in terminations():
        signal.signal(number, _terminate)
    gc.freeze()  # what the imports made stays: looking through it again and again took a tenth of a large run's time
    try:
        code = _exit_code(sys.argv[1:])
    except Exception:  # noqa: BLE001 - translate_errors in full; Python's own exit code, 1, would say that the run went to its end
        show_traceback()
        code = ExitCode.INTERNAL_ERROR
    report_lost_output()
    sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    try:
        with translate_os_errors():
            code = cli.main(arguments, prog_name="importer", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        show_usage_error(error)
        return ExitCode.WRONG_INPUT
    except ImporterError as error:
        show_error(str(error))
        return exit_code(error)
    return code if isinstance(code, int) else ExitCode.OK


def _terminate(number: int, frame: FrameType | None) -> None:
    """End as an exception would, so that half-written files are removed."""
    raise SystemExit(signal_exit_code(number))
