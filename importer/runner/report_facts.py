"""What a run's HTML report says about the run as a whole: why it ended, its facts, its settings."""

import time
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from importer.journal import Journal, ProcessSpan, RunError
from importer.reporter import RunStatus, Summary
from importer.reporter.html_report import Fact, local_text
from importer.timestamps import duration_text, utc_text

_SECRET_PATHS = ("oauth", "notify", "token_file")


def notice(summary: Summary, error: RunError | None, processes: Iterable[ProcessSpan], now: float) -> str:
    """Return why a run has not finished, "" if it has; `error` is the one that ended its last process."""
    if summary.status is RunStatus.RUNNING:
        return f"The run is still working. These are its figures at {local_text(now)}."
    if error is not None:
        return f"The run was {summary.status}: {error.message} [{error.code}]"
    if summary.stopped_by is not None:
        return f"The run stopped early: {summary.stopped_by.sentence} [{summary.stopped_by}]"
    if summary.status is RunStatus.INTERRUPTED:
        ends = [span.end for span in processes if span.end is not None]
        last = f" It was last active at {local_text(ends[-1])}." if ends else ""
        cause = "The process was killed, the disk was full, or the computer stopped."
        return f"{cause}{last} To continue: importer resume {summary.run_id}"
    return ""


def facts(journal: Journal, summary: Summary) -> list[Fact]:
    """Return the facts about a run, in the order in which they are shown."""
    info, account = journal.info, journal.account
    processes, now = journal.processes(), time.time()
    last = processes[-1].end if processes else None
    portal = f"{account.portal_id}" if account is not None and account.portal_id is not None else "unknown"
    return [
        Fact("Account", "sandbox (simulated)" if info.target == "sandbox" else f"{portal} ({info.target})"),
        Fact("File", info.source),
        Fact("Run", f"{info.run_id} ({info.operation}), {summary.status}"),
        *([Fact("Earlier run", info.parent)] if info.parent else []),
        Fact("Started", info.created_at),
        *([Fact("Ended", utc_text(last))] if last is not None else []),
        Fact("Working time", duration_text(sum(one.seconds_until(now) for one in processes))),
        Fact("Pairs", f"{counted(summary.pairs, 'distinct pair')}, {counted(summary.duplicates, 'duplicate row')}"),
        Fact("Results", summary.results or ""),
        Fact("Created by", f"importer {version('importer')}, API {info.api_version}"),
    ]


def settings(values: dict[str, Any]) -> list[Fact]:
    """Return the settings of a run that have a value, except those that name files with secrets."""
    return [
        Fact(key, _setting_text(value))
        for key, value in values.items()
        if key not in _SECRET_PATHS and value not in (None, "", False, [], {})
    ]


def _setting_text(value: Any) -> str:
    """Return a setting as people write it: `5/1 s`, `contacts, deals`, `yes`."""
    match value:
        case True:
            return "yes"
        case {"calls": calls, "seconds": seconds, **others} if not others:
            return f"{calls}/{seconds:g} s"
        case dict():
            return ", ".join(f"{key}: {_setting_text(one)}" for key, one in value.items())
        case list():
            return ", ".join(map(_setting_text, value))
        case _:
            return str(value)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 pair`, `1,200 pairs`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
