"""Results in the browser: the table, downloads, and what can be done next."""

import csv
import io

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.local_page import (
    SAMPLES,
    PageServer,
    check_removal,
    confirm_removal,
    contacts,
    on_step,
    press,
    rows,
    run,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as started:
        page.get_by_role("link", name=name, exact=True).click()
    return started.value.path().read_bytes()


def test_rows_are_filtered_searched_and_paged(page: Page, server: PageServer) -> None:
    run(page, contacts(server.folder, "many.csv", 120))
    expect(rows(page)).to_have_count(50)
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("Page 1 of 3, 120 rows")
    press(page, "Next")
    expect(rows(page).first.get_by_role("rowheader")).to_have_text("52")
    page.get_by_label("Search").fill("note 77")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("note 77")
    page.get_by_label("Search").fill("nothing like this")
    expect(page.get_by_text("No row matches.")).to_be_visible()


def test_results_and_failures_are_downloaded(page: Page) -> None:
    run(page, SAMPLES / "needs_fixing.csv")
    results = list(csv.DictReader(io.StringIO(downloaded(page, "Download results (CSV)").decode("utf-8-sig"))))
    assert len(results) == 41
    assert sum(row["import_status"] in {"linked", "already_linked"} for row in results) == 29
    failures = list(csv.reader(io.StringIO(downloaded(page, "Download failures").decode("utf-8-sig"))))
    assert failures[0] == ["Contact ID", "Name", "Company ID", "Note"]
    assert len(failures) == 1 + 12
    assert downloaded(page, "Download results (XLSX)").startswith(b"PK")


def test_failures_are_retried_as_a_separate_run(page: Page) -> None:
    run(page, SAMPLES / "needs_fixing.csv")
    page.get_by_label("Outcome").select_option("failed")
    expect(rows(page)).to_have_count(4)
    first = page.url
    press(page, "Retry failures")
    expect(page.get_by_role("link", name="Open the earlier run")).to_be_visible()
    assert page.url != first


def test_a_run_is_undone_only_after_its_number_was_typed(page: Page, server: PageServer) -> None:
    run(page, contacts(server.folder, "undone.csv", 3, 2000))
    press(page, "Undo this run")
    dialog = page.get_by_role("dialog", name="Undo this run?")
    dialog.get_by_label("Number of pairs").fill("4")
    dialog.get_by_role("button", name="Undo this run").click()
    expect(dialog.get_by_label("Number of pairs")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("alert")).to_have_text("“4” is not 3. Type 3 to confirm, or cancel.")
    dialog.get_by_label("Number of pairs").fill("3")
    dialog.get_by_role("button", name="Undo this run").click()
    expect(page.get_by_role("link", name="Open the earlier run")).to_be_visible()
    on_step(page, "Results")
    expect(rows(page).locator("td:nth-child(2)")).to_have_text(["unlinked"] * 3)
    page.get_by_role("link", name="Open the earlier run").click()
    expect(page.get_by_role("heading", name="This run was undone: 3 of 3 rows had been linked.")).to_be_visible()
    expect(rows(page).locator("td:nth-child(2)")).to_have_text(["linked"] * 3)
    expect(page.get_by_role("button", name="Undo this run")).to_have_count(0)
    page.get_by_role("link", name="Importer for HubSpot").click()
    listed = page.get_by_role("list", name="Runs").get_by_role("listitem").filter(has_text="undone.csv")
    expect(listed.locator(".badge")).to_have_text(["Finished", "Undone"])


def test_the_equivalent_command_is_shown(page: Page, server: PageServer) -> None:
    run(page, contacts(server.folder, "command.csv", 3, 3000))
    press(page, "As a command")
    expect(page.get_by_role("region", name="The same from the command line")).to_contain_text(
        "importer run command.csv"
    )
    expect(page.get_by_role("region", name="Every night, as a crontab line")).to_contain_text("importer run")


def test_a_deleted_run_is_gone_with_its_files(page: Page, server: PageServer) -> None:
    run(page, contacts(server.folder, "deleted.csv", 3, 4000))
    run_id = page.url.rpartition("/")[2]
    assert list(server.state.rglob(f"*{run_id}*"))
    assert list(server.state.rglob("deleted.csv"))
    press(page, "Delete this run")
    page.get_by_role("dialog", name="Delete this run?").get_by_role("button", name="Delete", exact=True).click()
    on_step(page, "Upload")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page.get_by_text("deleted.csv")).to_have_count(0)
    assert [path for path in server.state.rglob("*") if run_id in path.name or path.name == "deleted.csv"] == []


def test_links_are_removed_only_after_their_number_was_typed(page: Page, server: PageServer) -> None:
    check_removal(page, server, contacts(server.folder, "removed.csv", 3, 5000))
    press(page, "Unlink 3 pairs")
    expect(page.get_by_role("heading", name="3 links will be removed")).to_be_visible()
    confirm_removal(page, 3)
    on_step(page, "Results")
    expect(rows(page).locator("td:nth-child(2)")).to_have_text(["unlinked"] * 3)


def test_failed_and_invalid_rows_are_corrected_in_place_and_retried(page: Page) -> None:
    run(page, SAMPLES / "needs_fixing.csv")
    page.get_by_label("Outcome").select_option("bad")
    expect(rows(page)).to_have_count(12)
    wrong = page.get_by_label("Row 13, Contact ID")
    wrong.fill("still a name")
    wrong.press("Enter")
    expect(rows(page).get_by_text("'still a name' is not a HubSpot record id")).to_be_visible()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("201249")
    wrong.press("Enter")
    expect(page.get_by_text("Corrected. It was “1.20456E+11”.")).to_be_visible()
    expect(wrong).to_be_focused()
    expect(page.get_by_text("1 corrected row will be sent")).to_be_visible()

    page.reload()
    expect(page.get_by_label("Row 13, Contact ID")).to_have_value("201249")
    page.get_by_label("Row 5, Contact ID").fill("201250")  # an id that HubSpot refused; left by the click
    press(page, "Retry failures")
    expect(page.get_by_role("link", name="Open the earlier run")).to_be_visible()
    expect(page.get_by_text("The others are in the earlier run.")).to_be_visible()
    on_step(page, "Results")
    expect(page.get_by_role("heading", name="2 of 5 rows are linked; 3 need you.")).to_be_visible()
    for original in ("1.20456E+11", "990000017"):
        expect(rows(page).filter(has_text=f"was “{original}”")).to_contain_text("linked")


def test_actions_are_offered_only_once_the_process_of_a_run_has_ended(page: Page) -> None:
    run(page, SAMPLES / "needs_fixing.csv")
    expect(page.get_by_role("button", name="Retry failures")).to_be_visible()
    has_ended: list[bool] = []

    def answer(route: Route) -> None:
        response = route.fetch()
        values = response.json()
        nothing = values if has_ended else {**values, "can": dict.fromkeys(values["can"], False)}
        route.fulfill(response=response, json=nothing)

    page.route("**/api/runs/*", answer)
    page.reload()
    expect(rows(page)).to_have_count(41)
    expect(page.get_by_role("link", name="Start another import")).to_have_count(0)
    expect(page.get_by_text("Then “Retry failures” appears")).to_have_count(0)
    has_ended.append(True)
    expect(page.get_by_role("button", name="Retry failures")).to_be_visible()
    expect(page.get_by_role("button", name="Delete this run")).to_be_visible()
