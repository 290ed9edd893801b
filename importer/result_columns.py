"""The columns that a run adds to those of the source in its results."""

ROW_RESULT_COLUMNS = (
    "import_row",
    "import_status",
    "import_http_status",
    "import_api_status",
    "import_num_errors",
    "import_error_category",
    "import_error_message",
    "import_error_details",
    "import_correlation_id",
    "import_association_types",
    "import_attempts",
    "import_duplicate_of",
    "import_completed_at",
    "import_advice",
)
"""The result columns with the outcome of a row, in order."""

RUN_ID_COLUMN = "import_run_id"
"""The result column that names the run that wrote the row."""

RESULT_COLUMNS = (*ROW_RESULT_COLUMNS, RUN_ID_COLUMN)
"""The columns that are added to every results file, in order."""

UNDONE_RUN_COLUMN = "import_undone_run_id"
"""Column for the run that was undone; present only in the results of an undo."""

TYPES_BEFORE_COLUMN = "import_types_before"
"""Column for the association types of a pair before sending, `-` if it had none; present only when any were read."""

TYPES_SEPARATOR = "|"
"""Separator between the types of the pairs in one row, if they differ."""

FOUND_ID_COLUMNS = ("import_from_id", "import_to_id")
"""The result columns with the ids that were looked up, in order; present only if a run looked up ids."""

EXTRA_CELLS_COLUMN = "import_extra_cells"
"""Column for the cells of a row beyond the header, as a JSON list of strings; present only when needed."""

ORIGINAL_CELLS_COLUMN = "import_original_cells"
"""Column for the texts that corrected cells had, as a JSON object by column name; present only when needed."""

STATE_UNKNOWN = "UNDO_STATE_UNKNOWN"
"""Error category in an undo: the pair's state before or after the undone run is unknown."""

NOT_IN_RESULTS = "NOT_IN_RESULTS"
"""The error category of a pair that the response to an accepted call does not name."""

CHANGED_SINCE = "CHANGED_SINCE_RUN"
"""Error category in an undo: the pair is no longer in the state in which the undone run left it."""

PRIMARY_CHANGED = "PRIMARY_CHANGED_SINCE_RUN"
"""Error category in an undo: the pair was primary, but another record has been made primary since."""

PREVIOUS_RESULT_COLUMNS = frozenset(
    {
        *RESULT_COLUMNS,
        UNDONE_RUN_COLUMN,
        TYPES_BEFORE_COLUMN,
        *FOUND_ID_COLUMNS,
        EXTRA_CELLS_COLUMN,
        ORIGINAL_CELLS_COLUMN,
    }
)
"""If a source has any of these columns, they are previous results and are replaced."""
