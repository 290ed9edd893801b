"""A run in the browser: its progress, stopping and continuing, other tabs, and the death of the server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.local_page import (
    PageServer,
    check,
    contacts,
    on_step,
    page_server,
    press,
    rows,
    second_tab,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def done(page: Page) -> int:
    """Return the number of pairs that the progress bar shows."""
    return int(page.get_by_role("progressbar").get_attribute("aria-valuenow") or 0)


def wait_for_progress(page: Page) -> None:
    """Wait until some pairs are done."""
    on_step(page, "Run")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("[1-9]"))


def start(page: Page, server: PageServer, name: str, first: int) -> None:
    """Start a run of 200 pairs, which lasts 15 seconds."""
    check(page, contacts(server.folder, name, 200, first))
    press(page, "Link 200 pairs")
    wait_for_progress(page)


def test_five_rows_are_tried_first_and_the_same_run_is_continued(page: Page, server: PageServer) -> None:
    check(page, contacts(server.folder, "twenty.csv", 20, 4_000))
    press(page, "Try 5 rows first")
    on_step(page, "Run")
    expect(page.get_by_text("The first 5 rows are done.")).to_be_visible()
    expect(page.locator(".legend").first).to_have_text("5 linked15 not sent")
    tried = page.url
    statuses = rows(page).locator("td:nth-child(2)")
    expect(statuses).to_have_text(["linked"] * 5 + ["not sent"] * 15)

    press(page, "Continue with the rest")
    on_step(page, "Results")
    assert page.url == tried
    expect(page.get_by_role("heading", name="All 20 rows are linked.")).to_be_visible()
    page.goto(server.origin)
    runs = page.get_by_role("list", name="Runs").get_by_role("listitem")
    expect(runs.filter(has_text="twenty.csv")).to_have_count(1)


def test_a_stopped_run_is_continued_and_adds_up(page: Page, server: PageServer) -> None:
    start(page, server, "stopped.csv", 1_000)
    stop, before = page.get_by_role("button", name="Stop", exact=True), done(page)
    stop.focus()
    expect(page.get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", str(before))
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    press(page, "Continue")
    wait_for_progress(page)
    on_step(page, "Results")
    expect(page.get_by_role("heading", name="All 200 rows are linked.")).to_be_visible()


def test_a_reload_the_back_button_and_a_second_tab_show_the_same_run(page: Page, server: PageServer) -> None:
    start(page, server, "reloaded.csv", 2_000)
    before = done(page)
    page.reload()
    wait_for_progress(page)
    assert done(page) >= before

    other = second_tab(page.context, page.url)
    wait_for_progress(other)
    assert abs(done(other) - done(page)) <= 100

    page.go_back()
    on_step(page, "Check")
    page.get_by_role("link", name="Open its run").click()
    on_step(page, "Results")
    on_step(other, "Results")
    headlines = {tab.get_by_role("heading", level=2).first.inner_text() for tab in (page, other)}
    assert headlines == {"All 200 rows are linked."}


@pytest.fixture
def mortal(browser: Browser, tmp_path: Path) -> Iterator[PageServer]:
    """A server of one test, which kills it."""
    with page_server(tmp_path, "--sandbox") as running:
        yield running


def test_a_run_whose_server_was_killed_is_offered_and_continues_and_adds_up(
    browser: Browser, mortal: PageServer
) -> None:
    with visit(browser, mortal) as page:
        start(page, mortal, "killed.csv", 1_000)
        mortal.kill()
        expect(page.get_by_role("alert")).to_contain_text("No news from the importer.")
        expect(page.get_by_text("You can close this page; the run continues.")).to_be_hidden()
        with page_server(mortal.folder, "--sandbox", "--port", mortal.origin.rpartition(":")[2]):
            expect(page.get_by_role("alert")).to_contain_text("address")
            expect(page.get_by_role("alert")).not_to_contain_text("Trying again")

    with page_server(mortal.folder, "--sandbox") as again, visit(browser, again) as page:
        run = page.get_by_role("list", name="Runs").get_by_role("listitem")
        expect(run).to_contain_text("Unfinished")
        run.get_by_role("link", name="Open").click()
        on_step(page, "Run")
        press(page, "Continue")
        on_step(page, "Results")
        expect(page.get_by_role("heading", name="All 200 rows are linked.")).to_be_visible()
        legend = page.locator(".legend").first.inner_text()
        assert sum(int(number) for number in re.findall(r"\d+", legend)) == 200


def test_a_page_that_lost_its_server_says_what_to_do(browser: Browser, mortal: PageServer) -> None:
    with visit(browser, mortal) as page:
        on_step(page, "Upload")
        mortal.kill()
        press(page, "Try it with sample data")
        expect(page.get_by_role("alert")).to_contain_text("start “importer web” again")


def test_a_page_whose_events_are_refused_once_requests_them_again_and_shows_the_end(
    page: Page, server: PageServer
) -> None:
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=500) if len(refused) == 1 else route.continue_()

    page.route("**/events", refuse_once)
    check(page, contacts(server.folder, "refused.csv", 120, 9_000))
    press(page, "Link 120 pairs")
    on_step(page, "Run")
    expect(page.get_by_role("alert")).to_contain_text("No news from the importer.")
    on_step(page, "Results")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert refused
