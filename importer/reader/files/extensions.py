"""File name extensions of the formats that the importer reads; content decides the format, names only group files."""

WORKBOOK_EXTENSIONS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
DELIMITED_EXTENSIONS = frozenset({".csv", ".tsv", ".tab"})
PLAIN_TEXT_EXTENSIONS = frozenset({".txt"})
"""Such a file may be a delimited table, or a readme beside one."""

TABLE_EXTENSIONS = WORKBOOK_EXTENSIONS | DELIMITED_EXTENSIONS
TEXT_EXTENSIONS = DELIMITED_EXTENSIONS | PLAIN_TEXT_EXTENSIONS
COMPRESSED_EXTENSIONS = frozenset({".gz", ".zip"})
