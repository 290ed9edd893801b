"""Output for people: no text from outside can forge or rewrite a line, and no line contains a secret.

In a terminal, long lines are wrapped between words with a hanging indent, and statuses are coloured (unless NO_COLOR is
set). In a pipe or a file every line stays one line without colours.
"""

import os
import re
import shutil
import sys
import textwrap
import traceback
from typing import TextIO

import click

from importer.model import GOOD_STATUSES, Status
from importer.printable import printable
from importer.redaction import redact

MAX_WIDTH = 100
"""Maximum line length in a wide terminal: longer lines are hard to read."""

FIRST_WORD = re.compile(r"(\s*)(\w+)")

_STATUS_COLORS: dict[str, str] = {
    **{status: "green" if status in GOOD_STATUSES else "red" for status in Status},
    Status.UNCONFIRMED: "yellow",
    Status.NOT_SENT: "yellow",
}


def has_colors(stream: TextIO) -> bool:
    """Return whether text on a stream may be coloured. Source: no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def fit(line: str, stream: TextIO) -> str:
    """Wrap a line between words to the width of the terminal; other streams get it unchanged."""
    if not stream.isatty():
        return line
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    indent = line[: len(line) - len(line.lstrip())]
    wrapped = textwrap.wrap(
        line, width, subsequent_indent=f"{indent}    ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrapped)


def show(*lines: str) -> None:
    """Print lines on standard output; line breaks and control characters in them are escaped."""
    stream = sys.stdout
    click.echo("\n".join(fit(printable(line), stream) for line in lines))


def show_summary(table: str) -> None:
    """Print a summary table on standard output, its statuses coloured where the terminal has colours."""
    if has_colors(sys.stdout):
        table = "\n".join(map(_color_status, table.split("\n")))
    click.echo(table)


def _color_status(line: str) -> str:
    found = FIRST_WORD.match(line)
    if not found or found[2] not in _STATUS_COLORS:
        return line
    return found[1] + click.style(found[2], fg=_STATUS_COLORS[found[2]]) + line[found.end() :]


def show_error(message: str, code: str) -> None:
    """Print the error that ends a command, with its code, on standard error."""
    stream = sys.stderr
    text = fit(f"Error: {printable(redact(message))} [{code}]", stream)
    click.echo(color_mark(text, "Error:", "red", stream), err=True)


def color_mark(text: str, mark: str, color: str, stream: TextIO) -> str:
    """Return a text whose first word `mark` is coloured if the stream is a terminal with colours."""
    return click.style(mark, fg=color, bold=True) + text.removeprefix(mark) if has_colors(stream) else text


def show_usage_error(error: click.ClickException) -> None:
    """Print click's error about wrong arguments, which it quotes."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path, help_option = error.ctx.command_path, error.ctx.help_option_names[0]
        click.echo(f"{error.ctx.get_usage()}\nTry '{path} {help_option}' for help.\n", err=True)
    show_error(error.format_message(), "USAGE")


def show_traceback() -> None:
    """Print the traceback of the current exception, indented so that no text in it looks like an error line of ours."""
    click.echo("Internal error, please report it:", err=True)
    for line in redact(traceback.format_exc()).rstrip("\n").split("\n"):
        click.echo(f"  {printable(line)}", err=True)
