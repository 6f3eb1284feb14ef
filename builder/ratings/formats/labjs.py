"""lab.js' data as CSV or JSON, of one participant or of one a line, as JATOS stores it.

Screens that are named as a question of the study answer it with their response, pages of a form under the names of
their fields. A line is that of the CSV, of the JSON value, or the number of the run in the database.
"""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

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
        own_texts = nothing if own is None else own
        if response is not None:
            its = sender.isin([name for name, asked in spoken.items() if asked == [question]])
            own_texts = own_texts.mask(own_texts.eq("") & its, response)
        if own_texts.ne("").any():
            answers[question] = own_texts
    if spent is not None and table.column("response_time_ms") is None:
        answered = np.zeros(len(table.lines), bool)
        for own_texts in answers.values():
            answered |= own_texts.ne("").to_numpy(bool)
        answers["response_time_ms"] = spent.where(answered, "")
    names, cells = list(table.names), table.cells.copy()
    for name, own_texts in answers.items():
        at = table.index(name)
        if at is None:
            at = len(names)
            names.append(name)
        cells[at] = own_texts
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


def _meaning(asks: Questionnaire) -> Meaning:
    of_trials = meaning(asks)
    return replace(of_trials, participants=[*of_trials.participants, ("session",)])


READER = Reader("labjs", recognizes_more=_recognizes, table=_table, refine=refined, meaning=_meaning)
