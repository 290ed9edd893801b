"""Standard streams that may be closed, full or broken: what cannot be printed does not change how a run ends."""

import contextlib
import errno
import io
import os
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _LenientFile(io.FileIO):
    """A file descriptor to write to; what it does not take is dropped, and `error` is why."""

    error: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.error = self.error or error
            return memoryview(data).nbytes


def make_lenient() -> None:
    """Make standard output and standard error take everything, whether or not they are open and can be written.

    A closed descriptor is opened on the null device: else the next file to be opened, a journal perhaps, would get its
    number, and whatever is printed to that number would go there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one
    sys.stdout = _lenient(sys.stdout)
    sys.stderr = _lenient(sys.stderr)


def _lenient(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it stays open as long as the process
    raw = _raw(stream)
    if not isinstance(stream, io.TextIOWrapper) or type(raw) is not io.FileIO:
        return stream  # not a descriptor: a notebook's stream, or a console of Windows
    with contextlib.suppress(OSError):
        stream.flush()
    file = io.BufferedWriter(_LenientFile(raw.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(
        file,
        stream.encoding,
        "backslashreplace",  # a run must not end over a path's name
        line_buffering=stream.line_buffering or stream.write_through,  # the latter with PYTHONUNBUFFERED
    )


def _raw(stream: IO[str]) -> object:
    """Return what is below the buffer of a stream; with PYTHONUNBUFFERED there is no buffer."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def report_lost_output() -> None:
    """Say on standard error that standard output could not be written, unless its reader has just gone away."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = _raw(sys.stdout)
    error = raw.error if isinstance(raw, _LenientFile) else None
    if error is not None and error.errno != errno.EPIPE:
        print(f"Warning: standard output cannot be written: {error.strerror}.", file=sys.stderr)  # noqa: T201
