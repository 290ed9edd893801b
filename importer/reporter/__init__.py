"""Reports on rows: the results file, the failures file, the counts and the summary.

The writers take rows with their outcomes in the order of the input, whatever their origin; `html_report` takes figures
that the journal has counted. Neither depends on HTTP.
"""

from importer.atomic_file import AtomicFile
from importer.reporter.result_row import WORST_FIRST, escape_formula, problem_sentence, row_result
from importer.reporter.results import Layout, WorkbookContext, write_results
from importer.reporter.row_counts import RowCounts, count
from importer.reporter.summary import RunStatus, Summary, summary_table
from importer.reporter.summary_sheet import RunDescription
from importer.reporter.workbook_copy import SourceWorkbook
from importer.written_files import WrittenFiles

__all__ = [
    "WORST_FIRST",
    "AtomicFile",
    "Layout",
    "RowCounts",
    "RunDescription",
    "RunStatus",
    "SourceWorkbook",
    "Summary",
    "WorkbookContext",
    "WrittenFiles",
    "count",
    "escape_formula",
    "problem_sentence",
    "row_result",
    "summary_table",
    "write_results",
]
