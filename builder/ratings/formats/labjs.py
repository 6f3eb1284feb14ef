"""lab.js' data as CSV or JSON, of one participant or of one a line (as JATOS stores it), or its database of SQLite.

Screens that are named as a question of the study answer it with their response, pages of a form under the names of
their fields. A line is that of the CSV, of the JSON value, or the number of the run in the database.
"""

import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.json_records import Record, first_object, is_json, json_values
from builder.ratings.formats.meaning import Meaning
from builder.ratings.formats.names import asks_in
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, head
from builder.ratings.formats.trials import Run, meaning, row_trials, trials_in, trials_table
from builder.ratings.mapping import Mapping
from builder.tasks import Questionnaire

_OWN = {"sender", "sender_type", "sender_id"}
"""Columns in which lab.js describes the screen, in every line."""

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


def refined(table: Table, asks: Questionnaire) -> Table:
    """The screens, each answer under the name of its question; response times only beside answers."""
    sender, response, spent = (table.column(name) for name in ("sender", "response", "duration"))
    if sender is None or table.column("sender_type") is None:
        return table
    answers: dict[str, pd.Series[str]] = {}
    nothing = pd.Series("", index=table.cells.index, dtype="str")
    spoken = {str(name): asks_in(str(name), asks) for name in sender.unique()}
    for question in asks.names:
        own = table.column(question)
        said = nothing if own is None else own
        if response is not None:
            its = sender.isin([name for name, asked in spoken.items() if asked == [question]])
            said = said.mask(said.eq("") & its, response)
        if said.ne("").any():
            answers[question] = said
    if spent is not None and table.column("response_time_ms") is None:
        answered = np.zeros(len(table.lines), bool)
        for said in answers.values():
            answered |= said.ne("").to_numpy(bool)
        answers["response_time_ms"] = spent.where(answered, "")
    names, cells = list(table.names), table.cells.copy()
    for name, said in answers.items():
        at = table.index(name)
        if at is None:
            at = len(names)
            names.append(name)
        cells[at] = said
    labels = (*table.labels, *[""] * (len(names) - len(table.names)))
    return replace(table, names=tuple(names), labels=labels, cells=cells)


def _recognizes(file: ExportFile) -> bool:
    """Whether the header, or the first object, has what lab.js says of a screen."""
    if is_json(file):
        return set(first_object(file)) >= _OWN
    return set(next(iter(head(file, 1)), [])) >= _OWN


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    if not is_json(file):
        rows = tabular.table(file, mapping)
        return trials_table(file, [Run(row_trials(rows))], mapping, rows.refused, rows.comma)
    by_line = itertools.groupby(json_values(file), key=lambda value: value[0])
    runs = [Run([Record(line, each) for _, value in values for each in trials_in(value)]) for line, values in by_line]
    return trials_table(file, runs, mapping)


def _rows(file: ExportFile) -> Iterator[dict[str, Any]]:
    """The lines of the table, of a database in which nothing but they may be read."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        steps = itertools.count()
        database.set_progress_handler(lambda: next(steps) > _MOST_STEPS, 100_000)
        try:
            database.deserialize(file.content)
            database.set_authorizer(_allowed)
            made = database.execute(f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{_TABLE}'")  # noqa: S608
            text = str(next(iter(made.fetchall()), [""])[0])
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


def _meaning(asks: Questionnaire) -> Meaning:
    of_trials = meaning(asks)
    return replace(of_trials, participants=[*of_trials.participants, ("session",)])


READER = Reader("labjs", recognizes_more=_recognizes, table=_table, refine=refined, meaning=_meaning)
