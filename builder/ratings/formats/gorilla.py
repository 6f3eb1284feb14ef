"""Gorilla's data of a task or a questionnaire: one event a line, and END OF FILE in the last.

Events whose object, zone, screen or question is named as a question of the study are its answers; those named age,
gender, country, ... say something of the participant. Times are UTC, as Gorilla documents, and response times begin
with the screen. The participant is the public id where that is Prolific's, else the private one.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from builder.ratings.column_keys import fact_keys
from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.names import ITEM, asks_in, item_columns, tokens_of
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.tasks import Questionnaire

_SPEAK = ["Question Key", "Object Name", "Zone Name", "Screen Name", "Display"]
"""Columns that say what an event answers, the narrowest first."""

_PROLIFIC = r"[0-9a-f]{24}"
_ANSWERS, _PERSON = "what it answers", "who the event is of"
"""Columns that the table has beside Gorilla's."""


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The events."""
    rows = tabular.table(file, mapping)
    ended = rows.cells[0].str.strip().eq("END OF FILE").to_numpy(bool)
    return replace(rows, cells=rows.cells[~ended].reset_index(drop=True), lines=rows.lines[~ended])


def _refined(rows: Table, asks: Questionnaire) -> Table:
    """The events, with what each answers and who gave it."""
    public, private = _text(rows, "Participant Public ID"), _text(rows, "Participant Private ID")
    prolific = len(public) and bool(public.str.fullmatch(_PROLIFIC).all())
    part = pd.Series("", index=rows.cells.index, dtype="str")
    for name in _SPEAK:
        part = part.mask(part.eq(""), _parts(_text(rows, name), asks))
    kind = _text(rows, "Response Type", "Zone Type").str.casefold()
    part = part.where(kind.eq("") | kind.str.startswith("response"), "")
    cells = pd.concat([rows.cells, part, public if prolific else private], axis=1)
    cells.columns = pd.RangeIndex(cells.shape[1])
    return replace(rows, names=(*rows.names, _ANSWERS, _PERSON), labels=(*rows.labels, "", ""), cells=cells)


def _text(rows: Table, *names: str) -> "pd.Series[str]":
    columns = (rows.column(name) for name in names)
    nothing = pd.Series("", index=rows.cells.index, dtype="str")
    return next((column.str.strip() for column in columns if column is not None), nothing)


def _parts(names: "pd.Series[str]", asks: Questionnaire) -> "pd.Series[str]":
    """The question or the fact that a name speaks of, where it is exactly one."""
    codes, values = pd.factorize(names)
    parts = []
    for value in values:
        name = "_".join(tokens_of(str(value)))
        questions = asks_in(str(value), asks)
        parts.append(name if name in fact_keys(asks) else questions[0] if len(questions) == 1 else "")
    return pd.Series(np.array([*parts, ""], object)[codes], index=names.index, dtype="str")


def _meaning(asks: Questionnaire) -> Meaning:
    item = item_columns(asks)
    keys = (*asks.names, *fact_keys(asks))
    return Meaning(
        columns={
            "participant": Column((_PERSON,)),
            ITEM: Column((*item, *(f"Spreadsheet: {name}" for name in item))),
            "response_time_ms": Column(("Reaction Time",)),
            "rated_at": Column(("UTC Timestamp",)),
            **{key: Column(("Response",), {_ANSWERS: (key,)}) for key in keys},
        },
        facts_by_name=False,
        events=True,
        one_clock=True,
    )


READER = Reader(
    "gorilla",
    header=frozenset({"Event Index", "Participant Private ID", "Response"}),
    table=_table,
    refine=_refined,
    meaning=_meaning,
)
