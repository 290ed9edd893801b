"""One import from file to report: run, resume, retry, and the report of an old run."""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from importer.config import ApiVersion, Reading, Settings, token_file_is_exposed
from importer.errors import BusyError, OutputError, SettingsError
from importer.hubspot.routes import V4_ENDS
from importer.journal import Journal, RunInfo, is_held, open_for_run, write_journal
from importer.model import Outcome, Status, StopReason
from importer.reader import open_source
from importer.reporter import Layout, RunStatus, Summary, Totals, check_writable, count, write_results
from importer.runner import store
from importer.runner.events import Notice, Plan, Watch, ignore
from importer.runner.sending import Sent, access_token, initial_rate, send_pending

_INTERRUPTIONS = {StopReason.SIGINT, StopReason.SIGTERM}


@dataclass(frozen=True, slots=True)
class Telling:
    """Where a run tells what it does: the results file (None: its default place) and a callable for its events."""

    out: Path | None = None
    watch: Watch = ignore


@dataclass(frozen=True, slots=True)
class _Target:
    """Settings with the token that belongs to them."""

    settings: Settings
    token: SecretStr


def run_import(file: Path | str, settings: Settings, telling: Telling = Telling(), *, fresh: bool = False) -> Summary:
    """Link the pairs of `file` and write its results; go on with the unfinished run of the same command, if any.

    `fresh` begins anew in any case. The token comes from HUBSPOT_ACCESS_TOKEN or `settings.token_file`. What HubSpot
    or a signal does to the run is in the Summary. Raises an ImporterError when nothing could be sent: SettingsError,
    SourceError, JournalError, BusyError or OutputError.
    """
    target = _Target(settings, access_token(settings))
    with store.source_file(file, settings) as source:
        return _import(source, settings.reading, target, telling, fresh=fresh)


def resume_run(run_id: str, settings: Settings, telling: Telling = Telling()) -> Summary:
    """Go on with an unfinished run from its journal alone; the source is not read again.

    It goes to the run's own base URL, by the API version of `settings` if one is set there. Raises as `run_import`.
    """
    path = store.journal_path(settings, run_id)
    with Journal(path) as journal:
        target = _target_of(journal.info, settings)
    return _send_and_report(path, target, telling)


def retry_run(run_or_results: str, settings: Settings, telling: Telling = Telling()) -> Summary:
    """Begin a run over what is failed, unconfirmed or not sent in an old run or in a results file.

    A run is tried again from its journal, against its own base URL. A results file is read as it is now, with the
    reading settings of the run that wrote it, so that its cells can be corrected first. Raises as `run_import`.
    """
    if Path(run_or_results).is_file():
        return _retry_file(Path(run_or_results), settings, telling)
    return _retry_journal(store.journal_path(settings, run_or_results), settings, telling)


def report_run(run_id: str, settings: Settings, out: Path | None = None) -> Summary:
    """Write the results of a run as they are now to `out` (default: where the run put them)."""
    with Journal(store.journal_path(settings, run_id)) as journal:
        results = store.checked_results(out or Path(journal.info.results), journal.info.source)
        totals = _write(journal, results)
        return _with_files(last_summary(journal), totals, results)


def last_summary(journal: Journal) -> Summary:
    """The summary with which the last process on this run ended; `interrupted` when it was killed or goes on."""
    kept = journal.summary
    if kept is not None:
        stopped_by = StopReason(kept["stopped_by"]) if kept["stopped_by"] else None
        return Summary(**{**kept, "status": RunStatus(kept["status"]), "stopped_by": stopped_by})
    return _summary(journal, Sent(None, 0, 0, 0), count(journal.rows(_not_sent(journal.info.run_id))), 0.0)


def _import(
    source: store.SourceFile, reading: Reading, target: _Target, telling: Telling, *, fresh: bool = False
) -> Summary:
    path = None if fresh else store.unfinished_run(target.settings, source, reading)
    if path is None:
        results = store.results_path(source, telling.out, retry=reading.statuses is not None)
        path = _read(source, reading, results, target.settings, telling.watch)
    return _send_and_report(path, target, telling)


def _read(source: store.SourceFile, reading: Reading, results: Path, settings: Settings, watch: Watch) -> Path:
    """Read the source into a new journal; its path."""
    with open_source(source.content, reading) as table:
        watch(table.understood)
        info = store.describe(store.new_run_id(), source, table, settings, reading, results)
        path = store.new_journal_path(settings, info.run_id)
        write_journal(path, info, table.rows())
        for warning in table.warnings():
            watch(Notice(warning, is_warning=True))
    return path


def _retry_file(file: Path, settings: Settings, telling: Telling) -> Summary:
    target = _Target(settings, access_token(settings))
    with store.source_file(file, settings) as source:
        reading = store.reading_of_results(settings, source)
        return _import(source, replace(reading, statuses=store.TO_RETRY), target, telling)


def _retry_journal(path: Path, settings: Settings, telling: Telling) -> Summary:
    if is_held(path):
        raise BusyError(f"Run {path.stem} still goes on: wait until it ends, or stop it; then try it again.")
    with Journal(path) as parent:
        target = _target_of(parent.info, settings)
        unfinished = store.unfinished_retry(settings, parent.info.run_id)
        if unfinished is None:
            unfinished = _begin_retry(parent, settings, telling.out)
    return _send_and_report(unfinished, target, telling)


def _begin_retry(parent: Journal, settings: Settings, out: Path | None) -> Path:
    run_id = store.new_run_id()
    info = replace(
        parent.info,
        run_id=run_id,
        created_at=store.now(),
        parent=parent.info.run_id,
        results=str(store.retry_results_path(parent.info, out)),
    )
    path = store.new_journal_path(settings, run_id)
    write_journal(path, info, parent.rows_to_retry())
    return path


