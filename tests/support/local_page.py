"""The local page in a real browser: `importer web` as a process, Debian's Chromium, and what a page must never do."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    StorageState,
    expect,
    sync_playwright,
)

from tests.support.command_line import ROOT

SAMPLES = ROOT / "sample_data"
PHONE_WIDTH = 320
"""Pixels; also the width of a 1,280 pixel window at 400 % zoom."""

expect.set_options(timeout=60_000)  # milliseconds; a busy machine starts processes slowly


@dataclass(frozen=True, slots=True)
class PageServer:
    """A running `importer web`, its one-time address and its state directory."""

    process: "subprocess.Popen[bytes]"
    address: str
    folder: Path
    environment: Mapping[str, str]
    """Of the process, so that the command line can be run as it would be beside it."""

    cookies: list[StorageState] = field(default_factory=list)
    """The cookies that a browser got for the one-time address; later browsers are signed in with them."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        found = re.match(r"http://127\.0\.0\.1:\d+", self.address)
        assert found, self.address
        return found[0]

    @property
    def state(self) -> Path:
        """Its state directory."""
        return self.folder / "state"

    def kill(self) -> None:
        """End the process as a power failure does."""
        with self.process:
            self.process.kill()

    def stop(self) -> int:
        """Stop it as Ctrl-C does and return its exit code."""
        with self.process:
            self.process.send_signal(signal.SIGINT)
            return self.process.wait(timeout=60)


def start_server(folder: Path, *arguments: str, **variables: str) -> PageServer:
    """Start `importer web` with its state in this folder."""
    system = {name: value for name, value in os.environ.items() if not name.startswith(("IMPORTER_", "HUBSPOT_"))}
    environment = {
        **system,
        "PYTHONPATH": str(ROOT),
        # A worker that is stopped while it opens a file leaves that file to the garbage collector.
        "PYTHONWARNINGS": "error,ignore::ResourceWarning",
        "IMPORTER_STATE_DIR": str(folder / "state"),
        **variables,
    }
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "importer", "web", "--no-browser", "--json", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
        )
    assert process.stdout
    line = process.stdout.readline()
    assert line, (folder / "web.log").read_text(encoding="utf-8")
    return PageServer(process, json.loads(line)["url"], folder, environment)


@contextlib.contextmanager
def page_server(folder: Path, *arguments: str, **variables: str) -> Iterator[PageServer]:
    """Run `importer web` for the duration of the block; what it writes to standard error must not be a traceback."""
    server = start_server(folder, *arguments, **variables)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        log = (folder / "web.log").read_text(encoding="utf-8")
        assert "Traceback" not in log, log


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium; skip the test where it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no web browser here: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass  # without slots: Playwright marks the objects whose methods it calls
class Observer:
    """Forbidden requests, errors and dialogs of the pages of a context."""

    origin: str
    complaints: list[str] = field(default_factory=list)

    def observe(self, context: BrowserContext) -> None:
        """Observe the pages of a context: their requests, their errors, and dialogs of scripts."""
        context.on("request", lambda request: self._request(request.url))
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.complaints.append(f"request: {url}")

    def _console(self, message: ConsoleMessage) -> None:
        # The browser itself reports responses such as 409, which the page shows in its own words.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")


@contextlib.contextmanager
def visit(browser: Browser, server: PageServer, *, dark: bool = False, width: int = 1_280) -> Iterator[Page]:
    """Open the page in a separate browser context, in which it must request nothing elsewhere and have no errors."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        storage_state=server.cookies[0] if server.cookies else None,
    )
    observer = Observer(server.origin)
    observer.observe(context)
    try:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(server.origin if server.cookies else server.address)
        server.cookies.append(context.storage_state())
        yield page
    finally:
        context.close()
    assert observer.complaints == []


def on_step(page: Page, name: str) -> None:
    """Wait for a step: its heading is the only one of level 1 and has the focus."""
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(name)
    expect(heading).to_be_focused()


def press(page: Page | Locator, name: str) -> None:
    """Click a button by its name."""
    page.get_by_role("button", name=name, exact=True).click()


def choose_file(page: Page, path: Path) -> None:
    """Choose a file as a person does: the click on the field opens the browser's dialog."""
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Spreadsheet").click()
    chooser.value.set_files(path)


def upload(page: Page, path: Path) -> None:
    """Take a file from the first step to the second."""
    choose_file(page, path)
    press(page, "Continue")
    on_step(page, "Columns")


def check(page: Page, path: Path) -> None:
    """Take a file from the first step to the end of its check."""
    upload(page, path)
    press(page, "Check")
    on_step(page, "Check")
    expect(page.get_by_role("heading", name="What it takes")).to_be_visible()


def run(page: Page, path: Path) -> None:
    """Take a file from the first step to its results."""
    check(page, path)
    page.get_by_role("button", name=re.compile(r"^Link [\d,]+ pairs?$")).click()
    on_step(page, "Results")


def check_removal(page: Page, server: PageServer, path: Path) -> None:
    """Link a file, and take it from the first step to the check of the removal of its links."""
    run(page, path)
    page.goto(server.origin)
    upload(page, path)
    page.get_by_text("More options").click()
    page.get_by_label("Remove their links").check()
    press(page, "Check")


def confirm_removal(page: Page, number: int) -> None:
    """Type the number of links to remove."""
    page.get_by_label("Number of links to remove").fill(str(number))
    press(page, "Remove the links")


def figure(page: Page, name: str) -> Locator:
    """Return the number beside a name."""
    return page.locator("dl.figures > div", has=page.get_by_text(name, exact=True)).locator("dd")


def rows(page: Page) -> Locator:
    """Return the rows of the table of results."""
    return page.get_by_role("region", name="Rows").locator("tbody tr")


def accessibility_problems(page: Page) -> list[str]:
    """Return what axe-core finds on the page."""
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {node['html']}" for item in found for node in item["nodes"]]


def is_too_wide(page: Page) -> bool:
    """Return whether the page as a whole has to be scrolled sideways."""
    too_wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return too_wide


def contacts(folder: Path, name: str, count: int, first: int = 1_000) -> Path:
    """Write a CSV of companies and of contacts whose ids start at `first`."""
    lines = [f"{first + n},{1 + n % 500},note {n + 2}" for n in range(count)]
    path = folder / name
    path.write_text("\n".join(["Contact ID,Company ID,Note", *lines, ""]), encoding="utf-8")
    return path


def second_tab(context: BrowserContext, url: str) -> Page:
    """Open an address in another tab of the same browser."""
    page = context.new_page()
    page.goto(url)
    return page
