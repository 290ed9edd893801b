"""The whole flow by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.local_page import SAMPLES, PageServer, contacts, figure, on_step, rows, run

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control with this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent")
        if focused.strip() == name:
            return
    raise AssertionError(f"Tab does not reach {name!r}")


def test_a_file_goes_from_upload_to_results_without_a_mouse(page: Page) -> None:
    page.on("filechooser", lambda chooser: chooser.set_files(SAMPLES / "needs_fixing.csv"))
    on_step(page, "Upload")
    tab_to(page, "Spreadsheet")
    page.keyboard.press("Enter")
    expect(page.locator(".drop")).to_contain_text("needs_fixing.csv,")
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    on_step(page, "Columns")
    expect(page.get_by_role("button", name="Check", exact=True)).to_be_visible()
    tab_to(page, "Check")
    page.keyboard.press("Enter")
    on_step(page, "Check")
    expect(page.get_by_role("button", name="Link 30 pairs")).to_be_enabled()
    expect(page.get_by_label("Row 15, Company ID")).to_be_visible()  # Tab would skip cells that appear later

    tab_to(page, "Row 13, Contact ID")
    page.keyboard.press("Control+A")
    page.keyboard.type("201249")
    tab_to(page, "Row 15, Company ID")
    page.keyboard.press("Control+A")
    page.keyboard.type("40004")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Row 15, Company ID")).to_be_focused()
    expect(figure(page, "Rows to correct")).to_have_text("6")
    expect(page.get_by_role("button", name="Link 32 pairs")).to_be_enabled()
    tab_to(page, "Link 32 pairs")
    page.keyboard.press("Enter")

    on_step(page, "Results")
    expect(page.get_by_role("heading", name="31 of 41 rows are linked; 10 need you.")).to_be_visible()
    expect(rows(page)).to_have_count(41)
    tab_to(page, "Outcome")
    page.keyboard.type("failed")
    expect(rows(page)).to_have_count(4)
    tab_to(page, "Search")
    page.keyboard.type("Frost")
    expect(rows(page)).to_have_count(1)


def test_a_dialog_keeps_the_focus_and_escape_leaves_it(page: Page, server: PageServer) -> None:
    run(page, contacts(server.folder, "dialog.csv", 3))
    page.get_by_role("button", name="Undo this run").press("Enter")
    expect(page.get_by_label("Number of pairs")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo this run")).to_be_focused()
