"""Downloads of the files that the command line writes: results and failures to save, and the report to view."""

import asyncio
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from importer.runner.state_directory import journal_path
from importer.web.protocol import JobKind
from importer.web.responses import RequestError
from importer.web.security import CONTENT_POLICY
from importer.web.services import Services

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The report is a single file with inline styles; a browser may load or run nothing else."""


async def prepare_download(run_id: str, name: str, services: Services) -> web.FileResponse:
    """Write the current results of a run, and return the requested file.

    `name` is `results.csv`, `results.xlsx`, `failures.csv` or `report.html`, which is shown in the browser. Raises
    RequestError for the failures of a run in which no row failed.
    """
    kind, _, extension = name.partition(".")
    journal = journal_path(services.launch.settings, run_id)
    results = await services.rows.read(journal, lambda pages: pages.journal.info.results)
    directory = await asyncio.to_thread(services.store.downloads, run_id)
    out = directory / Path(results).with_suffix(f".{'csv' if kind == 'failures' else extension}").name
    job = await services.session.job(JobKind.REPORT, {"run_id": run_id, "out": str(out)})
    async with services.downloads:  # two at a time would write the same file
        summary = await services.workers.run(job)
    path = Path(summary[kind]) if summary[kind] else None
    if path is None:
        raise RequestError(404, "NO_FAILURES", "No row failed, so there is no failures file.")
    disposition = "inline" if kind == "report" else "attachment"
    return web.FileResponse(
        path,
        headers={
            "Content-Type": _CONTENT_TYPES[path.suffix],
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(path.name)}",
            **({CONTENT_POLICY: _REPORT_POLICY} if kind == "report" else {}),
        },
    )
