"""Standard streams that may be closed, full or broken: failing output does not change how a run ends."""

import contextlib
import errno
import io
import os
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _LenientFile(io.FileIO):
    """A file descriptor opened for writing; output that cannot be written is discarded, and `error` is the reason."""

    error: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.error = self.error or error
            return memoryview(data).nbytes


def make_lenient() -> None:
    """Keep writes to standard output and standard error from failing, even if these are closed or full.

    Closed descriptors are opened on the null device. Otherwise the next file to be opened, such as a journal, would get
    the descriptor's number, and everything that is printed would go there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    sys.stdout = _lenient(sys.stdout)
    sys.stderr = _lenient(sys.stderr)


def _lenient(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the process ends
    raw = _raw(stream)
    if not isinstance(stream, io.TextIOWrapper) or type(raw) is not io.FileIO:
        return stream  # not a file descriptor: a notebook's stream or a Windows console
    with contextlib.suppress(OSError):
        stream.flush()
    file = io.BufferedWriter(_LenientFile(raw.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(
        file,
        stream.encoding,
        "backslashreplace",  # a path that cannot be encoded must not end a run
        line_buffering=stream.line_buffering or stream.write_through,  # the latter with PYTHONUNBUFFERED
    )


def _raw(stream: IO[str]) -> object:
    """Return the raw file of a text stream, which has no buffer with PYTHONUNBUFFERED."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def report_lost_output() -> None:
    """Warn on standard error if standard output could not be written, unless its reader closed the pipe."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = _raw(sys.stdout)
    error = raw.error if isinstance(raw, _LenientFile) else None
    if error is not None and error.errno != errno.EPIPE:
        print(f"Warning: standard output could not be written: {error.strerror}.", file=sys.stderr)  # noqa: T201
