"""DNS lookups that never delay the end of the process."""

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class DaemonThreadResolver(AbstractResolver):
    """Resolves names with `getaddrinfo` in a daemon thread for each lookup.

    The event loop's own executor waits for its threads when it closes, and so does the interpreter: a lookup that hangs
    would outlast `stop_grace`.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises OSError if the lookup fails."""
        found = await _in_daemon_thread(host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=f"{address[0]}%{address[3]}" if len(address) > 3 and address[3] else address[0],
                port=address[1],
                family=kind,
                proto=protocol,
                flags=_NUMERIC,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Do nothing: a lookup in progress is abandoned."""


async def _in_daemon_thread(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Any]] = loop.create_future()

    def finish(result: list[Any] | None, error: Exception | None) -> None:
        if found.done():
            return
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(result or [])

    def look_up() -> None:
        result: list[Any] | None = None
        problem: Exception | None = None
        try:
            result = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        except Exception as error:  # noqa: BLE001 - re-raised by the future
            problem = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(finish, result, problem)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await found
