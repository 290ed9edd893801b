"""The geometry of the report's charts: values to points of an SVG viewport that is stretched to the page's width."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from importer.journal import CompletedPairs, PauseSpan, ProcessSpan, Second
from importer.model import Status
from importer.timestamps import duration_text, utc_text

if TYPE_CHECKING:
    import pandas

WIDTH, HEIGHT = 1000.0, 200.0
"""The viewport of every chart, in user units."""

BUCKETS = 120
_GAP = 24.0
"""The width that an interruption has, however long it was."""


@dataclass(frozen=True, slots=True)
class Band:
    """A marked time span: a pause or an interruption."""

    x: float
    width: float
    kind: str
    label: str


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


@dataclass(frozen=True, slots=True)
class _Piece:
    start: float
    end: float
    left: float
    width: float


class TimeAxis:
    """Maps Unix times to x. Times without a process are cut out, except for a gap of fixed width."""

    def __init__(self, processes: Sequence[ProcessSpan], now: float) -> None:
        """Lay out the processes of a run, at least one; `now` is the end of one that is still running."""
        spans = [(span.start, max(span.end if span.end is not None else now, span.start + 1)) for span in processes]
        working = sum(end - start for start, end in spans)
        available = WIDTH - _GAP * (len(spans) - 1)
        self._pieces: list[_Piece] = []
        left = 0.0
        for start, end in spans:
            width = available * (end - start) / working
            self._pieces.append(_Piece(start, end, left, width))
            left += width + _GAP

    @property
    def start(self) -> float:
        """The Unix time of the left edge."""
        return self._pieces[0].start

    @property
    def end(self) -> float:
        """The Unix time of the right edge."""
        return self._pieces[-1].end

    def x(self, time: float) -> float:
        """Return the position of a Unix time; a time in a gap is at its left edge."""
        for piece in reversed(self._pieces):
            if time >= piece.start:
                share = min(1.0, (time - piece.start) / (piece.end - piece.start))
                return piece.left + share * piece.width
        return 0.0

    def bands(self, pauses: Sequence[PauseSpan], processes: Sequence[ProcessSpan]) -> tuple[Band, ...]:
        """Return the pauses and interruptions as bands."""
        found = [
            Band(
                x=self.x(pause.start),
                width=max(2.0, self.x(pause.end) - self.x(pause.start)),
                kind="pause",
                label=f"{utc_text(pause.start)}: {_PAUSES[pause.reason]}, {duration_text(pause.end - pause.start)}",
            )
            for pause in pauses
        ]
        for piece, following, ended in zip(self._pieces, self._pieces[1:], processes, strict=False):
            away = duration_text(max(0.0, following.start - piece.end))
            label = f"{utc_text(piece.end)}: {ended.ended_by or 'interrupted'}; resumed after {away}"
            found.append(Band(piece.left + piece.width, _GAP, "interruption", label))
        return tuple(found)


_PAUSES = {
    "rate_limited": "HubSpot asked to slow down",
    "backoff": "waiting before the next attempts",
    "earlier_run": "an earlier run had used up the rate",
}


def outcomes_over_time(completed: Sequence[CompletedPairs], axis: TimeAxis, order: Sequence[Status]) -> Chart:
    """Return the cumulative numbers of pairs with each status as stacked areas."""
    import pandas  # noqa: PLC0415 - half a second, which commands without a report need not wait for

    frame = pandas.DataFrame(
        {
            "at": [datetime.fromisoformat(one.at).timestamp() for one in completed],
            "status": [str(one.status) for one in completed],
            "pairs": [one.pairs for one in completed],
        }
    )
    names = [str(status) for status in order if str(status) in set(frame["status"])]
    sums = frame.pivot_table(index="at", columns="status", values="pairs", aggfunc="sum", fill_value=0)[names].cumsum()
    sums = _thinned(sums)
    total = max(1, int(sums.iloc[-1].sum()) if len(sums) else 0)
    xs = [0.0, *(axis.x(at) for at in sums.index), WIDTH]
    lower = [0.0] * len(xs)
    shapes = []
    for name in names:
        values = [0.0, *map(float, sums[name]), float(sums[name].iloc[-1])]
        upper = [below + value for below, value in zip(lower, values, strict=True)]
        shapes.append(Shape(name, _area(xs, lower, upper, total)))
        lower = upper
    rows = tuple((utc_text(at), *(f"{int(n):,}" for n in values)) for at, *values in sums.itertuples())
    return Chart(tuple(shapes), f"{total:,}", ("time (UTC)", *names), rows)


def calls_over_time(seconds: Sequence[Second], axis: TimeAxis) -> Chart:
    """Return the most calls begun in any 10 s, against the limit in force at that time."""
    buckets = _Buckets(seconds, axis)
    top = _round_up(max(*buckets.of("busiest"), *buckets.of("limit")))
    shapes = (buckets.area("busiest", "calls", top), buckets.line("limit", "limit", top))
    rows = buckets.table("busiest", "limit", "begun")
    return Chart(shapes, f"{top:,.0f}", ("time (UTC)", "most calls in any 10 s", "limit", "calls begun"), rows)


def latency_over_time(seconds: Sequence[Second], axis: TimeAxis) -> Chart:
    """Return the median and the 95th percentile of the latency in milliseconds."""
    buckets = _Buckets([one for one in seconds if one.p50 is not None and one.p95 is not None], axis)
    top = _round_up(max(buckets.of("p95"), default=0.0))
    shapes = tuple(buckets.line(name, name, top) for name in ("p50", "p95"))
    return Chart(
        shapes, f"{top:,.0f} ms", ("time (UTC)", "median, ms", "95th percentile, ms"), buckets.table("p50", "p95")
    )


def retries_over_time(seconds: Sequence[Second], axis: TimeAxis) -> Chart:
    """Return the retries and the 429 responses."""
    buckets = _Buckets(seconds, axis)
    top = _round_up(max(*buckets.of("retries"), *buckets.of("rate_limited")))
    shapes = tuple(buckets.area(name, name, top) for name in ("retries", "rate_limited"))
    rows = buckets.table("retries", "rate_limited")
    return Chart(shapes, f"{top:,.0f}", ("time (UTC)", "retries", "429 responses"), rows)


def per_ten_seconds(rate: str) -> float:
    """Return a rate limit `N/SECONDS` as calls in ten seconds, 0 if it is not known."""
    calls, _, seconds = rate.partition("/")
    return float(calls) * 10 / float(seconds) if seconds else 0.0


class _Buckets:
    """The seconds with calls, joined into at most `BUCKETS` rows of a data frame by the time at which each begins."""

    def __init__(self, seconds: Sequence[Second], axis: TimeAxis) -> None:
        import pandas  # noqa: PLC0415 - as above

        frame = pandas.DataFrame([asdict(second) for second in seconds], columns=[one.name for one in fields(Second)])
        limits = pandas.Series([per_ten_seconds(second.rate) for second in seconds], dtype=float)
        frame["limit"] = limits.replace(0.0, None).ffill().bfill().fillna(0.0)  # a second without calls has no rate
        size = -(-len(frame) // BUCKETS) or 1
        self._frame = frame.drop(columns="rate").astype(float).groupby(frame.index // size).agg(_AGGREGATION)
        # A bucket lasts until the next one begins; the last second lasts one second.
        last = seconds[-1].at + 1 if seconds else 0.0
        self._xs = [*map(axis.x, self.of("at")), axis.x(last)]

    def of(self, name: str) -> list[float]:
        """Return the values of one column."""
        return [float(value) for value in self._frame[name]]

    def line(self, column: str, name: str, top: float) -> Shape:
        """Return a column as a line."""
        return Shape(name, _line(self._xs, self._until_end(column), top))

    def area(self, column: str, name: str, top: float) -> Shape:
        """Return a column as an area above the time axis."""
        return Shape(name, _area(self._xs, [0.0] * len(self._xs), self._until_end(column), top))

    def table(self, *columns: str) -> tuple[tuple[str, ...], ...]:
        """Return columns as texts, each row with its time."""
        values = zip(*(self.of(column) for column in columns), strict=True)
        return tuple(
            (utc_text(at), *(f"{value:,.0f}" for value in row)) for at, row in zip(self.of("at"), values, strict=True)
        )

    def _until_end(self, column: str) -> list[float]:
        values = self.of(column)
        return [*values, *(values[-1:] or [0.0])]


_AGGREGATION = {
    "at": "first",
    "begun": "sum",
    "busiest": "max",
    "limit": "max",
    "retries": "sum",
    "rate_limited": "sum",
    "p50": "median",
    "p95": "max",
}


def _round_up(value: float) -> float:
    """Return a round number above a value, for the top of an axis."""
    factor = 10.0 ** (len(str(int(max(1.0, value)))) - 1)
    return next(step * factor for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0) if step * factor >= value)


def _thinned(frame: "pandas.DataFrame") -> "pandas.DataFrame":
    """Return at most `BUCKETS` rows of cumulative values, the last one included."""
    size = -(-len(frame) // BUCKETS) or 1
    return frame.groupby([index // size for index in range(len(frame))]).tail(1)


def _y(value: float, top: float) -> float:
    return HEIGHT - HEIGHT * value / top


def _line(xs: Sequence[float], values: Sequence[float], top: float) -> str:
    return " ".join(f"{x:.1f},{_y(value, top):.1f}" for x, value in zip(xs, values, strict=True))


def _area(xs: Sequence[float], lower: Sequence[float], upper: Sequence[float], top: float) -> str:
    """Return the polygon between two lines, which runs back along the lower one."""
    return f"{_line(xs, upper, top)} {_line(xs[::-1], lower[::-1], top)}"


def local_text(timestamp: float) -> str:
    """Return a Unix time for people, in UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"
