"""One import from file to report: run, resume, retry, and the report of an old run."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    import pandas

from importer.config import ApiVersion, Reading, Settings, token_file_is_exposed
from importer.errors import BusyError, SettingsError, SourceError
from importer.hubspot.client import HubSpotClient
from importer.hubspot.paths import V4_ENDS
from importer.journal import SANDBOX, SUFFIX, Account, Journal, RunInfo, is_held, open_for_run, write_journal
from importer.model import Status, Stop
from importer.pool import Pool
from importer.reader import SourceInfo
from importer.reporter import Summary, check_writable
from importer.runner import find_runs, output_paths, previous_results, store
from importer.runner.account_check import TokenAccount
from importer.runner.command_lock import command_of, hold_command, identify
from importer.runner.estimate import costs
from importer.runner.events import Event, EventHandler, Notice, Plan, ignore
from importer.runner.finish import conclude, report_finished, report_stop
from importer.runner.os_errors import translate_os_errors
from importer.runner.send import Sent, abort_after_requests, access_token, link_pending, verify_pending, work_on
from importer.runner.temporary_directories import temporary_directory
from importer.timestamps import utc_now_text


@dataclass(frozen=True, slots=True)
class Telling:
    """Where a run tells what it does: the results file (None: its default place) and a callable for its events."""

    out: Path | None = None
    watch: EventHandler = ignore


@dataclass(frozen=True, slots=True)
class _Target:
    """Settings with the token that belongs to them, and its account; the sandbox in the process has none."""

    settings: Settings
    token: SecretStr
    account: TokenAccount | None

    def is_of(self, journal: Journal) -> bool:
        """Return whether a run belongs to the token's account."""
        return self.account is None or self.account.is_of(journal)

    def require(self, journal: Journal) -> None:
        """Raise AccountError unless a run belongs to the token's account."""
        if self.account is not None:
            self.account.require(journal)


@translate_os_errors()
def run_import(
    file: "Path | str | pandas.DataFrame",
    settings: Settings,
    telling: Telling = Telling(),
    *,
    fresh: bool = False,
) -> Summary:
    """Link the pairs of `file` and write its results; go on with the unfinished run of the same command, if any.

    `file` is a path, "-" for standard input, or a data frame whose column names are the header. `fresh` begins anew in
    any case. Call it from code that has no event loop running; in the main thread it heeds SIGINT and SIGTERM. The
    token comes from HUBSPOT_ACCESS_TOKEN or `settings.token_file`.

    What HubSpot or a signal does to the run is in the Summary. Raises an ImporterError when nothing could be sent:
    SettingsError, SourceError, JournalError, BusyError or OutputError.
    """
    target = _target(settings, telling.watch)
    with store.source_file(file, settings) as source:
        return _import(source, settings.reading, target, telling, fresh=fresh)


@translate_os_errors()
def resume_run(run_id: str, settings: Settings, telling: Telling = Telling()) -> Summary:
    """Continue an unfinished run from its journal alone; the source is not read again.

    It goes to the run's own base URL, by the API version of `settings` if one is given there, and only with a token of
    the run's own account. Raises as `run_import`.
    """
    path = store.journal_path(settings, run_id)
    with Journal(path) as journal:
        journal.verify()
        info, target = journal.info, _target_of(journal.info, settings, telling.watch)
        target.require(journal)
    with hold_command(target.settings, command_of(info), target.token, telling.watch) as command:
        command.note(run_id)
        return _send_and_report(path, target, telling)


@translate_os_errors()
def retry_run(run_or_results: str, settings: Settings, telling: Telling = Telling(), *, fresh: bool = False) -> Summary:
    """Begin a run over what is failed, unconfirmed or not sent in an old run or in a results file.

    A run is tried again from its journal, against its own base URL. A results file is read as it is now, so that its
    cells can be corrected first; its invalid rows are tried too. The run that its rows name says which columns make its
    pairs, and where they go; when there is no such run here, or the file has other columns by now, `settings` say so.
    An unfinished retry is continued, unless `fresh` begins a new one. Raises as `run_import`.
    """
    if Path(run_or_results).is_file():
        return _retry_file(Path(run_or_results), settings, telling, fresh=fresh)
    return _retry_journal(store.journal_path(settings, run_or_results), settings, telling, fresh=fresh)


