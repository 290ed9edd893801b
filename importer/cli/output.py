"""What the command line prints for people: every line stays one line, and shows no secret that it may quote."""

import traceback

import click

from importer.printable import printable
from importer.redaction import redact


def show(*lines: str) -> None:
    """Print lines on standard output; what would end or rewrite one of them is shown instead."""
    click.echo("\n".join(map(printable, lines)))


def show_error(sentence: str) -> None:
    """Print the sentence that ends a command on standard error."""
    click.echo(f"Error: {printable(redact(sentence))}", err=True)


def show_usage_error(error: click.ClickException) -> None:
    """Print what click says about wrong arguments, which it quotes."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path, help_option = error.ctx.command_path, error.ctx.help_option_names[0]
        click.echo(f"{error.ctx.get_usage()}\nTry '{path} {help_option}' for help.\n", err=True)
    show_error(error.format_message())


def show_traceback() -> None:
    """Print the traceback of the exception being handled, indented so that no text in it passes for a line of ours."""
    click.echo("Internal error, please report it:", err=True)
    for line in redact(traceback.format_exc()).rstrip("\n").split("\n"):
        click.echo(f"  {printable(line)}", err=True)
