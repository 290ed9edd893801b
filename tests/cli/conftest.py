"""Fixtures for tests of the command line."""

from tests.support.command_line import hubspot, work

__all__ = ["hubspot", "work"]
