"""The charts of the report: their shapes are drawn from the figures in their tables."""

import pytest

from importer.journal import NOT_RECORDED, CallFigures, CompletedPairs, ProcessSpan
from importer.model import Status
from importer.reporter.html_report.charts import (
    calls_over_time,
    latency_over_time,
    outcomes_over_time,
    retries_over_time,
)
from importer.reporter.html_report.time_axis import TimeAxis

AXIS = TimeAxis([ProcessSpan(0, 1_000, "finished")], now=0)
RESUMED = TimeAxis([ProcessSpan(0, 244, NOT_RECORDED), ProcessSpan(10_000, 10_732, "finished")], now=0)
"""The interruption is from 244 to 268, and elsewhere a second has one unit."""

Points = list[tuple[float, float]]


def calls(start: int, busiest: int, limit: float | None = 100.0, p50: int | None = 80) -> CallFigures:
    return CallFigures(start, start + 10, busiest * 2, 1, 0, busiest, limit, p50 and 3 * p50, p50)


def points(path: str) -> Points:
    """Return all points of a path."""
    return [point for run in runs(path) for point in run]


def runs(path: str) -> list[Points]:
    """Return the points of each connected part of a path."""
    return [
        [(float(x), float(y)) for x, y in (point.split(",") for point in run.strip(" Z").split())]
        for run in path.split("M")[1:]
    ]


def test_the_fullest_window_reaches_its_height_in_the_chart_and_is_in_the_table() -> None:
    chart = calls_over_time([calls(0, 50), calls(10, 90), calls(20, 50, limit=None)], AXIS)
    area, limit = chart.shapes
    assert min(y for _, y in points(area.path)) == pytest.approx(20)  # 90 of 100, from the top of 200 units
    assert {y for _, y in points(limit.path)} == {0}
    assert chart.rows[1] == ("1970-01-01T00:00:10Z", "90", "100", "180")
    assert chart.rows[2][2] == "100"  # the limit of an interval without calls is that of the one before


def test_there_is_nothing_where_there_were_no_calls() -> None:
    (area, _) = calls_over_time([calls(0, 50), calls(12, 50), calls(22, 50), calls(500, 50)], AXIS).shapes
    assert [(run[0][0], run[-1][0]) for run in runs(area.path)] == [(0, 10), (12, 32), (500, 510)]
    assert all(run[0][1] == run[-1][1] == 200 for run in runs(area.path))


def test_no_figure_reaches_into_an_interruption() -> None:
    both_sides = CallFigures(240, 10_004, 5, 4, 5, 5, 100.0, 300, 100)
    charts = [chart([both_sides], RESUMED) for chart in (calls_over_time, latency_over_time, retries_over_time)]
    for shape in (shape for chart in charts for shape in chart.shapes):
        if shape.name != "limit":
            assert [(run[0][0], run[-1][0]) for run in runs(shape.path)] == [(240, 244), (268, 272)]


def test_latencies_are_not_joined_across_a_pause() -> None:
    median, _ = latency_over_time([calls(0, 5), calls(10, 5), calls(100, 5)], AXIS).shapes
    assert [(run[0][0], run[-1][0]) for run in runs(median.path)] == [(0, 20), (100, 110)]


def test_the_limit_is_a_step_line_that_holds_during_a_pause_and_breaks_at_an_interruption() -> None:
    found = [calls(0, 5), calls(100, 5, limit=90), calls(200, 5, limit=90), calls(10_100, 5)]
    (_, limit) = calls_over_time(found, RESUMED).shapes
    before, after = runs(limit.path)
    assert before == [(0, 0), (100, 0), (100, 20), (200, 20), (200, 20), (244, 20)]
    assert after == [(368, 0), (1000, 0)]


def test_intervals_without_responses_have_no_latency() -> None:
    chart = latency_over_time([calls(0, 5), calls(10, 5, p50=None), calls(20, 5, p50=40)], AXIS)
    assert [row[1:] for row in chart.rows] == [("80", "240"), ("40", "120")]
    assert latency_over_time([calls(10, 5, p50=None)], AXIS).rows == ()


def test_pairs_are_stacked_and_end_with_all_of_them() -> None:
    completed = [
        CompletedPairs(0, Status.LINKED, 30),
        CompletedPairs(0, Status.FAILED, 10),
        CompletedPairs(500, Status.LINKED, 60),
    ]
    chart = outcomes_over_time(completed, 100, AXIS, [Status.LINKED, Status.BLANK, Status.FAILED])
    assert chart.rows == (("1970-01-01T00:01:40Z", "30", "10"), ("1970-01-01T00:10:00Z", "90", "10"))
    linked, failed = (points(shape.path) for shape in chart.shapes)
    assert [shape.name for shape in chart.shapes] == ["linked", "failed"]
    assert linked[1:7] == [(0, 200), (100, 140), (500, 140), (600, 20), (1000, 20), (1000, 200)]
    assert failed[1:6] == [(0, 200), (100, 120), (500, 120), (600, 0), (1000, 0)]
    assert chart.top == "100"


def test_no_pair_is_completed_during_an_interruption() -> None:
    completed = [CompletedPairs(200, Status.LINKED, 100)]
    (linked,) = outcomes_over_time(completed, 9_844, RESUMED, [Status.LINKED]).shapes
    heights = dict(points(linked.path)[:6])
    assert heights[244] == heights[268] == 100  # half of the pairs, because half of that time is before it
    assert heights[312] == 0
