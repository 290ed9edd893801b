"""The HubSpot account of the page: an access token that is typed, and the banner of every step."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from importer.sandbox import SandboxOptions
from tests.conftest import sandbox_thread
from tests.support.command_line import TOKEN
from tests.support.local_page import (
    PHONE_WIDTH,
    PageServer,
    accessibility_problems,
    check,
    contacts,
    is_too_wide,
    on_step,
    page_server,
    press,
    upload,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def unconnected(browser: Browser, tmp_path: Path) -> Iterator[PageServer]:
    """A server without a token, for a HubSpot of its own."""
    with (
        sandbox_thread(SandboxOptions(token=TOKEN)) as hubspot,
        page_server(tmp_path, IMPORTER_BASE_URL=hubspot.url) as server,
    ):
        yield server


def account(page: Page) -> Locator:
    return page.get_by_role("group", name="HubSpot account")


def test_without_a_token_the_sandbox_is_offered(browser: Browser, unconnected: PageServer) -> None:
    with visit(browser, unconnected, width=PHONE_WIDTH) as page:
        expect(account(page)).to_contain_text("No account")
        assert accessibility_problems(page) == []
        assert not is_too_wide(page)
        upload(page, contacts(unconnected.folder, "few.csv", 3))
        expect(account(page)).to_contain_text("No account")
        press(page, "Check")
        expect(page.get_by_text("Connect an account or use the sandbox before anything can be sent.")).to_be_visible()
        press(page, "Connect an account")
        press(page, "Use the sandbox")
        expect(account(page)).to_contain_text("Sandbox")
        press(page, "Link 3 pairs")
        on_step(page, "Results")


def test_a_typed_token_connects_the_account_and_is_never_shown_again(browser: Browser, unconnected: PageServer) -> None:
    bodies: list[str] = []
    with visit(browser, unconnected) as page:
        page.on("response", lambda response: bodies.append(response.url))
        field = page.get_by_label("HubSpot access token")
        expect(field).to_have_attribute("type", "password")
        field.fill("pat-wrong-token-0000")
        press(page, "Connect")
        expect(page.get_by_role("alert").first).to_be_visible()

        field.fill(TOKEN)
        press(page, "Connect")
        expect(account(page)).to_contain_text("Account 10000001")
        expect(account(page)).to_contain_text(f"token ending in {TOKEN[-4:]}")
        upload(page, contacts(unconnected.folder, "few.csv", 3))
        expect(account(page)).to_contain_text("Account 10000001")
        press(page, "Check")
        on_step(page, "Check")
        expect(account(page)).to_contain_text("Account 10000001")
        expect(page.get_by_text("This will link 3 pairs in account 10000001")).to_be_visible()
        press(page, "Link 3 pairs in account 10000001")
        on_step(page, "Results")
        expect(account(page)).to_contain_text("Account 10000001")
        assert TOKEN not in page.content()
        storage = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        assert TOKEN not in storage
        answers = [page.request.get(url).text() for url in set(bodies) if "/api/" in url and "events" not in url]
        assert answers
        assert not [text for text in answers if TOKEN in text]
    assert not [
        path for path in unconnected.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]


def test_a_run_that_was_refused_says_why_and_is_tried_again_with_another_token(
    browser: Browser, unconnected: PageServer, tmp_path: Path
) -> None:
    contacts(tmp_path, "refused.csv", 3)
    environment = {**unconnected.environment, "HUBSPOT_ACCESS_TOKEN": "pat-na1-of-nobody"}
    command = [sys.executable, "-m", "importer", "run", "refused.csv"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    with visit(browser, unconnected, width=PHONE_WIDTH) as page:
        listed = page.get_by_role("list", name="Runs").get_by_role("listitem")
        expect(listed).to_contain_text("Refused, nothing was sent")
        expect(listed).to_contain_text("HubSpot no longer accepts the token.")
        page.get_by_label("HubSpot access token").fill(TOKEN)
        press(page, "Connect")
        expect(account(page)).to_contain_text("Account 10000001")
        page.get_by_role("link", name="Open").click()
        on_step(page, "Run")
        expect(page.get_by_text("The run of refused.csv was refused.")).to_be_visible()
        expect(page.get_by_text("HubSpot no longer accepts the token.")).to_be_visible()
        expect(page.get_by_text("What is done stays done")).to_have_count(0)
        assert accessibility_problems(page) == []
        press(page, "Try again")
        on_step(page, "Results")
        expect(page.get_by_role("heading", name="All 3 rows are linked.")).to_be_visible()


def test_a_run_of_an_account_is_not_sent_from_the_sandbox_and_says_where_it_belongs(
    browser: Browser, unconnected: PageServer
) -> None:
    with visit(browser, unconnected) as page:
        page.get_by_label("HubSpot access token").fill(TOKEN)
        press(page, "Connect")
        expect(account(page)).to_contain_text("Account 10000001")
        check(page, contacts(unconnected.folder, "owned.csv", 3))
        press(page, "Link 3 pairs in account 10000001")
        on_step(page, "Results")
        press(page, "Change account")
        press(page, "Use the sandbox")
        for _ in range(2):
            expect(page.get_by_text("This run belongs to HubSpot account 10000001, but the page")).to_be_visible()
            expect(account(page)).to_contain_text("Sandbox")
            expect(page.get_by_text("Nothing leaves this computer")).to_have_count(0)
            page.reload()
        press(page, "Undo this run")
        dialog = page.get_by_role("dialog", name="Undo this run?")
        dialog.get_by_label("Number of pairs").fill("3")
        press(dialog, "Undo this run")
        expect(page.get_by_role("alert").filter(has_text="Nothing was sent. Change the account")).to_be_visible()
        page.get_by_role("link", name="Check").click()
        on_step(page, "Check")
        expect(page.get_by_text("This file has already been sent.")).to_be_visible()
        expect(page.get_by_text("Nothing has been sent yet.")).to_have_count(0)
