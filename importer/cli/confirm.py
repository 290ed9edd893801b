"""Asks for the number of links to remove, in a terminal."""

import sys

import click

from importer.runner.confirmation import Confirmation, links_text


def confirmation(number: int | None) -> Confirmation:
    """Return how the number of links is confirmed: by `number` if given, else by a person in a terminal."""
    is_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    return Confirmation(number, _ask if is_terminal else None)


def _ask(number: int) -> str:
    click.echo(f"{links_text(number)} will be removed, with all labels. HubSpot keeps no copy.", err=True)
    return str(click.prompt("Type the number of links to remove", default="", show_default=False, err=True))
