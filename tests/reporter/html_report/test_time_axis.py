"""The time axis of the report: positions of times, and the marks of pauses and interruptions."""

import pytest

from importer.journal import NOT_RECORDED, PauseReason, PauseSpan, ProcessSpan
from importer.reporter.html_report.time_axis import WIDTH, TimeAxis


def test_times_without_a_process_have_a_gap_of_fixed_width() -> None:
    axis = TimeAxis([ProcessSpan(0, 100, NOT_RECORDED), ProcessSpan(10_000, 10_300, "finished")], now=0)
    assert [axis.x(time) for time in (-5, 0, 50, 100, 5_000, 10_000, 10_300, 20_000)] == pytest.approx(
        [0, 0, 122, 244, 244, 268, 1000, 1000]
    )
    assert (axis.start, axis.end, axis.interval(100), axis.interval(1_000)) == (0, 10_300, 4, 1)


def test_a_thousand_interruptions_leave_space_for_the_time_between_them() -> None:
    processes = [ProcessSpan(1_000 * number, 1_000 * number + 60, "daily_limit") for number in range(1_000)]
    axis = TimeAxis(processes, now=0)
    positions = [axis.x(one.start) for one in processes] + [axis.x(processes[-1].end or 0)]
    assert positions == sorted(positions)
    assert positions[-1] == pytest.approx(WIDTH)
    assert axis.x(60) == pytest.approx(0.75)
    band, _ = axis.bands([], processes)
    assert band.width == pytest.approx(WIDTH - 1.5)
    assert band.label == (
        "1970-01-01T00:01:00Z: The account has used up today's calls; resumed after 15 min 40 s; 998 more until "
        "1970-01-12T13:30:00Z, 260 h 51 min in all"
    )


def test_pauses_that_nearly_touch_are_one_mark_as_strong_as_their_share_of_the_time() -> None:
    axis = TimeAxis([ProcessSpan(0, 100_000, "finished")], now=0)
    pauses = [PauseSpan(1_000 + 100 * number, 1_050 + 100 * number, PauseReason.RATE_LIMITED) for number in range(10)]
    many, single = axis.bands([*pauses, PauseSpan(50_000, 60_000, PauseReason.BACKOFF)], [])
    assert (many.x, many.more, many.seconds) == (10, 9, 500)
    assert many.share == pytest.approx(500 / 950)
    assert many.label == (
        "1970-01-01T00:16:40Z: HubSpot asked to slow down, 50 s; 9 more until 1970-01-01T00:32:30Z, 8 min 20 s in all"
    )
    assert (single.x, single.width, single.share) == (500, 100, 1)


def test_the_process_that_is_still_running_ends_now() -> None:
    axis = TimeAxis([ProcessSpan(100, None, "")], now=300)
    assert (axis.start, axis.end, axis.x(200)) == (100, 300, 500)


def test_the_end_of_a_run_that_was_not_resumed_is_marked_and_explained() -> None:
    for ended_by, reason in (
        (NOT_RECORDED, "the process was killed, or the disk was full"),
        ("token_refused", "HubSpot no longer accepts the token"),
        ("SIGTERM", "The run was interrupted (SIGTERM)"),
        ("PORTAL_DIFFERS", "error PORTAL_DIFFERS"),
    ):
        processes = [ProcessSpan(0, 60, ended_by)]
        (band,) = TimeAxis(processes, now=0).bands([], processes)
        assert band.label == f"1970-01-01T00:01:00Z: {reason}; not resumed"
        assert band.x + band.width == WIDTH


def test_a_finished_and_a_running_process_have_no_mark_at_their_end() -> None:
    for process in (ProcessSpan(0, 60, "finished"), ProcessSpan(0, None, "")):
        assert TimeAxis([process], now=60).bands([], [process]) == ()


def test_the_axis_says_how_much_time_it_leaves_out() -> None:
    spans = [ProcessSpan(0, 60, NOT_RECORDED), ProcessSpan(64, 100, NOT_RECORDED), ProcessSpan(132, 150, "finished")]
    assert TimeAxis(spans[:1], now=0).left_out == ""
    assert "leaves out an interruption of 4 s:" in TimeAxis(spans[:2], now=0).left_out
    assert "leaves out 2 interruptions, 36 s in all:" in TimeAxis(spans, now=0).left_out
