"""The database of SQLite that lab.js' own server keeps, as lab.js' JSON; a line is the number of the run."""

import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from builder.errors import RatingsError
from builder.ratings.export import ExportFile

_DATABASE = b"SQLite format 3\x00"
_TABLE = "labjs"
_MOST_RUNS = 1_000_000
_MOST_BYTES = 100_000_000
"""Bytes of the largest cell, which is one run."""

_MOST_STEPS = 1_000
"""Steps of SQLite's machine, in hundred thousands: a table of a million lines takes a hundred of them."""


def is_database(file: ExportFile) -> bool:
    """Whether the file is a database of SQLite that lab.js' server wrote; `as_json` says what is wrong with it."""
    return file.content.startswith(_DATABASE) and _TABLE.encode() in file.content


def as_json(file: ExportFile) -> ExportFile:
    """The content of a lab.js database, as JSON, one run a line: what was sent at its end, or piece by piece till then.

    Raises:
        RatingsError: it is damaged, or its table is another than lab.js makes.
    """
    pieces: dict[tuple[str, str], list[tuple[bool, list[Any]]]] = {}
    for number, row in enumerate(_rows(file), start=1):
        metadata = _json(file, number, "metadata", row) or {}
        data = _json(file, number, "data", row) or []
        if not isinstance(metadata, dict) or not isinstance(data, list):
            raise RatingsError(f"{file.path}, row {number}: is not what lab.js stores")
        session = str(row.get("session") or row.get("user") or "")
        sent = [{"session": session, **each} for each in data if isinstance(each, dict)]
        pieces.setdefault((session, str(metadata.get("id"))), []).append((metadata.get("payload") == "full", sent))
    runs = []
    for run in pieces.values():
        whole = [data for full, data in run if full]
        runs.append(whole[-1] if whole else [each for _, data in run for each in data])
    return replace(file, content="\n".join(map(json.dumps, runs)).encode(), memo={})


def _rows(file: ExportFile) -> Iterator[dict[str, Any]]:
    """The lines of the table, of a database in which nothing but they may be read."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        steps = itertools.count()
        database.set_progress_handler(lambda: next(steps) > _MOST_STEPS, 100_000)
        try:
            database.deserialize(file.content)
            database.set_authorizer(_allowed)
            statements = database.execute(f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{_TABLE}'")  # noqa: S608
            text = str(next(iter(statements.fetchall()), [""])[0])
            if not text.upper().startswith("CREATE TABLE"):
                raise RatingsError(f"{file.path}: is a database of SQLite without lab.js' table; export it as CSV")
            rows = database.execute(f"SELECT * FROM {_TABLE} ORDER BY rowid LIMIT {_MOST_RUNS}")  # noqa: S608
            names, left = [name for name, *_ in rows.description], len(file.content)
            for row in rows:
                left -= sum(len(cell) for cell in row if isinstance(cell, str | bytes))
                if left < 0:
                    raise RatingsError(f"{file.path}: a database of SQLite whose cells are computed; export it as CSV")
                yield dict(zip(names, row, strict=True))
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise RatingsError(f"{file.path}: a damaged database of SQLite: {error}") from error


def _allowed(action: int, name: str | None, *_: object) -> int:
    if action == sqlite3.SQLITE_SELECT or (action == sqlite3.SQLITE_READ and name in (_TABLE, "sqlite_master")):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _json(file: ExportFile, number: int, name: str, row: dict[str, Any]) -> Any:
    """The JSON in a cell; None where lab.js' server had nothing."""
    text = row.get(name)
    if text is None or text == "none":
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise RatingsError(f"{file.path}, row {number}: {name} is no JSON: {error}") from error
