"""Asks for the number of links or labels to remove, in a terminal."""

import sys

import click

from importer.runner.confirmation import Confirmation, Removed, removed_text


def confirmation(number: int | None) -> Confirmation:
    """Return how the number of links or labels is confirmed: by `number` if given, else by a person in a terminal."""
    is_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    return Confirmation(number, _ask if is_terminal else None)


def _ask(number: int, removed: Removed) -> str:
    kept = "but not the links themselves" if removed is Removed.LABELS else "with all their labels"
    click.echo(f"{removed_text(number, removed)} will be removed, {kept}. HubSpot keeps no copy.", err=True)
    return str(click.prompt(f"Type the number of {removed} to remove", default="", show_default=False, err=True))
