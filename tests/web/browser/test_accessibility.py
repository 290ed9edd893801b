"""axe-core finds nothing on any step, and no step is wider than a phone."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.local_page import (
    PHONE_WIDTH,
    SAMPLES,
    PageServer,
    accessibility_problems,
    contacts,
    is_too_wide,
    on_step,
    press,
    upload,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def assert_accessible(page: Page) -> None:
    assert accessibility_problems(page) == []
    assert not is_too_wide(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_on_any_step_at_the_width_of_a_phone(
    browser: Browser, server: PageServer, dark: bool
) -> None:
    with visit(browser, server, dark=dark, width=PHONE_WIDTH) as page:
        on_step(page, "Upload")
        assert_accessible(page)

        path = server.folder / f"wrong{dark}.csv"  # other companies each time, so that there is something to undo
        text = (SAMPLES / "needs_fixing.csv").read_text(encoding="utf-8")
        path.write_text(text.replace(",4000", f",41{dark:d}0"), encoding="utf-8")
        upload(page, path)
        page.get_by_text("More options").click()
        assert_accessible(page)

        press(page, "Check")
        on_step(page, "Check")
        page.get_by_label("Row 21, Company ID").fill("40003")
        page.get_by_label("Row 21, Company ID").press("Enter")
        expect(page.get_by_role("button", name="Link 31 pairs")).to_be_enabled()
        assert_accessible(page)

        press(page, "Link 31 pairs")
        on_step(page, "Results")
        page.get_by_label("Outcome").select_option("bad")
        expect(page.get_by_label("Row 13, Contact ID")).to_be_visible()
        assert page.get_by_role("region", name="Rows").evaluate("region => region.scrollWidth <= region.clientWidth")
        assert page.get_by_role("region", name="Rows").get_by_role("columnheader").count() > 4
        press(page, "As a command")
        expect(page.get_by_role("heading", name="The same from the command line")).to_be_visible()
        assert_accessible(page)

        press(page, "Undo this run")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_accessible(page)
        press(page, "Cancel")

        page.goto(server.origin)
        expect(page.get_by_role("link", name="Open").first).to_be_visible()
        assert_accessible(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_while_a_run_sends_and_after_it_was_stopped(
    browser: Browser, server: PageServer, dark: bool
) -> None:
    with visit(browser, server, dark=dark, width=PHONE_WIDTH) as page:
        upload(page, contacts(server.folder, f"many{dark}.csv", 600, 1_000 + 1_000 * dark))
        press(page, "Check")
        press(page, "Link 600 pairs")
        on_step(page, "Run")
        expect(page.get_by_text("You can close this page; the run continues.")).to_be_visible()
        assert_accessible(page)
        press(page, "Stop")
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        assert_accessible(page)
