"""A person with a spreadsheet that has mistakes, from upload to explained results."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.local_page import (
    SAMPLES,
    check,
    choose_file,
    figure,
    on_step,
    press,
    rows,
    run,
    second_tab,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEEDS_FIXING = SAMPLES / "needs_fixing.csv"

REPAIRS = {
    (13, "Contact ID"): "201249",
    (15, "Company ID"): "40004",
    (17, "Contact ID"): "201331",
    (19, "Contact ID"): "201372",
    (21, "Company ID"): "40003",
    (23, "Company ID"): "40002",
    (25, "Company ID"): "40006",
    (27, "Contact ID"): "201536",
}
"""The eight wrong cells of needs_fixing.csv, by row and column, and ids that exist in the sandbox."""

COUNT_CLICKS = """
window.addEventListener('pointerdown', () => {
  sessionStorage.setItem('clicks', 1 + Number(sessionStorage.getItem('clicks')));
}, true);
"""


@pytest.fixture
def checked(page: Page) -> Page:
    """The step Check of needs_fixing.csv."""
    check(page, NEEDS_FIXING)
    return page


def cell(page: Page, row: int, column: str) -> Locator:
    return page.get_by_label(f"Row {row}, {column}", exact=True)


def test_eight_wrong_rows_are_fixed_and_every_row_is_linked_or_explained_in_at_most_14_clicks(page: Page) -> None:
    page.add_init_script(COUNT_CLICKS)
    page.reload()
    on_step(page, "Upload")

    choose_file(page, NEEDS_FIXING)
    press(page, "Continue")
    on_step(page, "Columns")
    press(page, "Check")
    on_step(page, "Check")
    expect(page.get_by_role("heading", name="8 rows need a correction")).to_be_visible()
    for (row, column), text in REPAIRS.items():
        cell(page, row, column).click()
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
    press(page, "Link 38 pairs")
    on_step(page, "Results")

    assert page.evaluate("Number(sessionStorage.getItem('clicks'))") <= 14
    expect(page.get_by_role("heading", name="37 of 41 rows are linked; 4 need you.")).to_be_visible()
    expect(rows(page)).to_have_count(41)
    for line in rows(page).all():
        status = line.locator("td").nth(0).inner_text()
        explanation = line.locator("td").nth(1).inner_text()
        assert status == "linked" or "Check the record" in explanation
    corrected = rows(page).filter(has_text="was “1.20456E+11”")
    expect(corrected).to_contain_text("201249")


def test_a_corrected_cell_is_judged_at_once_and_can_be_restored(checked: Page) -> None:
    page = checked
    wrong = cell(page, 21, "Company ID")
    wrong.fill("still a name")
    wrong.press("Enter")
    expect(page.get_by_role("main").get_by_text("'still a name' is not a HubSpot record id")).to_be_visible()
    expect(wrong).to_have_attribute("aria-invalid", "true")

    wrong.fill("40003")
    wrong.press("Tab")
    expect(page.get_by_text("Corrected. It was “Westhaven Lamps”.")).to_be_visible()
    expect(wrong).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_role("status")).to_contain_text("Row 21 is fine now.")
    expect(figure(page, "Rows to correct")).to_have_text("7")
    expect(page.get_by_role("button", name="Link 31 pairs")).to_be_enabled()

    press(page, "Use the original")
    expect(wrong).to_have_value("Westhaven Lamps")
    expect(wrong).to_be_focused()
    expect(figure(page, "Rows to correct")).to_have_text("8")
    expect(page.get_by_role("button", name="Link 30 pairs")).to_be_enabled()


def test_corrections_survive_a_reload_and_are_listed(checked: Page) -> None:
    page = checked
    wrong = cell(page, 17, "Contact ID")
    wrong.fill("201331")
    wrong.press("Enter")
    expect(page.get_by_role("button", name="Link 31 pairs")).to_be_enabled()

    page.reload()
    expect(page.get_by_role("heading", name="7 rows need a correction")).to_be_visible()
    expect(page.get_by_text("“0201331” is now “201331”")).to_be_visible()
    press(page, "Use the original")
    expect(page.get_by_role("heading", name="8 rows need a correction")).to_be_visible()


def test_the_button_never_sends_another_number_than_it_shows(checked: Page) -> None:
    page = checked
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/run") else None)
    cell(page, 15, "Company ID").fill("40004")
    page.get_by_role("button", name=re.compile("^Link 30 pairs|^Checking")).click(force=True)  # judging has begun
    expect(page.get_by_role("button", name="Link 31 pairs")).to_be_enabled()
    assert sent == []


def test_a_later_correction_of_a_cell_waits_for_an_earlier_one_so_that_it_is_the_one_that_stays(
    checked: Page,
) -> None:
    held: list[Route] = []
    asked: list[str] = []

    def hold_first(route: Route) -> None:
        asked.append(route.request.post_data or "")
        route.continue_() if held else held.append(route)

    checked.route("**/edits", hold_first)
    for text in ("still wrong", "40003"):
        cell(checked, 21, "Company ID").fill(text)
        cell(checked, 21, "Company ID").press("Enter")
        expect(checked.get_by_text("Judging…")).to_be_visible()
    assert len(asked) == 1
    held[0].continue_()
    expect(checked.get_by_text("Corrected. It was")).to_be_visible()
    assert [json.loads(text)["text"] for text in asked] == ["still wrong", "40003"]
    checked.reload()
    expect(checked.get_by_text("is now “40003”")).to_be_visible()


def test_a_corrected_value_that_hubspot_does_not_have_is_shown_as_wrong_again_without_a_reload(page: Page) -> None:
    check(page, SAMPLES / "emails_and_domains.csv")
    held: list[Route] = []
    is_open: list[bool] = []
    # Until it is open, the page does not see that the check of the whole file has ended.
    page.route("**/check", lambda route: route.continue_() if is_open else held.append(route))
    wrong = cell(page, 25, "Email")
    before = figure(page, "Rows to correct").inner_text()
    wrong.fill("nobody@nowhere.example")
    wrong.press("Enter")
    expect(
        page.get_by_role("main").get_by_text("Not looked up in HubSpot yet. It was “hana.heath@nowhere.example”.")
    ).to_be_visible()
    expect(page.get_by_text("Corrected.")).to_have_count(0)

    is_open.append(True)
    for route in held:
        route.continue_()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(figure(page, "Rows to correct")).to_have_text(before)

    wrong.fill("ada.amber@northfield.example")
    wrong.press("Enter")
    expect(page.get_by_text("Corrected. It was “hana.heath@nowhere.example”.")).to_be_visible()
    expect(figure(page, "Rows to correct")).not_to_have_text(before)


def test_a_corrected_value_in_the_results_is_said_to_be_looked_up_when_its_row_is_sent(page: Page) -> None:
    run(page, SAMPLES / "emails_and_domains.csv")
    page.get_by_label("Search").fill("hana.heath")
    expect(rows(page)).to_have_count(1)
    cell(page, 25, "Email").fill("nobody@nowhere.example")
    cell(page, 25, "Email").press("Enter")
    expected = page.get_by_text("Corrected; it is looked up in HubSpot when the row is sent.")
    expect(expected).to_be_visible()
    page.reload()
    page.get_by_label("Search").fill("hana.heath")
    expect(expected).to_be_visible()


def test_the_numbers_of_the_title_and_of_the_groups_are_of_the_same_moment(page: Page) -> None:
    path = SAMPLES / "needs_fixing.csv"
    check(page, path)
    groups = page.locator("h3 .muted")
    cell(page, 15, "Company ID").fill("40004")
    cell(page, 15, "Company ID").press("Enter")
    expect(page.get_by_role("heading", name="7 rows need a correction")).to_be_visible()
    assert sum(int(text.split()[0]) for text in groups.all_inner_texts()) == 7


def test_a_correction_in_another_tab_is_shown_before_anything_is_sent(checked: Page) -> None:
    other = second_tab(checked.context, checked.url)
    expect(other.get_by_role("button", name="Link 30 pairs")).to_be_enabled()
    cell(checked, 15, "Company ID").fill("40004")
    cell(checked, 15, "Company ID").press("Enter")
    expect(checked.get_by_role("button", name="Link 31 pairs")).to_be_enabled()

    press(other, "Link 30 pairs")
    expect(
        other.get_by_role("main").get_by_text("A correction was made in another tab, so nothing was sent.")
    ).to_be_visible()
    expect(other.get_by_role("button", name="Link 31 pairs")).to_be_enabled()
    expect(other.get_by_text("is now “40004”")).to_be_visible()
    expect(cell(other, 15, "Company ID")).to_have_count(0)
    on_step(other, "Check")


def test_a_second_tab_moves_to_the_run_that_the_first_has_started(checked: Page) -> None:
    other = second_tab(checked.context, checked.url)
    expect(other.get_by_role("button", name="Link 30 pairs")).to_be_enabled()
    press(checked, "Link 30 pairs")
    press(other, "Link 30 pairs")
    on_step(checked, "Results")
    on_step(other, "Results")
    assert other.url == checked.url
