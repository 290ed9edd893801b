"""Limits that the workbook formats share; those of a single format are defined beside its reader."""

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
"""Size of the largest sheet. Source: Microsoft, "Excel specifications and limits"."""

MAX_CELLS = 100_000_000
MAX_ROW_SIZE = 16 << 20
"""Maximum bytes of XML, and maximum characters of text, in one row."""

MAX_TEXT = 1 << 30
"""Maximum characters in all cells together, for formats that store repeated or shared text once (ODS, XLS)."""
