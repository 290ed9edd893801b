"""Workers: one process carries out one job after the other, but none after a job that failed or was stopped."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from importer.web.protocol import Job, JobKind
from importer.web.workers import JobError, Workers
from tests.support.command_line import TOKEN

pytestmark = pytest.mark.slow

ROWS = [{"name": "2", "cells": ["1", "2"]}]


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    """Workers, which end with the test."""
    running = Workers(tmp_path)
    yield running
    await running.close()


@pytest.fixture
def preview(tmp_path: Path) -> Job:
    """A job that succeeds."""
    file = tmp_path / "upload" / "file" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("Contact ID,Company ID\n1,2\n", encoding="utf-8")
    return Job(JobKind.PREVIEW, values={"file": str(file)})


@pytest.fixture
async def silent() -> AsyncIterator[tuple[Job, asyncio.Event]]:
    """A job that waits for a server until it is stopped, and an event that is set once it does."""
    connected = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield Job(JobKind.ACCOUNT, flags={"base_url": url}, token=TOKEN), connected


async def test_a_worker_carries_out_one_job_after_the_other(workers: Workers, preview: Job) -> None:
    first = await workers.begin(preview)
    found = await first.result
    assert (found["error"], found["rows"]) == (None, ROWS)
    second = await workers.begin(preview)
    assert second.process.pid == first.process.pid
    assert await second.result == found
    await workers.close()
    assert first.process.returncode == 0


async def test_jobs_at_the_same_time_have_a_worker_each(workers: Workers, preview: Job) -> None:
    jobs = [await workers.begin(preview) for _ in range(3)]
    results = await asyncio.gather(*(job.result for job in jobs))
    assert [found["rows"] for found in results] == [ROWS] * 3
    assert len({job.process.pid for job in jobs}) == 3
    await workers.close()
    assert [job.process.returncode for job in jobs] == [0, 0, 0]


async def test_a_worker_ends_after_a_job_that_failed(workers: Workers, preview: Job, tmp_path: Path) -> None:
    failing = Job(JobKind.REPORT, flags={"state_dir": str(tmp_path)}, values={"run_id": "none", "out": "a.csv"})
    failed = await workers.begin(failing)
    with pytest.raises(JobError) as error:
        await failed.result
    assert error.value.code == "RUN_NOT_FOUND"
    assert failed.process.returncode == 0
    again = await workers.begin(preview)
    assert again.process.pid != failed.process.pid
    assert (await again.result)["rows"] == ROWS


async def test_a_second_job_is_stopped_by_its_own_job_only(
    workers: Workers, preview: Job, silent: tuple[Job, asyncio.Event]
) -> None:
    job, connected = silent
    first = await workers.begin(preview)
    await first.result
    second = await workers.begin(job)
    assert second.process.pid == first.process.pid
    await connected.wait()
    first.type("3")
    first.kill()
    first.stop()
    assert second.process.stdin is not None
    assert not second.process.stdin.is_closing()
    second.type("too late, as this job does not ask")
    second.stop()
    with pytest.raises(JobError) as error:
        await second.result
    assert error.value.code == "INTERRUPTED"
    assert second.process.returncode == 0


async def test_a_worker_that_was_killed_while_it_waited_is_replaced(workers: Workers, preview: Job) -> None:
    first = await workers.begin(preview)
    await first.result
    first.process.kill()
    await first.process.wait()
    assert (await (await workers.begin(preview)).result)["rows"] == ROWS
