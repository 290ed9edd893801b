"""Uploading a file, and files with hostile contents."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.command_line import wait_until
from tests.support.local_page import (
    SAMPLES,
    PageServer,
    check,
    choose_file,
    contacts,
    on_step,
    press,
    rows,
    run,
    upload,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DROP = """([zone, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], 'dropped.csv', { type: 'text/csv' }));
  for (const type of ['dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
FORMULA = "=cmd|' /C calc'!A0"


def test_a_dropped_file_is_uploaded_like_a_chosen_one(page: Page) -> None:
    zone = page.locator(".drop").element_handle()
    page.evaluate(DROP, [zone, "Contact ID,Company ID\n1,2\n"])
    expect(page.locator(".drop").get_by_text("dropped.csv, 26 bytes")).to_be_visible()
    press(page, "Continue")
    on_step(page, "Columns")
    expect(page.get_by_text("This file links contacts to companies.")).to_be_visible()


def test_without_a_file_the_page_asks_for_one(page: Page) -> None:
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_have_text("Choose a spreadsheet first.")
    expect(page.get_by_label("Spreadsheet")).to_be_focused()


def uploaded_files(server: PageServer) -> set[Path]:
    return {path for path in (server.state / "web" / "imports").rglob("*") if path.is_file()}


def test_an_upload_shows_a_bar_and_can_be_cancelled(page: Page, server: PageServer) -> None:
    large = server.folder / "large.csv"
    large.write_text("Contact ID,Company ID\n" + "1234567,7654321\n" * 1_000_000, encoding="utf-8")
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000},
    )
    files = uploaded_files(server)
    choose_file(page, large)
    press(page, "Continue")
    bar = page.get_by_role("progressbar", name="Upload")
    expect(bar).to_be_visible()
    press(page, "Cancel")
    expect(page.get_by_role("alert")).to_contain_text("The upload was cancelled.")
    expect(bar).to_be_hidden()
    wait_until(lambda: uploaded_files(server) == files)


def test_a_file_that_cannot_be_read_is_explained_on_the_step_columns(page: Page, server: PageServer) -> None:
    path = server.folder / "broken.xlsx"
    path.write_bytes(b"PK\x03\x04 and nothing else")
    upload(page, path)
    expect(page.get_by_text("broken.xlsx", exact=False).first).to_be_visible()
    press(page, "Check")
    expect(page.get_by_role("alert")).to_be_visible()


def test_markup_and_formulas_in_cells_stay_text(page: Page, server: PageServer) -> None:
    path = server.folder / "hostile.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["Contact ID", "Company ID", HOSTILE], ["21", "22", FORMULA], [HOSTILE, "23", HOSTILE], ["24", "25", ""]]
        )
    upload(page, path)
    expect(page.get_by_role("columnheader", name=HOSTILE)).to_be_visible()
    press(page, "Check")
    expect(page.get_by_label("Row 3, Contact ID")).to_have_value(HOSTILE)
    press(page, "Link 2 pairs")
    on_step(page, "Results")
    expect(rows(page).first).to_contain_text(FORMULA)
    expect(rows(page).nth(1)).to_contain_text(HOSTILE)
    assert page.locator("main img, main script").count() == 0

    with page.expect_download() as started:
        page.get_by_role("link", name="Download results (CSV)").click()
    text = started.value.path().read_text(encoding="utf-8-sig")
    header, first, second, _ = csv.reader(io.StringIO(text))
    assert header[2] == HOSTILE
    assert first[:3] == ["21", "22", FORMULA]
    assert not [cell for cell in second[3:] if cell.startswith(("=", "+", "-", "@"))]


def test_a_japanese_file_is_read_and_linked(page: Page) -> None:
    upload(page, SAMPLES / "japanese.csv")
    expect(page.get_by_text("This file links contacts to companies.")).to_be_visible()
    expect(page.get_by_label("Encoding")).to_have_value("cp932")
    press(page, "Check")
    on_step(page, "Check")
    page.get_by_role("button", name=re.compile("^Link ")).click()
    on_step(page, "Results")
    expect(rows(page).first).to_contain_text("linked")


