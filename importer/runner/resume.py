"""Resumes an unfinished run."""

from pathlib import Path

from importer.config import Settings
from importer.journal import Journal
from importer.reporter import Summary
from importer.runner.command_lock import command_of, hold_command
from importer.runner.confirmation import UNCONFIRMED, Confirmation
from importer.runner.events import EventHandler, ignore
from importer.runner.execute import execute
from importer.runner.notify import notified
from importer.runner.state_directory import journal_path
from importer.runner.target import target_of_run


@notified()
def resume_run(
    run_id: str,
    settings: Settings,
    *,
    confirmation: Confirmation = UNCONFIRMED,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    first_rows: int | None = None,
) -> Summary:
    """Continue an unfinished run from its journal alone; the source is not read again.

    The run uses its own base URL and, unless `settings` explicitly set another one, its own API version. The token must
    belong to the run's account. With `first_rows` the run stops again after that number of rows. Raises the errors of
    `run_import`.
    """
    path = journal_path(settings, run_id)
    with Journal(path) as journal:
        journal.verify()
        info, target = journal.info, target_of_run(journal.info, settings, on_event)
        target.require_owner(journal)
    with hold_command(target.context, command_of(info)) as command:
        command.note(run_id)
        return execute(path, target, out, confirmation, first_rows)