@translate_os_errors()
def verify_file(file: Path | str, settings: Settings, telling: Telling = Telling()) -> Summary:
    """Read back which pairs of `file` are linked (`already_linked`) and which are missing (`not_sent`); send nothing.

    The results go to `NAME.verify.results.EXT` by default. No journal is kept. Raises as `run_import`.
    """
    started = time.monotonic()
    token = access_token(settings)
    with store.source_file(file, settings) as source, temporary_directory(settings.state_path) as directory:
        results = output_paths.results_path(source, telling.out, sandbox=settings.sandbox, mark=".verify")
        check_writable(results)
        path = _read(source, settings.reading, results, settings, telling.watch, directory)
        with open_for_run(path) as journal:
            telling.watch(_plan(journal, settings, resumed=False))
            sent = work_on(journal, settings, token, verify_pending, telling.watch)
            output = output_paths.output_of(journal, "verify", results, settings, telling.watch)
            summary = conclude(journal, sent, output, started, telling.watch)
    report_stop(sent, summary, ".", telling.watch)
    return summary


def _import(
    source: store.SourceFile,
    reading: Reading,
    target: _Target,
    telling: Telling,
    *,
    fresh: bool = False,
    account: Account | None = None,
) -> Summary:
    """Import a source; `account` is the one that its ids belong to, where that is known."""
    settings = target.settings
    what = identify(source.path, source.sha256, store.reading_values(reading), store.target(settings))
    with hold_command(settings, what, target.token, telling.watch) as command:
        if command.waited_for is not None:
            source = store.described_again(source)
            summary = None if fresh else _finished_meanwhile(command.waited_for, source.sha256, target, telling)
            if summary is not None:
                return summary
        path = None if fresh else find_runs.unfinished_run(settings, source, reading, target.is_of)
        if path is None:
            path = _begin(source, reading, settings, telling, account)
        command.note(path.stem)
        return _send_and_report(path, target, telling)


def _finished_meanwhile(run_id: str, sha256: str, target: _Target, telling: Telling) -> Summary | None:
    """The summary of the run that another process worked on, if it has finished with a source of this hash."""
    with Journal(store.journal_path(target.settings, run_id)) as journal:
        if journal.info.source_sha256 != sha256 or not target.is_of(journal):
            return None
        return report_finished(journal, target.settings, telling.out, telling.watch)


def _begin(
    source: store.SourceFile, reading: Reading, settings: Settings, telling: Telling, account: Account | None
) -> Path:
    """Read the source into the journal of a new run; its path."""
    mark = ".retry" if reading.statuses is not None else ""
    results = output_paths.results_path(source, telling.out, sandbox=settings.sandbox, mark=mark)
    check_writable(results)
    runs = store.runs_directory(settings)
    with temporary_directory(runs) as directory:
        draft = _read(source, reading, results, settings, telling.watch, directory, account)
        return draft.replace(runs / draft.name)


def _read(
    source: store.SourceFile,
    reading: Reading,
    results: Path,
    settings: Settings,
    watch: EventHandler,
    directory: Path,
    account: Account | None = None,
) -> Path:
    """Read the source into a new journal in `directory`; its path."""
    with store.open_table(source, reading) as table:
        watch(table.understood)
        info = store.describe(store.new_run_id(), source, table, settings, reading, results)
        path = directory / f"{info.run_id}{SUFFIX}"
        write_journal(path, info, store.read_blocks(source, table), account)
        for warning in table.warnings():
            watch(Notice(warning, is_warning=True))
    return path


def _retry_file(file: Path, settings: Settings, telling: Telling, *, fresh: bool) -> Summary:
    with store.source_file(file, settings) as source:
        found = previous_results.origin(source, file, settings)
        if found is None:
            return _retry_foreign(source, file, settings, telling, fresh=fresh)
        with found.journal:
            target = _target_of(found.journal.info, settings, telling.watch)
            target.require(found.journal)
            account = found.journal.account
        if found.note:
            telling.watch(Notice(found.note, is_warning=True))
        return _import(source, found.reading, target, telling, fresh=fresh, account=account)


def _retry_foreign(
    source: store.SourceFile, file: Path, settings: Settings, telling: Telling, *, fresh: bool
) -> Summary:
    reading = replace(settings.reading, statuses=previous_results.TO_RETRY)
    note = (
        f"{file} names no run that is known here (column import_run_id), so its columns are found by its header. "
        "If the run that wrote it used --map, stop and give the same --map."
    )

    def watch(event: Event) -> None:
        telling.watch(event)
        if isinstance(event, SourceInfo) and not reading.columns:
            telling.watch(Notice(note, is_warning=True))

    try:
        return _import(source, reading, _target(settings, telling.watch), replace(telling, watch=watch), fresh=fresh)
    except SourceError as error:
        raise SourceError(
            f"{error} No run here wrote {file}, so what its columns are is not known: say so with --from, --to and "
            "--map, or import the file with: importer run."
        ) from None


