"""The lifetime of the server: it listens, announces its address, and stops on a signal as a run does."""

import asyncio
import logging
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from importer.exit_codes import ExitCode
from importer.runner.signals import exit_code, termination_signals
from importer.web.application import application
from importer.web.security import Guard
from importer.web.services import Services
from importer.web.session import Launch

Print = Callable[[str], None]

_HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 1.0

_SWITCH_SECONDS = 0.0005
"""Seconds that a thread may run before others get their turn. While the sandbox, which this process serves, is busy, a
thread that reads a journal waits this long for each row. Python's default is ten times as long."""


def serve_page(launch: Launch, port: int, announce: Print, report: Print, *, open_browser: bool) -> ExitCode:
    """Serve the page until a signal, and return the exit code for it.

    `announce` is called once with the one-time address, `report` with sentences for the person at the terminal. Raises
    OSError if the port cannot be used.
    """
    return asyncio.run(_serve(launch, port, announce, report, open_browser=open_browser))


async def _serve(launch: Launch, port: int, announce: Print, report: Print, *, open_browser: bool) -> ExitCode:
    sys.setswitchinterval(_SWITCH_SECONDS)
    guard, services = Guard(), Services.create(launch)
    stopped = _stopped_by_signal(services, report)
    app = application(services, guard)
    runner = web.AppRunner(app, access_log=None, logger=_silent_logger(), shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, port).start()
        guard.port = runner.addresses[0][1]
        url = f"http://{_HOST}:{guard.port}/open?secret={guard.secret}"
        announce(url)
        services.workers.prepare()
        if open_browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        return exit_code(await stopped)
    finally:
        await services.workers.close()  # the page is still served, so it shows how its runs end
        await runner.cleanup()
        await services.close()


def _stopped_by_signal(services: Services, report: Print) -> "asyncio.Future[signal.Signals]":
    """Return a future for the first signal; a second one ends the runs at once."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[signal.Signals] = loop.create_future()

    def handle(number: signal.Signals) -> None:
        if stopped.done():
            services.workers.kill()
            return
        stopped.set_result(number)
        if services.workers.is_busy:
            report("Stopping: waiting for calls in flight. Runs can be continued with importer web.")

    for number in (signal.SIGINT, *termination_signals()):
        with suppress(NotImplementedError):  # Windows, where Ctrl-C cancels the server
            loop.add_signal_handler(number, handle, number)
    return stopped


def _silent_logger() -> logging.Logger:
    """Return a disabled logger for aiohttp's server, which logs only malformed requests and broken connections."""
    logger = logging.getLogger("importer.web.connections")
    logger.disabled = True
    return logger


def _has_screen() -> bool:
    """Return whether a browser can open a window; one in the terminal would only be in the way."""
    needs_display = sys.platform not in {"win32", "darwin"}
    return not needs_display or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
