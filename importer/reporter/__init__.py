"""What became of every row: the results file, the failures file, the counts and the summary.

Takes rows with their outcomes in the input's order, from wherever they come, and knows neither journal nor HTTP.
"""

from importer.atomic_file import check_writable
from importer.reporter.result_row import escape_formula, problem_sentence, row_result
from importer.reporter.results import Layout, write_results
from importer.reporter.row_counts import Totals, count
from importer.reporter.summary import RunStatus, Summary, summary_table
from importer.written_files import WrittenFiles

__all__ = [
    "Layout",
    "RunStatus",
    "Summary",
    "Totals",
    "WrittenFiles",
    "check_writable",
    "count",
    "escape_formula",
    "problem_sentence",
    "row_result",
    "summary_table",
    "write_results",
]