def _retry_journal(path: Path, settings: Settings, telling: Telling, *, fresh: bool) -> Summary:
    if is_held(path):
        raise BusyError(f"Run {path.stem} still goes on: wait until it ends, or stop it; then try it again.")
    with Journal(path) as parent:
        parent.verify()
        info, target = parent.info, _target_of(parent.info, settings, telling.watch)
        target.require(parent)
        what = identify(info.source, info.source_sha256, info.reading, info.target, info.run_id)
        with hold_command(target.settings, what, target.token, telling.watch) as command:
            if command.waited_for is not None and not fresh:
                summary = _finished_meanwhile(command.waited_for, info.source_sha256, target, telling)
                if summary is not None:
                    return summary
            unfinished = None if fresh else find_runs.unfinished_retry(target.settings, info.run_id)
            if unfinished is None:
                unfinished = _begin_retry(parent, target.settings, telling.out)
            command.note(unfinished.stem)
            return _send_and_report(unfinished, target, telling)


def _begin_retry(parent: Journal, settings: Settings, out: Path | None) -> Path:
    run_id, results = store.new_run_id(), output_paths.retry_results_path(parent.info, out, sandbox=settings.sandbox)
    check_writable(results)
    info = replace(
        parent.info,
        run_id=run_id,
        created_at=utc_now_text(),
        parent=parent.info.run_id,
        api_version=settings.api_version,
        results=str(results),
        settings=settings.model_dump(mode="json"),
    )
    runs = store.runs_directory(settings)
    with temporary_directory(runs) as directory:
        draft = directory / f"{run_id}{SUFFIX}"
        write_journal(draft, info, parent.blocks_to_retry(), parent.account)
        return draft.replace(runs / draft.name)


def _target(settings: Settings, watch: EventHandler) -> _Target:
    token = access_token(settings)
    return _Target(settings, token, None if settings.sandbox else TokenAccount(settings, token, watch))


def _target_of(info: RunInfo, settings: Settings, watch: EventHandler) -> _Target:
    """The settings for continuing an old run: its own target and API version, unless others are given.

    Raises SettingsError when another target is given: the run's ids mean other records there.
    """
    given, is_sandbox = settings.model_fields_set, info.target == SANDBOX
    is_elsewhere = "sandbox" in given and settings.sandbox is not is_sandbox
    if "base_url" in given and not settings.sandbox:
        is_elsewhere = is_elsewhere or settings.base_url != info.target
    if is_elsewhere:
        raise SettingsError(
            f"Run {info.run_id} goes to {info.target}, not to {store.target(settings)}: its ids belong there. "
            "To send the pairs elsewhere, import their file with --fresh."
        )
    changes: dict[str, object] = {"sandbox": is_sandbox}
    if not is_sandbox:
        changes["base_url"] = info.target
    if "api_version" not in given:
        changes["api_version"] = ApiVersion(info.api_version)
    return _target(settings.model_copy(update=changes), watch)


def _send_and_report(path: Path, target: _Target, telling: Telling) -> Summary:
    started = time.monotonic()
    with open_for_run(path) as journal:
        results = output_paths.checked_results(telling.out or Path(journal.info.results), journal.info.source)
        check_writable(results)
        sent = _send(journal, target, telling.watch)
        with abort_after_requests(journal, lambda: sent.calls + sent.reads):
            output = output_paths.output_of(journal, "run", results, target.settings, telling.watch)
            summary = conclude(journal, sent, output, started, telling.watch)
    report_stop(sent, summary, f", or: importer resume {summary.run_id}", telling.watch)
    return summary


def _send(journal: Journal, target: _Target, watch: EventHandler) -> Sent:
    resumed = journal.begin()
    plan = _plan(journal, target.settings, resumed=resumed)
    watch(plan)
    if plan.pending == 0 and not journal.outcome_counts().get(Status.UNCONFIRMED):  # those are still to be read back
        return Sent()
    if target.settings.api_version is ApiVersion.V4:
        watch(Notice(f"HubSpot ends its support of API v4 on {V4_ENDS}; --api-version 2026-09 follows it."))
    if not target.settings.sandbox and token_file_is_exposed(target.settings):
        watch(Notice(f"Others on this machine can read {target.settings.token_file}: chmod 600 it.", is_warning=True))

    async def link_in_own_account(pool: Pool, client: HubSpotClient) -> Stop | None:
        stop = await target.account.check(journal, pool, client) if target.account is not None else None
        return stop or await link_pending(pool, client)

    sent = work_on(journal, target.settings, target.token, link_in_own_account, watch)
    return sent if target.account is None else replace(sent, reads=sent.reads + target.account.reads)


def _plan(journal: Journal, settings: Settings, *, resumed: bool) -> Plan:
    pending = journal.pending_by_types()
    info = journal.info
    return Plan(info.run_id, resumed, info.target, journal.counts(), sum(pending), costs(pending, settings))
