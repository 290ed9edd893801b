"""The rows of runs and checks for the page, read in one thread that keeps a few journals open."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from importer.runner.row_pages import RowPages

T = TypeVar("T")

_MAX_OPEN = 4


class RowSource:
    """Reads rows of journals. The last used ones stay open, because they remember what a filter has found."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._thread = ThreadPoolExecutor(1, "rows")  # a connection of SQLite belongs to one thread
        self._open: OrderedDict[tuple[Path, int], RowPages] = OrderedDict()

    async def read(self, path: Path, work: Callable[[RowPages], T]) -> T:
        """Return what `work` reads from the journal at `path`. Raises JournalError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, path, work)

    async def close(self) -> None:
        """Close all journals."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_all)
        self._thread.shutdown()

    async def forget(self, path: Path) -> None:
        """Close the journal at `path`, which is about to be deleted."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._forget, path)

    def _read(self, path: Path, work: Callable[[RowPages], T]) -> T:
        key = (path, path.stat().st_ino if path.is_file() else 0)  # a new check has the path of the old one
        pages = self._open.pop(key, None) or RowPages(path)
        self._open[key] = pages
        while len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)[1].__exit__(None, None, None)
        return work(pages)

    def _close_all(self) -> None:
        while self._open:
            self._open.popitem()[1].__exit__(None, None, None)

    def _forget(self, path: Path) -> None:
        for key in [key for key in self._open if key[0] == path]:
            self._open.pop(key).__exit__(None, None, None)
