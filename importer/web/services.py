"""The services that all request handlers share."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

from importer.runner.uploads import Uploads
from importer.web.checks import Checks
from importer.web.listed_runs import ListedRuns
from importer.web.row_source import RowSource
from importer.web.session import Launch, Session
from importer.web.starts import Starts
from importer.web.store import ImportStore
from importer.web.workers import Workers


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one server. `downloads` is held while a download is written."""

    launch: Launch
    workers: Workers
    session: Session
    store: ImportStore
    checks: Checks
    starts: Starts
    runs: ListedRuns
    rows: RowSource = field(default_factory=RowSource)
    downloads: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def create(cls, launch: Launch) -> Self:
        """Return the services of a new server."""
        directory = Uploads.of(launch.settings).root
        workers, store = Workers(directory), ImportStore(directory)
        session = Session(launch, workers)
        checks, runs = Checks(workers, session, store), ListedRuns(launch.settings, store)
        return cls(launch, workers, session, store, checks, Starts(workers), runs)

    async def close(self) -> None:
        """Release what the server holds."""
        await self.session.close()
        await self.rows.close()
