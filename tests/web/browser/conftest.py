"""A browser and a server with a sandbox, shared by the tests of a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.local_page import PageServer, chromium, page_server, visit


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, or a skipped test."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """`importer web --sandbox`, started only where there is a browser."""
    with page_server(tmp_path_factory.mktemp("web"), "--sandbox") as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: PageServer) -> Iterator[Page]:
    """The first step, in a separate browser context."""
    with visit(browser, server) as opened:
        yield opened
