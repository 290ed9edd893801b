"""Reads back which pairs of a file are linked."""

import time
from pathlib import Path

from importer.config import Settings
from importer.journal import open_for_run
from importer.model import Operation
from importer.reporter import Summary
from importer.runner import output_paths
from importer.runner.account_work import work_in_account
from importer.runner.events import EventHandler, RunEnded, ignore
from importer.runner.execute import plan
from importer.runner.finish import conclude, describe_abort, report_stop
from importer.runner.label_resolution import resolve_labels
from importer.runner.new_run import NewRun
from importer.runner.notify import notified
from importer.runner.send import verify_pending
from importer.runner.source_file import source_file
from importer.runner.state_directory import new_run_id
from importer.runner.target import target_of_settings
from importer.temporary_directories import temporary_directory


@notified(heartbeat=False)
def verify_file(
    file: Path | str, settings: Settings, *, out: Path | str | None = None, on_event: EventHandler = ignore
) -> Summary:
    """Read back which pairs of `file` are linked (`already_linked`) and which are missing (`not_sent`); send nothing.

    The results go to `NAME.verify.results.EXT` by default. No journal is kept. Raises the errors of `run_import`.
    """
    started = time.monotonic()
    target = target_of_settings(settings, on_event)
    context = target.context
    with source_file(file, settings) as source, temporary_directory(settings.state_path) as directory:
        results = output_paths.results_path(source, out, sandbox=settings.sandbox, mark=".verify")
        output_paths.check_outputs(results, settings, source.path)
        new_run = NewRun(new_run_id(), settings, settings.reading, results, Operation.VERIFY)
        path = new_run.read(source, directory, context, target.account_of_lookup(settings.reading))
        resolve_labels(path, target)
        with open_for_run(path) as journal, describe_abort(journal, started):
            on_event(plan(journal, settings, resumed=False))
            sent = work_in_account(journal, context, target.account, verify_pending).plus(context.requests)
            output = output_paths.output_of(journal, "verify", results, context)
            summary = conclude(journal, sent, output, started, context)
    report_stop(sent, summary, ".", context)
    on_event(RunEnded(summary))
    return summary
