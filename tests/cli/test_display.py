"""What a run shows while it works: lines for people or for programs, and no traces in the process afterwards."""

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from importer.cli import output
from importer.cli.display import Display
from importer.cli.texts import cost_lines, counts_text, source_info_lines
from importer.config import EngineName, Settings, load_settings
from importer.errors import SourceError
from importer.journal import SourceCounts
from importer.model import ObjectType, Operation, Role, Status
from importer.pool import Progress
from importer.reader import SourceInfo
from importer.runner.estimate import Costs
from importer.runner.events import LookupProgress, Notice, Plan
from importer.runner.lookup_counts import LookupCounts

INFO = SourceInfo(
    format="CSV",
    encoding="UTF-8",
    delimiter=",",
    sheet="",
    sheets=0,
    header_row=1,
    columns={Role.FROM_OBJECT_ID: "Contact ID", Role.TO_OBJECT_ID: "ID 2", Role.TO_OBJECT_TYPE: "Kind"},
    from_object_type=ObjectType("contacts"),
    to_object_type=None,
    notes=("A note.",),
)
COSTS = Costs(
    engine=EngineName.PUT,
    read_first=False,
    rate="100/10",
    batch_rate="5/1",
    put_calls=12_000,
    put_minutes=20.0,
    batch_calls=6,
    batch_minutes=0.02,
    read_calls=0,
)
PROGRESS = Progress(
    pairs=100,
    done=50,
    statuses=dict.fromkeys(Status, 0) | {Status.LINKED: 40, Status.ALREADY_LINKED: 10, Status.NOT_SENT: 50},
    calls=50,
    reads=0,
    retries=0,
    rate_limited=0,
    rate="190/10",
    calls_per_second=5.0,
    seconds_left=10.0,
)
PLAN = Plan("20260504-030201-abcde", False, "sandbox", SourceCounts(12_003, 12_000, 2, 1), 12_000, COSTS)


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


@pytest.fixture(autouse=True)
def clean_logger() -> Iterator[None]:
    logger = logging.getLogger("importer")
    before = logger.level, logger.propagate, list(logger.handlers)
    yield
    assert (logger.level, logger.propagate, list(logger.handlers)) == before


def test_a_side_is_shown_as_its_column_and_its_type() -> None:
    assert source_info_lines(INFO) == [
        "Read as CSV, UTF-8, delimiter ','",
        "  from  Contact ID → contacts",
        "  to    ID 2 → type in column Kind",
        "  A note.",
    ]


def test_counts_that_are_zero_are_left_out() -> None:
    assert counts_text(SourceCounts(2, 2, 0, 0)) == "2 rows: 2 pairs"
    assert (
        counts_text(SourceCounts(5_000, 1, 1, 2, 3))
        == "5,000 rows: 1 pair, 2 duplicate rows, 1 invalid row, 3 blank rows"
    )


def test_the_costs_are_an_aligned_table_that_marks_the_chosen_engine() -> None:
    assert cost_lines(COSTS) == [
        "                     calls  rate        time",
        "  * --engine put    12,000  100/10 s    20 min 0 s",
        "    --engine batch       6  5/1 s       1 s",
    ]
    marked = cost_lines(replace(COSTS, engine=EngineName.BATCH, read_first=True, read_calls=12))
    assert [line[2] for line in marked] == [" ", " ", "*", "+"]
    assert marked[-1] == "  + about 12 reads before and after; pairs that are linked already are not sent"
    single = cost_lines(replace(COSTS, read_calls=1))
    assert single[-1] == "  + about 1 read before and after; pairs that are linked already are not sent"


def shown(*events: object, settings: Settings | None = None) -> None:
    with Display(settings or Settings()) as display:
        for event in events:
            display(event)  # type: ignore[arg-type]


def test_text_has_groups_and_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    shown(INFO, PLAN, Notice("Done."))
    text = capsys.readouterr().err
    assert text.count("\n\n") == 2
    assert "Run 20260504-030201-abcde sends to sandbox.\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_resumed_run_says_so_and_a_verification_shows_no_costs(capsys: pytest.CaptureFixture[str]) -> None:
    shown(replace(PLAN, resumed=True))
    assert "resuming; finished pairs are not sent again" in capsys.readouterr().err
    shown(replace(PLAN, operation=Operation.VERIFY))
    text = capsys.readouterr().err
    assert "nothing is sent" in text
    assert "--engine" not in text
    assert "changed" not in text


