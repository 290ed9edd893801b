"""Fixtures for tests of the runner."""

from tests.cli.tools import hubspot, work

__all__ = ["hubspot", "work"]
