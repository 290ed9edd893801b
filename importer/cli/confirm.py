"""Asks for the number of links to remove, in a terminal."""

import sys

import click

from importer.runner.confirmation import Confirmation


def confirmation(number: int | None) -> Confirmation:
    """Return how the number of links is confirmed: by `number` if given, else by a person in a terminal."""
    is_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    return Confirmation(number, _ask if is_terminal else None)


def _ask(number: int) -> str:
    click.echo(f"{number:,} links will be removed, with all their labels. HubSpot keeps no copy of them.", err=True)
    return str(click.prompt("Type the number of links to remove them", default="", show_default=False, err=True))
