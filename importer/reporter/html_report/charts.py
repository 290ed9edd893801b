"""The report's charts: figures of time intervals as points of an SVG viewport, and the same figures as texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, zip_longest
from operator import attrgetter
from typing import NamedTuple

from importer.journal import CallFigures, CompletedPairs
from importer.model import Status
from importer.reporter.html_report.time_axis import HEIGHT, WIDTH, Part, TimeAxis
from importer.timestamps import utc_text

INTERVALS = 120
"""The approximate number of time intervals in a chart."""

_TOUCHING = 0.01
"""Units between two steps that are less than the rounding of their positions."""

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled area or a line of one series, as the data of an SVG path."""

    name: str
    path: str


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
    xs, stacks = [0.0], [[0.0] * len(names)]
    for at, values in sums:
        before, after = stacks[-1], list(accumulate(values))
        for x, share in _rise(axis, at, seconds):
            xs.append(x)
            stacks.append([old + (new - old) * share for old, new in zip(before, after, strict=True)])
    xs.append(WIDTH)
    stacks.append(stacks[-1])
    lower: Points = [(x, 0.0) for x in xs]
    shapes = []
    for index, name in enumerate(names):
        upper: Points = [(x, stack[index]) for x, stack in zip(xs, stacks, strict=True)]
        shapes.append(Shape(name, f"M{_points([*upper, *reversed(lower)], top)}Z"))
        lower = upper
    rows = tuple((utc_text(at + seconds), *(f"{value:,}" for value in values)) for at, values in sums)
    return Chart(tuple(shapes), f"{top:,}", ("until (UTC)", *names), rows)


def calls_over_time(calls: Sequence[CallFigures], axis: TimeAxis) -> Chart:
    """Return the most calls begun in any 10 s, against the limit in force at that time."""
    busiest, limits = [float(one.busiest) for one in calls], _limits(calls)
    top = _round_up(max(*busiest, *limits))
    shapes = (_area("calls", calls, busiest, axis, top), _line("limit", calls, limits, axis, top, holds=True))
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


def _rise(axis: TimeAxis, start: float, seconds: int) -> Iterator[tuple[float, float]]:
    """Yield positions in an interval and the share of its pairs that are done there; none are while nothing works."""
    parts = axis.parts(start, start + seconds) or [Part(axis.x(start), axis.x(start), axis.x(start))]
    width, done = sum(part.right - part.left for part in parts), 0.0
    for part in parts:
        yield part.left, done / width if width else 0.0
        done += part.right - part.left
        yield part.right, done / width if width else 1.0


def _limits(calls: Sequence[CallFigures]) -> list[float]:
    """Return the limit of each interval; an interval without calls has the limit of the one before it."""
    known = next((one.limit for one in calls if one.limit is not None), 0.0)
    found = []
    for one in calls:
        known = known if one.limit is None else one.limit
        found.append(known)
    return found


def _line(
    name: str, calls: Sequence[CallFigures], values: Sequence[float], axis: TimeAxis, top: float, *, holds: bool = False
) -> Shape:
    """Return values as a stepped line, broken where there are none; one that `holds` continues to the next value."""
    steps = _steps(calls, values, axis)
    if holds:
        steps = [
            step._replace(right=following.left if following is not None and following.left < step.limit else step.limit)
            for step, following in zip_longest(steps, steps[1:])
        ]
    return Shape(name, " ".join(f"M{_points(run, top)}" for run in _connected(steps)))


def _area(name: str, calls: Sequence[CallFigures], values: Sequence[float], axis: TimeAxis, top: float) -> Shape:
    """Return values as steps above the time axis, with nothing where there were no calls."""
    runs = _connected(_steps(calls, values, axis))
    closed = ([(run[0][0], 0.0), *run, (run[-1][0], 0.0)] for run in runs)
    return Shape(name, " ".join(f"M{_points(points, top)}Z" for points in closed))


class _Step(NamedTuple):
    """A value from `left` to `right`; the process in which it was measured ends at `limit`."""

    left: float
    right: float
    limit: float
    value: float


def _steps(calls: Sequence[CallFigures], values: Sequence[float], axis: TimeAxis) -> list[_Step]:
    """Return the values where a process worked, from left to right."""
    found = (
        _Step(*part, value) for one, value in zip(calls, values, strict=True) for part in axis.parts(one.start, one.end)
    )
    return sorted(found)


def _connected(steps: Sequence[_Step]) -> Iterator[Points]:
    """Yield the corners of steps; those that touch are connected, all others are apart."""
    run: Points = []
    for step in steps:
        if run and step.left - run[-1][0] > _TOUCHING:
            yield run
            run = []
        run += [(step.left, step.value), (step.right, step.value)]
    if run:
        yield run


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