def test_the_mapping_of_columns_is_changed_and_remembered_for_the_same_headers(page: Page, server: PageServer) -> None:
    path = server.folder / "odd.csv"
    path.write_text("who,where\n31,32\n33,34\n", encoding="utf-8")
    upload(page, path)
    expect(page.get_by_text("Choose the two columns that hold the records to link.").first).to_be_visible()
    page.get_by_label("Link from").select_option(label="A · who (31, 33)")
    press(page, "Check")
    expect(page.get_by_role("alert")).to_contain_text("the message below says what is missing")
    expect(page.get_by_label("From object type")).to_be_focused()
    expect(page.get_by_label("Link from")).to_have_value("0")
    page.get_by_label("From object type").select_option(label="Contacts")
    page.get_by_label("Link to").select_option(label="B · where (32, 34)")
    page.get_by_label("To object type").select_option(label="Deals")
    expect(page.get_by_text("This file links contacts to deals.")).to_be_visible()
    press(page, "Check")
    press(page, "Link 2 pairs")
    on_step(page, "Results")

    page.goto(server.origin)
    upload(page, path)
    expect(page.get_by_text("The columns are set as for your last file with the same headers.")).to_be_visible()
    expect(page.get_by_text("This file links contacts to deals.")).to_be_visible()


def test_emails_and_domains_are_looked_up(page: Page) -> None:
    upload(page, SAMPLES / "emails_and_domains.csv")
    expect(page.get_by_text("so it is set to look records up in HubSpot as you see below")).to_be_visible()
    expect(page.get_by_text("Its header names the property 'email'.")).to_be_visible()
    for label, chosen in (
        ("Link from", "1"),
        ("From object type", "contacts"),
        ("From cells hold", "email"),
        ("Link to", "2"),
        ("To object type", "companies"),
        ("To cells hold", "domain"),
    ):
        expect(page.get_by_label(label)).to_have_value(chosen)
    press(page, "Check")
    expect(page.get_by_role("heading", name="Looked up in HubSpot")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Link ")).click()
    on_step(page, "Results")
    expect(page.get_by_role("heading", name=re.compile("need you"))).to_be_visible()


def test_a_run_of_the_sample_needs_no_file(page: Page) -> None:
    press(page, "Try it with sample data")
    on_step(page, "Columns")
    press(page, "Check")
    expect(page.get_by_role("heading", name="8 rows need a correction")).to_be_visible()


def test_hubspot_is_asked_on_request_which_pairs_are_already_linked(page: Page, server: PageServer) -> None:
    path = contacts(server.folder, "asked.csv", 3)
    run(page, path)
    page.goto(server.origin)
    check(page, path)
    press(page, "Ask HubSpot what is already linked")
    expect(page.get_by_text("3 of 3 pairs are already linked")).to_be_visible()


def test_a_file_without_rows_has_nothing_to_send(page: Page, server: PageServer) -> None:
    path = server.folder / "header_only.csv"
    path.write_text("Contact ID,Company ID\n", encoding="utf-8")
    upload(page, path)
    press(page, "Check")
    expect(page.get_by_role("heading", name="The file has no rows.")).to_be_visible()
    expect(page.get_by_role("heading", name="What it takes")).to_be_hidden()
    expect(page.get_by_role("button", name="Ask HubSpot what is already linked")).to_be_hidden()
    expect(page.get_by_text("There is nothing to send.")).to_be_visible()
    expect(page.get_by_text("Every row can be sent.")).to_have_count(0)


def test_an_error_disappears_once_the_encoding_is_corrected(page: Page, server: PageServer) -> None:
    path = server.folder / "umlauts.csv"
    path.write_bytes("Contact ID,Company ID,Größe\n41,42,ä\n".encode("cp1252"))
    upload(page, path)
    page.get_by_label("Encoding").select_option("utf-16")
    error = page.get_by_text("umlauts.csv is not encoded in utf-16.")
    expect(error).to_be_visible()
    page.get_by_label("Encoding").select_option(label="Detect")
    expect(error).to_have_count(0)
    expect(page.get_by_text("This file links contacts to companies.")).to_be_visible()
    expect(page.get_by_label("Encoding")).to_have_value("cp1252")
    expect(page.get_by_label("Encoding").locator("option:checked")).to_have_text("Windows-1252 (cp1252)")
    expect(page.get_by_text("if names look wrong, choose another.", exact=False)).to_be_visible()
    expect(page.get_by_text("--encoding")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="Größe")).to_be_visible()
