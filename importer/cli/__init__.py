"""The command line: arguments in, exit code out."""

import gc
import io
import signal
import sys
from types import FrameType

import click

from importer.cli.commands import cli, exit_code
from importer.cli.output import show_error, show_traceback, show_usage_error
from importer.errors import ImporterError

_WRONG = 2
_BUG = 70  # sysexits.h, EX_SOFTWARE
_INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Run the command line and exit with its code; an unforeseen error keeps its traceback and exits with 70."""
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error: a run must not end over a path's name
    gc.freeze()  # what the imports made stays: looking through it again and again took a tenth of a large run's time
    try:
        code = _exit_code(sys.argv[1:])
    except Exception:  # noqa: BLE001 - told in full; Python's own exit code, 1, would say that the run went to its end
        show_traceback()
        code = _BUG
    sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    try:
        code = cli.main(arguments, prog_name="importer", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    except click.ClickException as error:
        show_usage_error(error)
        return _WRONG
    except ImporterError as error:
        show_error(str(error))
        return exit_code(error)
    return code if isinstance(code, int) else 0


def _terminate(number: int, frame: FrameType | None) -> None:
    """End as an exception would, so that half-written files are removed."""
    raise SystemExit(128 + number)
