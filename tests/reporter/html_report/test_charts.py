"""The charts of the report: their shapes are drawn from the figures in their tables."""

import pytest

from importer.journal import CallFigures, CompletedPairs, ProcessSpan
from importer.model import Status
from importer.reporter.html_report.charts import calls_over_time, latency_over_time, outcomes_over_time
from importer.reporter.html_report.time_axis import TimeAxis

AXIS = TimeAxis([ProcessSpan(0, 1_000, "finished")], now=0)


def calls(start: int, busiest: int, limit: float | None = 100.0, p50: int | None = 80) -> CallFigures:
    return CallFigures(start, start + 10, busiest * 2, 1, 0, busiest, limit, p50 and 3 * p50, p50)


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in text.split())]


def test_the_fullest_window_reaches_its_height_in_the_chart_and_is_in_the_table() -> None:
    chart = calls_over_time([calls(0, 50), calls(10, 90), calls(20, 50, limit=None)], AXIS)
    area, limit = chart.shapes
    assert min(y for _, y in points(area.points)) == pytest.approx(20)  # 90 of 100, from the top of 200 units
    assert {y for _, y in points(limit.points)} == {0}
    assert chart.rows[1] == ("1970-01-01T00:00:10Z", "90", "100", "180")
    assert chart.rows[2][2] == "100"  # the limit of an interval without calls is that of the one before


def test_the_calls_fall_to_zero_where_there_were_none_for_a_while() -> None:
    (area, _) = calls_over_time([calls(0, 50), calls(500, 50), calls(515, 50)], AXIS).shapes
    found = points(area.points)
    assert (10, 200) in found
    assert (500, 200) in found
    assert (510, 200) not in found


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
    linked, failed = (points(shape.points) for shape in chart.shapes)
    assert [shape.name for shape in chart.shapes] == ["linked", "failed"]
    assert linked[:6] == [(0, 200), (100, 140), (500, 140), (600, 20), (1000, 20), (1000, 200)]
    assert failed[:5] == [(0, 200), (100, 120), (500, 120), (600, 0), (1000, 0)]
    assert chart.top == "100"