def _target_of(info: RunInfo, settings: Settings) -> _Target:
    """The settings for going on with an old run: its own target, whatever the default is now."""
    explicit = settings.model_fields_set & {"base_url", "sandbox"}
    if explicit and store.target(settings) != info.target:
        raise SettingsError(
            f"Run {info.run_id} goes to {info.target}, not to {store.target(settings)}: its ids belong there. "
            "To send the pairs elsewhere import their file anew."
        )
    is_sandbox = info.target == store.SANDBOX
    changes: dict[str, object] = {"sandbox": is_sandbox}
    if not is_sandbox:
        changes["base_url"] = info.target
    if "api_version" not in settings.model_fields_set:
        changes["api_version"] = ApiVersion(info.api_version)
    own = settings.model_copy(update=changes)
    return _Target(own, access_token(own))


def _send_and_report(path: Path, target: _Target, telling: Telling) -> Summary:
    started = time.monotonic()
    with open_for_run(path) as journal:
        results = store.checked_results(telling.out or Path(journal.info.results), journal.info.source)
        check_writable(results)
        sent = _send(journal, target, telling.watch)
        results, totals = _write_somewhere(journal, results, telling.watch)
        summary = _with_files(_summary(journal, sent, totals, time.monotonic() - started), totals, results)
        journal.end(asdict(summary))
    _tell_stop(sent, summary, telling.watch)
    return summary


def _send(journal: Journal, target: _Target, watch: Watch) -> Sent:
    resumed = journal.begin()
    plan = _plan(journal, target.settings, resumed=resumed)
    watch(plan)
    if plan.calls == 0:
        return Sent(None, 0, 0, 0)
    if target.settings.api_version is ApiVersion.V4:
        watch(Notice(f"HubSpot ends its support of API v4 on {V4_ENDS}; --api-version 2026-09 follows it."))
    if not target.settings.sandbox and token_file_is_exposed(target.settings):
        watch(Notice(f"Others on this machine can read {target.settings.token_file}: chmod 600 it.", is_warning=True))
    return send_pending(journal, target.settings, target.token, watch)


def _plan(journal: Journal, settings: Settings, *, resumed: bool) -> Plan:
    counts, rate = journal.counts(), initial_rate(settings)
    calls = journal.pending_count()
    return Plan(
        journal.info.run_id,
        resumed,
        journal.info.target,
        counts.rows,
        counts.pairs,
        counts.invalid,
        counts.duplicates,
        calls,
        str(rate),
        calls * rate.seconds / rate.calls / 60,
    )


def _summary(journal: Journal, sent: Sent, totals: Totals, seconds: float) -> Summary:
    counts = journal.counts()
    if totals.rows != counts.rows:
        raise RuntimeError(f"{counts.rows} rows were read, but {totals.rows} are accounted for")
    stop = sent.stop if journal.pending_count() or (sent.stop and sent.stop.reason not in _INTERRUPTIONS) else None
    status = RunStatus.FINISHED
    if stop is not None:
        status = RunStatus.INTERRUPTED if stop.reason in _INTERRUPTIONS else RunStatus.STOPPED
    elif journal.pending_count():
        status = RunStatus.INTERRUPTED
    return Summary(
        run_id=journal.info.run_id,
        status=status,
        stopped_by=stop.reason if stop else None,
        **_counts(totals),
        pairs=counts.pairs,
        calls=sent.calls,
        retries=sent.retries,
        rate_limited=sent.rate_limited,
        seconds=round(seconds, 3),
        results=None,
        failures=None,
    )


def _counts(totals: Totals) -> dict[str, int]:
    return {"rows": totals.rows, "duplicates": totals.duplicates} | {
        str(status): getattr(totals, status) for status in Status
    }


def _with_files(summary: Summary, totals: Totals, results: Path) -> Summary:
    all_linked = totals.rows == totals.linked + totals.already_linked
    failures = None if all_linked else str(store.failures_path(results))
    return replace(summary, results=str(results), failures=failures)


def _write(journal: Journal, results: Path) -> Totals:
    layout = Layout(journal.info.header, journal.info.delimiter)
    return write_results(results, layout, journal.rows(_not_sent(journal.info.run_id)), store.failures_path(results))


def _write_somewhere(journal: Journal, results: Path, watch: Watch) -> tuple[Path, Totals]:
    """Write the results, beside the journal when their own place has become unwritable during the run."""
    try:
        return results, _write(journal, results)
    except OutputError as error:
        elsewhere = journal.path.with_name(f"{journal.info.run_id}.results.csv")
        totals = _write(journal, elsewhere)
        again = f"importer report {journal.info.run_id} --out PATH"
        watch(Notice(f"{error} The results are in {elsewhere} instead; {again} writes them anew.", is_warning=True))
        return elsewhere, totals


def _not_sent(run_id: str) -> Outcome:
    advice = f"The run ended before this row's turn: importer resume {run_id} goes on with it."
    return Outcome(Status.NOT_SENT, advice=advice)


def _tell_stop(sent: Sent, summary: Summary, watch: Watch) -> None:
    if sent.stop is None or summary.status is RunStatus.FINISHED:
        return
    done = summary.linked + summary.already_linked
    watch(
        Notice(
            f"{sent.stop.message} {done:,} of {summary.rows:,} rows are linked; run the same command again to go on, "
            f"or: importer resume {summary.run_id}",
            is_warning=True,
        )
    )
