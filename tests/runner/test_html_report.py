"""The HTML report of runs against a sandbox in another process: its figures, its safety, its size."""

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from importer import RunStatus, Settings, load_settings, resume_run, run_import
from importer.config.values import Rate
from importer.model import Status
from importer.runner.events import Plan
from importer.runner.finish import last_summary, report_run
from importer.runner.html_report import report_data
from importer.runner.state_directory import open_journal
from importer.sandbox import responses
from importer.timestamps import utc_text
from tests.support.command_line import TOKEN, UNKNOWN, Workplace


@pytest.fixture
def settings(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    flags = {"base_url": work.hubspot.url, "rate": "20000/1", "state_dir": work.folder / "state"}
    return load_settings({**flags, "report": work.folder / "report.html"})


class Page(HTMLParser):
    """The elements of a page, with their attributes, and its visible texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


def incident_run(work: Workplace, settings: Settings) -> str:
    """Run a file with 12 bad rows of three kinds; the run is rate limited, interrupted and resumed."""
    bad = [*((UNKNOWN + work.base + n, 1) for n in range(6)), *(("1.2E+11", 1) for _ in range(3)), *[("", 1)] * 3]
    work.hubspot.change("faults", faults=["too_fast_retry_after=put,pairs:0.05*1"])
    try:
        stopped = run_import(work.write("pairs.csv", [*work.pairs(200), *bad]), settings, first_rows=80)
        assert stopped.status is RunStatus.STOPPED
        resume_run(stopped.run_id, settings)
    finally:
        work.hubspot.change("faults", faults=[])
    return stopped.run_id


@pytest.mark.slow
def test_every_figure_agrees_with_the_journal_and_with_what_hubspot_counted(
    work: Workplace, settings: Settings
) -> None:
    before = work.calls()
    run_id = incident_run(work, settings)
    received = work.calls() - before
    with open_journal(settings, run_id) as journal:
        summary = report_run(run_id, settings)
        data = report_data(journal, summary)
    for_account = len(data.processes)  # the sandbox does not number requests for the account's details
    assert data.totals.begun == sum(one.begun for one in data.calls) == received + for_account
    assert data.totals.rate_limited == sum(one.rate_limited for one in data.calls) > 0
    assert sum(entry.pairs for entry in data.completed) == summary.pairs == sum(one.pairs for one in data.changes)
    assert (summary.linked, summary.failed, summary.invalid) == (200, 6, 6)
    assert [(one.code, one.number) for one in data.findings] == [
        ("MISSING_ID", "3 rows"),
        ("SCIENTIFIC_NOTATION", "3 rows"),
        ("OBJECT_NOT_FOUND", "6 pairs"),
    ]
    assert len(data.rows) == 12
    assert len(data.processes) == 2
    page = Page(work.folder / "report.html")
    assert "200 of 212 rows are linked. 12 need you." in page.texts
    assert sum("interruption" in (attributes.get("class") or "") for _, attributes in page.elements) > 0
    assert "The busiest 10 seconds ended at" in " ".join(page.texts)
    assert data.fullest is not None
    assert data.fullest.calls == data.totals.busiest == max(one.busiest for one in data.calls)
    assert f"with {data.fullest.calls:,} calls begun" in " ".join(page.texts)


def test_a_single_duplicate_is_one_row(work: Workplace, settings: Settings) -> None:
    run_import(work.write("pairs.csv", [*work.pairs(3), work.pairs(1)[0]]), settings)
    assert "3 distinct pairs, 1 duplicate row" in Page(work.folder / "report.html").texts


def test_failures_of_one_category_with_other_reasons_have_no_single_reason(work: Workplace, settings: Settings) -> None:
    one, other = work.pairs(2)
    refused = [f"association_limit=put,contacts:{one[0]}>companies:{one[1]}"]
    refused.append(f"validation_rule=put,contacts:{other[0]}>companies:{other[1]}")
    work.hubspot.change("faults", faults=refused)
    try:
        summary = run_import(work.write("pairs.csv", [one, other]), settings)
    finally:
        work.hubspot.change("faults", faults=[])
    rows = summary.to_frame()
    assert set(rows["import_error_category"]) == {"VALIDATION_ERROR"}
    assert len(set(rows["import_error_message"])) == 2
    with open_journal(settings, summary.run_id) as journal:
        (kind,) = journal.failure_kinds(most=9, first=9)
    assert (kind.message, kind.advice, kind.first) == ("", "", (1, 2))


def test_the_report_has_no_script_and_makes_no_request(work: Workplace, settings: Settings) -> None:
    run_import(work.write("pairs.csv", [*work.pairs(3), ("x", 1)]), settings)
    page = Page(work.folder / "report.html")
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "href", "action", "srcset"}}
    style = (work.folder / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r"url\(([^)]*)\)", style)) <= {"#hatch"}
    assert "@import" not in style


def test_cells_cannot_become_markup(work: Workplace, settings: Settings) -> None:
    nasty = '"</td><script>alert(1)</script><b onclick=x>"'
    source = work.folder / "pairs.csv"
    source.write_text(f"Contact ID,Company ID,<img src=x>\n{nasty},1,{nasty}\n", encoding="utf-8")
    run_import(source, settings)
    page = Page(work.folder / "report.html")
    assert not page.tags & {"script", "img", "b"}
    assert any("<script>alert(1)</script>" in text for text in page.texts)


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [-10, 10])
def test_pairs_are_shown_at_the_time_of_their_calls_if_the_clock_of_hubspot_differs(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    def now() -> str:
        return utc_text(time.time() + 60 * minutes, "milliseconds")

    monkeypatch.setattr(responses, "now", now)
    slow = settings.model_copy(update={"rate": Rate(2, 1.0), "report": None})
    pairs = [*work.pairs(6), (UNKNOWN + work.base, 1)]
    run_id = run_import(work.write("pairs.csv", pairs), slow).run_id
    with open_journal(settings, run_id) as journal:
        data = report_data(journal, last_summary(journal))
    assert sum(one.pairs for one in data.completed) == 7
    assert len({one.at for one in data.completed if one.status is Status.LINKED}) > 1
    assert all(data.calls[0].start <= one.at <= data.calls[-1].end for one in data.completed)


def test_labels_have_their_names_and_settings_are_written_as_people_write_them(
    work: Workplace, settings: Settings
) -> None:
    run_import(work.write("pairs.csv", work.pairs(2)), settings.model_copy(update={"labels": ("Decision maker",)}))
    texts = Page(work.folder / "report.html").texts
    assert any("Decision maker (USER_DEFINED:1)" in text for text in texts)
    assert "20000/1 s" in texts
    assert not [text for text in texts if text.startswith("{")]


def test_every_picture_has_a_name(work: Workplace, settings: Settings) -> None:
    run_import(work.write("pairs.csv", work.pairs(30)), settings)
    for tag, attributes in Page(work.folder / "report.html").elements:
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or (
                attributes.get("role") == "img" and attributes.get("aria-label")
            )


@pytest.mark.slow
def test_at_most_500_rows_and_less_than_a_megabyte(work: Workplace, settings: Settings) -> None:
    source = work.folder / "pairs.csv"
    lines = "".join(f"bad id {number},1,{'wide ' * 60}\n" for number in range(3_000))
    source.write_text(f"Contact ID,Company ID,{','.join(f'Column {n}' for n in range(30))}\n{lines}")
    run_import(source, settings)
    page = Page(work.folder / "report.html")
    assert any(text.startswith("The first 500 of 3,000; the results file has all of them.") for text in page.texts)
    assert (work.folder / "report.html").stat().st_size < 1_000_000


def test_no_secret_is_in_the_report(work: Workplace, settings: Settings, tmp_path: Path) -> None:
    run_import(work.write("pairs.csv", work.pairs(2)), settings)
    text = (work.folder / "report.html").read_text(encoding="utf-8")
    assert TOKEN not in text
    assert "token_file" not in text


@pytest.mark.slow
def test_a_report_that_someone_changed_is_kept(work: Workplace, settings: Settings) -> None:
    source = work.write("pairs.csv", work.pairs(2))
    run_import(source, settings)
    report = work.folder / "report.html"
    report.write_text("my notes")
    run_import(source, settings, fresh=True)
    assert (work.folder / "report.1.html").read_text() == "my notes"
    assert "<!doctype html>" in report.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_leaves_the_run_as_it_is(work: Workplace, settings: Settings) -> None:
    folder = work.folder / "unmounted"
    folder.mkdir()
    settings = settings.model_copy(update={"report": folder / "report.html"})

    def unmount(event: object) -> None:
        if isinstance(event, Plan):
            folder.rmdir()

    summary = run_import(work.write("pairs.csv", work.pairs(2)), settings, on_event=unmount)
    assert (summary.exit_code, summary.report) == (0, None)


def test_a_report_is_written_again_from_the_journal(work: Workplace, settings: Settings) -> None:
    run_id = run_import(work.write("pairs.csv", work.pairs(2)), settings).run_id
    done = work.here("report", run_id, "--out", "again.html", "--json")
    assert (done.code, done.json["report"]) == (0, str(work.folder / "again.html"))
    assert "2 of 2 rows are linked." in Page(work.folder / "again.html").texts


def test_a_run_that_sent_nothing_has_a_report(work: Workplace, settings: Settings) -> None:
    summary = run_import(work.write("pairs.csv", [("x", 1)]), settings)
    assert summary.report == str(work.folder / "report.html")
    assert "0 of 1 rows are linked. 1 needs you." in Page(work.folder / "report.html").texts
