"""Features of the command line in the browser: labels, moving Primary, removals in two parts, and its runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.command_line import ROOT
from tests.support.local_page import (
    SAMPLES,
    PageServer,
    check,
    check_removal,
    confirm_removal,
    contacts,
    on_step,
    press,
    rows,
    run,
    upload,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def written(server: PageServer, name: str, *lines: str) -> Path:
    path = server.folder / name
    path.write_text("\n".join(["Contact ID,Company ID,Label", *lines, ""]), encoding="utf-8")
    return path


def test_labels_of_a_column_are_counted_set_and_then_shown_with_their_types(page: Page) -> None:
    upload(page, SAMPLES / "labels.csv")
    expect(page.get_by_label("Column with labels")).to_have_value("3")
    press(page, "Check")
    expect(page.get_by_role("heading", name="Labels", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Decision maker: \d+ pairs$"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Link ")).click()
    on_step(page, "Results")
    expect(rows(page).first).to_contain_text("linked")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open report").click()
    report = opened.value
    expect(report.get_by_role("heading", level=1)).to_be_visible()
    expect(report.get_by_text("labels.csv").first).to_be_visible()
    assert report.locator("script").count() == 0


def test_one_label_is_set_on_every_link_and_is_in_the_command(page: Page, server: PageServer) -> None:
    path = server.folder / "one_label.csv"
    path.write_text("Company ID,Contact ID\n1,6000\n2,6001\n", encoding="utf-8")
    upload(page, path)
    page.get_by_text("More options").click()
    page.get_by_label("Association labels").fill("Nonsense")
    page.get_by_label("Association labels").press("Tab")
    press(page, "Check")
    unknown = page.get_by_role("heading", name="Whether the labels exist is checked when HubSpot is asked.")
    expect(unknown).to_be_visible()
    press(page, "Ask HubSpot what is already linked")
    expect(page.get_by_role("button", name="Check again")).to_be_visible()
    expect(unknown).to_have_count(0)
    page.get_by_role("link", name="Columns").click()
    page.get_by_label("Association labels").fill("Decision maker")
    page.get_by_label("Association labels").press("Tab")
    press(page, "Check")
    expect(page.get_by_text("Decision maker: 2 pairs")).to_be_visible()
    expect(page.get_by_text("Every row can be sent.")).to_have_count(0)
    press(page, "Link 2 pairs")
    on_step(page, "Results")
    expect(page.get_by_role("heading", name="All 2 rows are linked.")).to_be_visible()
    press(page, "As a command")
    command = page.get_by_role("region", name="The same from the command line")
    expect(command).to_contain_text("--label 'Decision maker'")
    page.goto(server.origin)
    upload(page, path)
    expect(page.get_by_text("with the same headers, also the label “Decision maker”")).to_be_visible()


def test_primary_companies_that_would_move_are_named_before_anything_is_sent(page: Page, server: PageServer) -> None:
    run(page, written(server, "first.csv", "7001,11,Primary"))
    page.goto(server.origin)
    check(page, written(server, "second.csv", "7001,12,Primary"))
    unknown = page.get_by_text("These records may already have another primary record")
    expect(unknown).to_be_visible()
    press(page, "Ask HubSpot what is already linked")
    expect(page.get_by_text("1 primary company would change.")).to_be_visible()
    expect(page.get_by_text("Row 2: contacts 7001, from 11 to 12")).to_be_visible()
    expect(unknown).to_have_count(0)


def test_five_links_are_removed_first_and_the_number_of_the_others_is_typed_again(
    page: Page, server: PageServer
) -> None:
    check_removal(page, server, contacts(server.folder, "seven.csv", 7, 7_100))
    press(page, "Try 5 rows first")
    confirm_removal(page, 5)
    expect(page.get_by_text("The first 5 rows are done.")).to_be_visible()
    expect(rows(page).locator("td:nth-child(2)")).to_have_text(["unlinked"] * 5 + ["not sent"] * 2)
    press(page, "Continue with the rest")
    expect(page.get_by_label("Number of links to remove")).to_be_visible()
    expect(page.get_by_role("heading", name="2 links will be removed")).to_be_visible()
    expect(page.get_by_text("Nothing has been removed yet")).to_have_count(0)
    confirm_removal(page, 2)
    on_step(page, "Results")
    expect(page.get_by_role("heading", name="All 7 rows are unlinked.")).to_be_visible()


def test_a_run_of_the_command_line_is_opened_with_its_rows(page: Page, server: PageServer) -> None:
    contacts(server.folder, "own.csv", 3, 8_000)
    command = [sys.executable, "-m", "importer", "run", "own.csv", "--sandbox", "--state-dir", str(server.state)]
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(server.folder)}
    subprocess.run(command, cwd=server.folder, env=environment, check=True, capture_output=True)
    page.reload()
    listed = page.get_by_role("list", name="Runs").get_by_role("listitem").filter(has_text="own.csv")
    expect(listed).to_contain_text("Finished")
    listed.get_by_role("link", name="Open").click()
    on_step(page, "Results")
    expect(page.get_by_role("heading", name="All 3 rows are linked.")).to_be_visible()
    expect(rows(page)).to_have_count(3)


def test_a_removal_with_a_wrong_number_can_be_typed_again_and_a_cancelled_one_goes_back_to_the_check(
    page: Page, server: PageServer
) -> None:
    check_removal(page, server, contacts(server.folder, "kept.csv", 6, 7_200))
    press(page, "Try 5 rows first")
    confirm_removal(page, 4)
    expect(page.get_by_role("alert").filter(has_text="“4” is not 5, the number of links to remove.")).to_be_visible()
    press(page, "Cancel")
    on_step(page, "Check")
    expect(page.get_by_role("main").get_by_text("Nothing was removed, and its run was discarded.")).to_be_visible()
    expect(page.get_by_text("This file has already been sent.")).to_have_count(0)
    expect(page.get_by_role("button", name="Unlink 6 pairs")).to_be_visible()


def test_a_click_while_the_check_is_running_sends_nothing(page: Page, server: PageServer) -> None:
    upload(page, contacts(server.folder, "pressed.csv", 50_000, 10_000))
    press(page, "Check")
    on_step(page, "Check")
    page.wait_for_function("""() => {
        const control = document.getElementById("start-first");
        if (control?.getAttribute("aria-disabled") !== "true") return false;
        control.click();
        return true;
    }""")
    expect(page.get_by_role("button", name="Link 50,000 pairs")).to_be_enabled()
    on_step(page, "Check")
    runs = page.evaluate("fetch('/api/runs').then(answer => answer.json())")
    assert "pressed.csv" not in {run["source_name"] for run in runs}
