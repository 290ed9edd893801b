"""Fixtures for tests of the command line."""

from tests.cli.tools import hubspot, work

__all__ = ["hubspot", "work"]