@pytest.mark.parametrize("operation", [Operation.UNLINK, Operation.UNDO])
def test_an_operation_that_changes_links_names_itself_and_fits_80_columns(
    capsys: pytest.CaptureFixture[str], operation: Operation
) -> None:
    shown(replace(PLAN, operation=operation, target="https://api.hubapi.com"))
    text = capsys.readouterr().err
    assert "sends" not in text
    assert "--engine" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_run_without_pairs_shows_no_costs_and_one_empty_line_between_groups(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown(replace(PLAN, pending=0), Notice("Done."))
    text = capsys.readouterr().err
    assert "--engine" not in text
    assert "to send" in text
    assert "\n\n\n" not in text
    shown(replace(PLAN, pending=0, operation=Operation.VERIFY))
    assert "to send" not in capsys.readouterr().err


def test_a_terminal_gets_no_empty_line_if_nothing_was_logged(terminal: Terminal) -> None:
    with contextlib.redirect_stderr(terminal):
        shown()
    assert terminal.getvalue() == ""


def test_the_bar_of_a_verification_ends_full_although_pairs_are_not_linked(terminal: Terminal) -> None:
    statuses = dict.fromkeys(Status, 0) | {Status.ALREADY_LINKED: 2, Status.NOT_SENT: 1}
    progress = replace(PROGRESS, pairs=3, done=3, statuses=statuses)
    counts = SourceCounts(3, 3, 0, 0)
    with contextlib.redirect_stderr(terminal):
        shown(replace(PLAN, operation=Operation.VERIFY, counts=counts, pending=3), progress)
    assert "3/3" in terminal.getvalue()


def test_json_has_one_object_per_line_with_the_code_of_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(load_settings({"log_format": "json"})) as display:
        display(INFO)
        display(PLAN)
        display.log_error(SourceError("NO_ID_COLUMN", "The file has no column for an id."))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(line["message"] for line in lines)
    assert [line["run_id"] for line in lines] == [None, *[PLAN.run_id] * (len(lines) - 1)]
    assert (lines[-1]["level"], lines[-1]["code"]) == ("error", "NO_ID_COLUMN")
    assert all("code" not in line for line in lines[:-1])


def test_quiet_shows_warnings_and_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    shown(INFO, PLAN, Notice("Fine."), Notice("Odd.", is_warning=True), settings=load_settings({"quiet": True}))
    assert capsys.readouterr().err == "Warning: Odd.\n"


def test_progress_leaves_out_zero_counts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1_000, 10))
    monkeypatch.setattr("importer.cli.display.time.monotonic", lambda: float(next(clock)))
    shown(PROGRESS, replace(PROGRESS, calls_per_second=None, seconds_left=7.4))
    assert capsys.readouterr().err.splitlines() == [
        "50 of 100 pairs: 50 linked; 5.0 calls/s (limit 190/10), 10 s left",
        "50 of 100 pairs: 50 linked; limit 190/10, 7 s left",
    ]


def test_a_bar_shows_the_speed_without_pauses(terminal: Terminal) -> None:
    with contextlib.redirect_stderr(terminal):
        shown(replace(PLAN, counts=SourceCounts(100, 100, 0, 0), pending=100), PROGRESS)
    assert "50 linked; 5.0 calls/s (limit 190/10), 10 s left]" in terminal.getvalue()
    assert "pair/s" not in terminal.getvalue()


def lookup(values: int, *, is_done: bool = False) -> LookupProgress:
    return LookupProgress(LookupCounts(values, found=values - 2, not_found=2), is_done)


def test_a_lookup_shows_its_progress_in_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr("importer.cli.display.time.monotonic", lambda: next(clock))
    shown(lookup(5_000), lookup(6_000), lookup(10_000), lookup(10_002, is_done=True))
    assert capsys.readouterr().err.splitlines() == [
        "  Looking up: 5,000 different values: 4,998 found, 2 not found so far",
        "  Looking up: 10,000 different values: 9,998 found, 2 not found so far",
        "  Looked up 10,002 different values: 10,000 found, 2 not found",
    ]


def test_a_lookup_in_a_terminal_has_a_bar_that_ends_before_that_of_the_run(terminal: Terminal) -> None:
    with contextlib.redirect_stderr(terminal):
        shown(INFO, lookup(5_000), lookup(6_000, is_done=True), replace(PLAN, pending=1))
    text = terminal.getvalue()
    assert text.index("Looking up: 5000 values") < text.index("Looked up 6,000 different values")
    assert text.index("Looked up 6,000") < text.rindex("/12000 [")


def test_the_logger_is_as_before_even_after_an_error() -> None:
    logger = logging.getLogger("importer")
    logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.suppress(ZeroDivisionError), Display(Settings()):
            assert (logger.level, logger.propagate) == (logging.INFO, False)
            raise ZeroDivisionError
        assert (logger.level, logger.propagate) == (logging.CRITICAL, True)
    finally:
        logger.setLevel(logging.NOTSET)


def test_a_terminal_gets_colours_and_wrapped_lines(terminal: Terminal) -> None:
    with contextlib.redirect_stderr(terminal):
        shown(Notice("word " * 30, is_warning=True))
    text = terminal.getvalue()
    assert "\x1b[33m" in text
    assert all(len(line) <= 80 + len("\x1b[33m\x1b[1m\x1b[0m") for line in text.splitlines())
    assert text.splitlines()[1].startswith("    word")


def test_no_color_is_honoured(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with contextlib.redirect_stderr(terminal):
        shown(Notice("Odd.", is_warning=True))
    assert "Warning: Odd." in terminal.getvalue()
    assert "\x1b[3" not in terminal.getvalue()


def test_the_statuses_of_a_summary_are_coloured_in_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "rows    3\n  linked  2\n  failed  1"
    output.show_summary(table)
    assert capsys.readouterr().out == table + "\n"
    monkeypatch.setattr("sys.stdout", terminal)
    output.show_summary(table)
    assert terminal.getvalue() == "rows    3\n  \x1b[32mlinked\x1b[0m  2\n  \x1b[31mfailed\x1b[0m  1\n"


def test_long_words_such_as_paths_are_not_broken(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/a" * 60
    assert output.fit(f"Results in {path}", terminal) == f"Results in\n    {path}"
    monkeypatch.setenv("COLUMNS", "200")
    assert max(map(len, output.fit("word " * 60, terminal).splitlines())) <= output.MAX_WIDTH
