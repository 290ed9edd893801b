"""Fixtures for tests of the runner."""

from tests.support.command_line import hubspot, work

__all__ = ["hubspot", "work"]
