"""The columns and the delimiter of a run's results, from its journal."""

from importer.journal import Journal
from importer.model import Operation
from importer.reporter import Layout


def result_layout(journal: Journal, run_id: str) -> Layout:
    """Return the layout of a journal's results; `run_id` is the run that writes them, "" for a check."""
    info = journal.info
    return Layout(
        info.header,
        info.delimiter,
        run_id,
        has_extra_cells=journal.has_extra_cells(),
        row_names=info.row_names,
        has_types_before=journal.has_types_before(),
        has_found_ids=info.looks_up,
        has_originals=journal.has_corrections(),
        undone_run=(info.parent or "") if info.operation is Operation.UNDO else "",
    )
