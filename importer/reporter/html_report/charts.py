"""The report's charts: figures of time intervals as points of an SVG viewport, and the same figures as texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import attrgetter

from importer.journal import CallFigures, CompletedPairs
from importer.model import Status
from importer.reporter.html_report.time_axis import HEIGHT, WIDTH, TimeAxis
from importer.timestamps import utc_text

INTERVALS = 120
"""The approximate number of time intervals in a chart."""

_WINDOW = 10
"""Seconds after which a call no longer counts towards the busiest ten seconds."""

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled area or a line of one series, as the points of an SVG polygon or polyline."""

    name: str
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its table: `header` and `rows` hold the figures that the shapes show."""

    shapes: tuple[Shape, ...]
    top: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def outcomes_over_time(
    completed: Sequence[CompletedPairs], seconds: int, axis: TimeAxis, order: Sequence[Status]
) -> Chart:
    """Return the cumulative numbers of pairs with each status as stacked areas, by intervals of `seconds`."""
    present = {one.status for one in completed}
    names = [status for status in order if status in present]
    top = max(1, sum(one.pairs for one in completed))
    sums = list(_cumulative(completed, names))
    xs, stacks = [0.0], [[0] * len(names)]
    for (at, values), right in zip(sums, [*(axis.x(at) for at, _ in sums[1:]), WIDTH], strict=True):
        xs += [axis.x(at + seconds), right]
        stacks += [list(accumulate(values))] * 2
    lower: Points = [(x, 0.0) for x in xs]
    shapes = []
    for index, name in enumerate(names):
        upper: Points = [(x, stack[index]) for x, stack in zip(xs, stacks, strict=True)]
        shapes.append(Shape(name, _points([*upper, *reversed(lower)], top)))
        lower = upper
    rows = tuple((utc_text(at + seconds), *(f"{value:,}" for value in values)) for at, values in sums)
    return Chart(tuple(shapes), f"{top:,}", ("until (UTC)", *names), rows)


def calls_over_time(calls: Sequence[CallFigures], axis: TimeAxis) -> Chart:
    """Return the most calls begun in any 10 s, against the limit in force at that time."""
    busiest, limits = [float(one.busiest) for one in calls], _limits(calls)
    top = _round_up(max(*busiest, *limits))
    shapes = (_area("calls", calls, busiest, axis, top), _line("limit", calls, limits, axis, top))
    rows = _rows(calls, busiest, limits, [one.begun for one in calls])
    return Chart(shapes, f"{top:,.0f}", ("from (UTC)", "most calls in any 10 s", "limit", "calls begun"), rows)


def latency_over_time(calls: Sequence[CallFigures], axis: TimeAxis) -> Chart:
    """Return the median and the 95th percentile of the latency in milliseconds."""
    known = [(one, one.p50, one.p95) for one in calls if one.p50 is not None and one.p95 is not None]
    intervals, p50, p95 = [one for one, _, _ in known], [p50 for _, p50, _ in known], [p95 for _, _, p95 in known]
    top = _round_up(max(p95, default=0))
    shapes = (_line("p50", intervals, p50, axis, top), _line("p95", intervals, p95, axis, top))
    header = ("from (UTC)", "median, ms", "95th percentile of the slowest second, ms")
    return Chart(shapes, f"{top:,.0f} ms", header, _rows(intervals, p50, p95))


def retries_over_time(calls: Sequence[CallFigures], axis: TimeAxis) -> Chart:
    """Return the retries and the 429 responses."""
    retries, rate_limited = [one.retries for one in calls], [one.rate_limited for one in calls]
    top = _round_up(max(*retries, *rate_limited))
    shapes = (
        _area("retries", calls, retries, axis, top),
        _area("rate_limited", calls, rate_limited, axis, top),
    )
    return Chart(shapes, f"{top:,.0f}", ("from (UTC)", "retries", "429 responses"), _rows(calls, retries, rate_limited))


def _cumulative(completed: Sequence[CompletedPairs], names: Sequence[Status]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the start of each interval, and the number of pairs with each status at its end."""
    sums = dict.fromkeys(names, 0)
    for at, group in groupby(completed, attrgetter("at")):
        for one in group:
            sums[one.status] += one.pairs
        yield at, tuple(sums.values())


def _limits(calls: Sequence[CallFigures]) -> list[float]:
    """Return the limit of each interval; an interval without calls has the limit of the one before it."""
    known = next((one.limit for one in calls if one.limit is not None), 0.0)
    found = []
    for one in calls:
        known = known if one.limit is None else one.limit
        found.append(known)
    return found


def _line(name: str, calls: Sequence[CallFigures], values: Sequence[float], axis: TimeAxis, top: float) -> Shape:
    """Return values as a stepped line."""
    steps = ([(axis.x(one.start), value), (axis.x(one.end), value)] for one, value in zip(calls, values, strict=True))
    return Shape(name, _points([point for step in steps for point in step], top))


def _area(name: str, calls: Sequence[CallFigures], values: Sequence[float], axis: TimeAxis, top: float) -> Shape:
    """Return values as steps above the time axis, which fall to it where there were no calls for a while."""
    points: Points = [(axis.x(calls[0].start), 0.0)]
    for index, (one, value) in enumerate(zip(calls, values, strict=True)):
        points += [(axis.x(one.start), value), (axis.x(one.end), value)]
        following = calls[index + 1] if index + 1 < len(calls) else None
        if following is None:
            points.append((axis.x(one.end), 0.0))
        elif following.start - one.end > _WINDOW:
            points += [(axis.x(one.end), 0.0), (axis.x(following.start), 0.0)]
    return Shape(name, _points(points, top))


def _rows(calls: Sequence[CallFigures], *columns: Sequence[float]) -> tuple[tuple[str, ...], ...]:
    """Return columns as texts, each row with the start of its interval."""
    return tuple(
        (utc_text(one.start), *(f"{value:,.0f}" for value in row))
        for one, row in zip(calls, zip(*columns, strict=True), strict=True)
    )


def _round_up(value: float) -> float:
    """Return a round number above a value, for the top of an axis."""
    factor = 10.0 ** (len(str(int(max(1.0, value)))) - 1)
    return next(step * factor for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0) if step * factor >= value)


def _points(points: Iterable[tuple[float, float]], top: float) -> str:
    return " ".join(f"{x:.1f},{HEIGHT - HEIGHT * value / top:.1f}" for x, value in points)
