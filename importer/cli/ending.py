"""The end of a command: its summary or its error on standard output and standard error, and its exit code.

With `--json`, exactly one JSON object is printed, however the command ends.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import click

from importer.cli import options
from importer.cli.display import Display
from importer.config import Settings
from importer.errors import ImporterError, SettingsError
from importer.exit_codes import ExitCode
from importer.runner.error_values import error_values, exit_code


class Result(Protocol):
    """What a command returns."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the command."""


R = TypeVar("R", bound=Result)


def execute(
    flags: dict[str, Any],
    subject: Mapping[str, str],
    work: Callable[[Settings, Display], R],
    as_json: Callable[[R], str],
    show: Callable[[R], None],
    refuse: Callable[[SettingsError], None] = lambda error: None,
) -> int:
    """Do the work of a command with the settings of its flags, print its result or its error, and return its exit code.

    `subject` has the file or the run that the command is about, for the JSON object of an error. `as_json` and `show`
    print the result for scripts and, unless `--quiet` is given, for people. `refuse` is called with the error if the
    settings are wrong.
    """
    prints_json = flags.pop("as_json")
    with _printing_errors(subject) if prints_json else _ignoring_errors():
        try:
            settings = options.settings_from(flags)
        except SettingsError as error:
            refuse(error)
            raise
        with Display(settings) as display:
            try:
                result = work(settings, display)
            except ImporterError as error:
                display.log_error(error)
                if prints_json:
                    _print_error(error, subject)
                return exit_code(error)
        if prints_json:
            click.echo(as_json(result))
        elif not settings.quiet:
            show(result)
        return result.exit_code


@contextmanager
def _ignoring_errors() -> Iterator[None]:
    yield


@contextmanager
def _printing_errors(subject: Mapping[str, str]) -> Iterator[None]:
    """Print the JSON object of an error or a signal that ends the block."""
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        _print({**subject, "status": "interrupted", "exit_code": int(ExitCode.INTERRUPTED)})
        raise
    except SystemExit as end:  # raised when a signal arrives outside the sending of a run
        _print({**subject, "status": "interrupted", "exit_code": end.code})
        raise
    except Exception as error:
        _print_error(error, subject)
        raise


def _print_error(error: Exception, subject: Mapping[str, str]) -> None:
    message = {"message": str(error)} if isinstance(error, ImporterError) else {}
    _print({**error_values(error, subject), **message})


def _print(values: Mapping[str, Any]) -> None:
    click.echo(json.dumps(values))
