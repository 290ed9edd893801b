"""How a journal is laid out in its SQLite file."""

import json
from dataclasses import fields
from typing import Any

import orjson

from importer.model import Outcome

VERSION = 3
SUFFIX = ".sqlite"

OUTCOME_COLUMNS = ", ".join(field.name for field in fields(Outcome))

SCHEMA = f"""
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (
    first_pair INTEGER NOT NULL, last_pair INTEGER NOT NULL, row_count INTEGER NOT NULL, blank_count INTEGER NOT NULL,
    numbers BLOB NOT NULL, cells BLOB NOT NULL, pairs BLOB NOT NULL
);
CREATE INDEX blocks_by_pair ON blocks (last_pair);
CREATE TABLE problems (row INTEGER NOT NULL, code TEXT, column TEXT, message TEXT, advice TEXT);
CREATE TABLE duplicates (
    pair INTEGER PRIMARY KEY, row INTEGER NOT NULL, first INTEGER NOT NULL, first_row INTEGER NOT NULL
);
CREATE TABLE sending (pair INTEGER PRIMARY KEY);
CREATE TABLE outcomes (pair INTEGER PRIMARY KEY, {OUTCOME_COLUMNS});
PRAGMA user_version = {VERSION};
"""


def pack(value: Any) -> bytes:
    """Return lists of texts and numbers as JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone half of a surrogate pair, which UTF-8 cannot hold
        return json.dumps(value).encode()


def unpack(data: bytes) -> Any:
    """Return what `pack` was given, as lists. Raises json.JSONDecodeError or UnicodeDecodeError for damage."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)
