"""The time axis of the report's charts: Unix times to positions, and the spans that are marked on it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil
from operator import attrgetter
from typing import NamedTuple

from importer.journal import NOT_RECORDED, PauseSpan, ProcessSpan
from importer.stops import StopReason
from importer.timestamps import duration_text, utc_text

WIDTH, HEIGHT = 1000.0, 200.0
"""The viewport of every chart, in user units."""

_GAP = 24.0
"""The width of an interruption, whatever its duration, unless there are many."""

_MAX_SHARE_OF_GAPS = 0.25
_NARROW = 4.0
"""Marks of one kind that are closer to each other than this many units are shown as one."""

_PAUSES = {
    "rate_limited": "HubSpot asked to slow down",
    "backoff": "waiting before the next attempts",
    "earlier_run": "an earlier run had used up the rate limit",
}


@dataclass(frozen=True, slots=True)
class Band:
    """A marked time span: a pause or an interruption, with `more` others in it.

    `start` and `end` are Unix times; the pauses or interruptions between them last `seconds`.
    """

    x: float
    width: float
    kind: str
    text: str
    start: float
    end: float
    seconds: float
    more: int = 0

    @property
    def label(self) -> str:
        """The sentence about it."""
        if not self.more:
            return self.text
        return f"{self.text}; {self.more:,} more until {utc_text(self.end)}, {duration_text(self.seconds)} in all"

    @property
    def share(self) -> float:
        """The share of its time that is a pause or an interruption, large enough to be visible."""
        return max(0.2, min(1.0, self.seconds / (self.end - self.start))) if self.more else 1.0


@dataclass(frozen=True, slots=True)
class _Piece:
    start: float
    end: float
    left: float
    width: float


class Part(NamedTuple):
    """A part of the axis from `left` to `right`, and the end of the process in it (`limit`)."""

    left: float
    right: float
    limit: float


class TimeAxis:
    """Maps Unix times to x. Times without a process are cut out, except for a gap of fixed width."""

    def __init__(self, processes: Sequence[ProcessSpan], now: float) -> None:
        """Lay out the processes of a run, at least one; `now` is the end of one that is still running."""
        spans = [(span.start, max(span.end if span.end is not None else now, span.start + 1)) for span in processes]
        self._working = sum(end - start for start, end in spans)
        gaps = len(spans) - 1
        self._gap = min(_GAP, WIDTH * _MAX_SHARE_OF_GAPS / gaps) if gaps else 0.0
        available = WIDTH - self._gap * gaps
        self._pieces: list[_Piece] = []
        left = 0.0
        for start, end in spans:
            width = available * (end - start) / self._working
            self._pieces.append(_Piece(start, end, left, width))
            left += width + self._gap

    @property
    def start(self) -> float:
        """The Unix time of the left edge."""
        return self._pieces[0].start

    @property
    def left_out(self) -> str:
        """A sentence about the interruptions that the axis leaves out, "" if there are none."""
        gaps = [max(0.0, right.start - left.end) for left, right in pairwise(self._pieces)]
        if not gaps:
            return ""
        if len(gaps) == 1:
            return f"The time axis leaves out an interruption of {duration_text(gaps[0])}: its strip is not to scale."
        seconds = duration_text(sum(gaps))
        return f"The time axis leaves out {len(gaps):,} interruptions, {seconds} in all: their strips are not to scale."

    @property
    def end(self) -> float:
        """The Unix time of the right edge."""
        return self._pieces[-1].end

    def interval(self, number: int) -> int:
        """Return the length in seconds of intervals that divide the working time into about `number` parts."""
        return max(1, ceil(self._working / number))

    def parts(self, start: float, end: float) -> list[Part]:
        """Return the positions of those parts of a time span in which a process worked."""
        first = max(0, bisect_right(self._pieces, start, key=attrgetter("start")) - 1)
        last = bisect_left(self._pieces, end, key=attrgetter("start"))
        return [
            Part(self._x_in(piece, start), self._x_in(piece, end), piece.left + piece.width)
            for piece in self._pieces[first:last]
            if piece.end > start
        ]

    def x(self, time: float) -> float:
        """Return the position of a Unix time; a time in a gap is at its left edge."""
        index = bisect_right(self._pieces, time, key=attrgetter("start"))
        if not index:
            return 0.0
        return self._x_in(self._pieces[index - 1], time)

    @staticmethod
    def _x_in(piece: _Piece, time: float) -> float:
        """Return the position of a time, or the end of the piece that is closer to it."""
        return piece.left + min(1.0, max(0.0, (time - piece.start) / (piece.end - piece.start))) * piece.width

    def bands(self, pauses: Sequence[PauseSpan], processes: Sequence[ProcessSpan]) -> tuple[Band, ...]:
        """Return the pauses and interruptions as bands; those that nearly touch are joined."""
        last = self._last_end(processes[-1]) if processes else ()
        return (*_joined(map(self._pause, pauses)), *_joined(self._interruptions(processes)), *last)

    def _pause(self, pause: PauseSpan) -> Band:
        x, seconds = self.x(pause.start), pause.end - pause.start
        text = f"{utc_text(pause.start)}: {_PAUSES[pause.reason]}, {duration_text(seconds)}"
        return Band(x, max(2.0, self.x(pause.end) - x), "pause", text, pause.start, pause.end, seconds)

    def _interruptions(self, processes: Sequence[ProcessSpan]) -> Iterable[Band]:
        for piece, following, ended in zip(self._pieces, self._pieces[1:], processes, strict=False):
            away = max(0.0, following.start - piece.end)
            text = f"{utc_text(piece.end)}: {_end_text(ended)}; resumed after {duration_text(away)}"
            x = piece.left + piece.width
            yield Band(x, self._gap, "interruption", text, piece.end, following.start, away)

    def _last_end(self, process: ProcessSpan) -> Iterable[Band]:
        """Yield the end of the last process as a narrow mark at the right edge if the run has not finished."""
        if process.end is not None and process.ended_by != "finished":
            text = f"{utc_text(process.end)}: {_end_text(process)}; not resumed"
            yield Band(WIDTH - _NARROW, _NARROW, "interruption", text, process.end, process.end, 0.0)


def _end_text(process: ProcessSpan) -> str:
    """Return why a process ended, without a full stop; the code of an error explains itself only in its own message."""
    if process.ended_by in set(StopReason):
        return StopReason(process.ended_by).sentence.rstrip(".")
    reasons = {NOT_RECORDED: "the process was killed, or the disk was full", "": "interrupted"}
    return reasons.get(process.ended_by, f"error {process.ended_by}")


def local_text(timestamp: float) -> str:
    """Return a Unix time for people, in UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _joined(bands: Iterable[Band]) -> list[Band]:
    found: list[Band] = []
    for band in bands:
        last = found[-1] if found else None
        if last is not None and band.x - (last.x + last.width) < _NARROW:
            found[-1] = replace(
                last,
                width=max(last.x + last.width, band.x + band.width) - last.x,
                end=max(last.end, band.end),
                seconds=last.seconds + band.seconds,
                more=last.more + 1,
            )
        else:
            found.append(band)
    return found
