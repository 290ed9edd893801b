"""Servers of an event loop in another thread, for tests that do not run on an event loop themselves."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial
from typing import TypeVar

Server = TypeVar("Server")


@contextmanager
def served_in_thread(server: Callable[[], AbstractAsyncContextManager[Server]]) -> Iterator[Server]:
    """Run a server in a thread of this process for the duration of the block; a process would take longer to start."""
    started: Future[tuple[Server, Callable[[], object]]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with server() as running:
            started.set_result((running, partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)))
            await stop.wait()

    def report_failure(ended: Future[None]) -> None:
        if not started.done():
            started.set_exception(ended.exception())

    with ThreadPoolExecutor(1) as executor:
        ended = executor.submit(asyncio.run, serve())
        ended.add_done_callback(report_failure)
        running, stop = started.result(60)
        try:
            yield running
        finally:
            stop()
            ended.result()
