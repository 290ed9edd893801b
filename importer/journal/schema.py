"""How a journal is laid out in its SQLite file."""

import json
from dataclasses import fields
from typing import Any

import orjson

from importer.model import Outcome

VERSION = 3
SUFFIX = ".sqlite"

PAGE_SIZE = 16_384
"""Bytes of a page: blocks are large and fill large pages."""

OUTCOME_COLUMNS = ", ".join(field.name for field in fields(Outcome))

TABLES = f"""
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, first_pair INTEGER NOT NULL, last_pair INTEGER NOT NULL, row_count INTEGER NOT NULL,
    blank_count INTEGER NOT NULL, checksum INTEGER NOT NULL, numbers BLOB NOT NULL, cells BLOB NOT NULL,
    pairs BLOB NOT NULL
);
CREATE TABLE problems (row INTEGER NOT NULL, code TEXT, column TEXT, message TEXT, advice TEXT, checksum INTEGER);
CREATE TABLE duplicates (
    pair INTEGER PRIMARY KEY, row INTEGER NOT NULL, first INTEGER NOT NULL, first_row INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE sending (pair INTEGER PRIMARY KEY, checksum INTEGER NOT NULL);
CREATE TABLE outcomes (pair INTEGER PRIMARY KEY, {OUTCOME_COLUMNS}, checksum INTEGER NOT NULL);
"""
"""Every row carries the checksum of its other values (`integrity.checksum`)."""

SCHEMA = f"{TABLES}\nPRAGMA user_version = {VERSION};"


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
