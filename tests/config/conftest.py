"""Settings come only from the tests, not from the environment in which they run."""

import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("IMPORTER_") or name == "HUBSPOT_ACCESS_TOKEN":
            monkeypatch.delenv(name)
