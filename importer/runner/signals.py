"""Signal handling of a run: the first signal stops it gracefully, the second one immediately."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from importer.exit_codes import ExitCode
from importer.model import Stop, StopReason
from importer.runner.events import EventHandler, Notice

_TERMINATION_SIGNALS = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


def exit_code(number: int) -> ExitCode:
    """Return the exit code after SIGINT, SIGTERM or SIGHUP."""
    return StopReason(signal.Signals(number).name).exit_code


def termination_signals() -> list[signal.Signals]:
    """Return the signals that request termination: SIGTERM, and SIGHUP unless it is ignored, as under nohup."""
    return [number for number in _TERMINATION_SIGNALS if number is signal.SIGTERM or _is_not_ignored(number)]


def _is_not_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is not signal.SIG_IGN


@contextlib.contextmanager
def stop_on_signals(
    stop: Callable[[Stop], None], give_up: Callable[[], None], seconds: float, on_event: EventHandler
) -> Iterator[None]:
    """Call `stop` at the first SIGINT, SIGTERM or SIGHUP, and `give_up` `seconds` later.

    A second signal ends the process immediately; the journal remains valid. At the end the caller's handlers and wakeup
    descriptor are restored. Does nothing outside the main thread, or where the event loop does not support signals
    (Windows): there the caller handles them.
    """
    loop = asyncio.get_running_loop()
    seen: list[signal.Signals] = []

    def handle(number: signal.Signals) -> None:
        if seen:
            os._exit(exit_code(number))
        seen.append(number)
        again = "press Ctrl-C again" if number == signal.SIGINT else "send the signal again"
        text = f"{number.name}: waiting up to {seconds:.0f} s for in-flight requests; {again} to quit immediately."
        on_event(Notice(text))
        stop(Stop(StopReason(number.name), f"The run was interrupted ({number.name})."))
        loop.call_later(seconds, give_up)

    with _restored_signals([signal.SIGINT, *termination_signals()]) as numbers:
        for number in numbers:
            try:
                loop.add_signal_handler(number, handle, number)
            except (NotImplementedError, RuntimeError, ValueError):
                break
        try:
            yield
        finally:
            for number in numbers:
                with contextlib.suppress(NotImplementedError):
                    loop.remove_signal_handler(number)


Handler = Callable[[int, FrameType | None], Any] | int | None


@contextlib.contextmanager
def _restored_signals(numbers: list[signal.Signals]) -> Iterator[list[signal.Signals]]:
    """Yield the signals, and restore their handlers and the wakeup descriptor; yield none outside the main thread."""
    try:
        wakeup = signal.set_wakeup_fd(-1)
    except ValueError:
        yield []
        return
    before: dict[signal.Signals, Handler] = {number: signal.getsignal(number) for number in numbers}
    try:
        yield numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(wakeup)
