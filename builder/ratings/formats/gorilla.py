"""Gorilla's data of a task or a questionnaire: one event a line, and END OF FILE in the last."""

from dataclasses import replace

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import extracted
from builder.ratings.formats.layout import Layout, Slot, tokens_of
from builder.ratings.formats.tabular import Table, head, table
from builder.ratings.mapping import FACTS, Mapping

NAME = "gorilla"

_OWN = {"Event Index", "Participant Private ID", "Response"}
_SPEAK = ["Question Key", "Object Name", "Zone Name", "Screen Name", "Display"]
"""Columns that say what an event answers, the narrowest first."""

_PAIR = ["pair_id", "pair", "Spreadsheet: pair_id", "Spreadsheet: pair"]
_PROLIFIC = r"[0-9a-f]{24}"
_KEY = ["participant", "pair_id", "turn"]


def recognizes(file: ExportFile) -> bool:
    """Whether the header has Gorilla's own columns."""
    rows = head(file, 1)
    return bool(rows) and set(rows[0]) >= _OWN


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content. Events whose object, zone, screen or question is named similarity or identity are the answers; those
    named age, gender, country, ... say something of the participant. Times are UTC, as Gorilla documents; the response
    time is that of the similarity. The participant is the public id where that is Prolific's, else the private one.

    Raises:
        RatingsError: as `tabular.table`; or no column names the pair of an event.
    """
    rows = table(file, mapping)
    ended = rows.cells[0].str.strip().eq("END OF FILE").to_numpy(bool)
    rows = replace(rows, cells=rows.cells[~ended].reset_index(drop=True), lines=rows.lines[~ended])
    events = _events(rows, mapping)
    rated = events[events["part"].isin(["similarity", "identity"])]
    answers = _answers(rows, rated)
    layout = Layout((Slot(1, {"similarity": 2, "identity": 3, "response_time_ms": 4, "rated_at": 5}),), (0,), {})
    export = extracted(answers, layout, mapping)
    facts = extracted(_facts(rows, events), Layout((), (0,), {key: n for n, key in enumerate(FACTS, start=1)}), mapping)
    refused = pd.concat([export.refused, facts.refused], ignore_index=True)
    everyone = pd.concat([facts.participants, export.participants]).drop_duplicates("participant", ignore_index=True)
    return Export(export.ratings, everyone, refused)


def _events(rows: Table, mapping: Mapping | None) -> pd.DataFrame:
    """The answered events: row, line, participant, pair_id, part, response, rt, time."""
    nothing = pd.Series("", index=rows.cells.index, dtype="str")

    def text(*names: str) -> "pd.Series[str]":
        columns = (rows.column(name) for name in names)
        return next((column.str.strip() for column in columns if column is not None), nothing)

    part = nothing
    for name in _SPEAK:
        part = part.mask(part.eq(""), _parts(text(name)))
    kind = text("Response Type", "Zone Type").str.casefold()
    answered = text("Response").ne("") & (kind.eq("") | kind.str.startswith("response")) & part.ne("")
    pair = text(*([mapping.columns.pair] if mapping and mapping.columns.pair else _PAIR))
    asked = answered & part.isin(["similarity", "identity"])
    if asked.any() and pair[asked].eq("").all():
        raise RatingsError(
            f"{rows.path}, line {rows.header_line}: no column pair_id names the pairs of the events; say in a mapping "
            "which does: [columns] pair = ..., similarity = ..."
        )
    public, private = text("Participant Public ID"), text("Participant Private ID")
    prolific = len(public) and bool(public.str.fullmatch(_PROLIFIC).all())
    participant = text(mapping.columns.participant) if mapping and mapping.columns.participant else private
    frame = pd.DataFrame(
        {
            "row": np.arange(len(rows.lines)),
            "participant": public if prolific and not (mapping and mapping.columns.participant) else participant,
            "pair_id": pair,
            "part": part,
            "response": text("Response"),
            "response_time_ms": text("Reaction Time"),
            "rated_at": text("UTC Timestamp"),
        }
    )
    return frame[answered]


def _parts(names: "pd.Series[str]") -> "pd.Series[str]":
    """similarity, identity, or a fact, where a name speaks of exactly one."""
    codes, values = pd.factorize(names)
    known = []
    for value in values:
        name = "_".join(tokens_of(str(value)))
        found = [word for word in ("similarity", "identity") if word in tokens_of(str(value))]
        known.append(name if name in FACTS else found[0] if len(found) == 1 else "")
    return pd.Series(pd.array([*known, ""], "str")[codes], index=names.index)


def _answers(rows: Table, events: pd.DataFrame) -> Table:
    """One line for each pair that a participant was shown, both answers on it."""
    events = events.astype({"participant": object, "pair_id": object})  # pandas 3.1 cannot merge empty Arrow texts
    events["turn"] = events.groupby(["participant", "pair_id", "part"]).cumcount()
    sides = {part: events[events["part"].eq(part)] for part in ("similarity", "identity")}
    both = sides["similarity"].merge(sides["identity"], "outer", _KEY, suffixes=("", "_identity"))
    first = both[["row", "row_identity"]].min(axis=1).astype("int64")
    columns = [
        both["participant"],
        both["pair_id"],
        both["response"],
        both["response_identity"],
        both["response_time_ms"],
        both["rated_at"].fillna(both["rated_at_identity"]),
    ]
    order = first.argsort(kind="stable")
    cells = pd.DataFrame({index: column.fillna("").astype("str") for index, column in enumerate(columns)})
    cells = cells.iloc[order].reset_index(drop=True)
    names = ("participant", "pair_id", "Response", "Response", "Reaction Time", "UTC Timestamp")
    lines = rows.lines[first.iloc[order].to_numpy()]
    return replace(rows, names=names, labels=("",) * len(names), cells=cells, lines=lines)


def _facts(rows: Table, events: pd.DataFrame) -> Table:
    """One line for each fact that a participant gave, in the columns participant and FACTS."""
    events = events[events["part"].isin(FACTS)]
    columns = [events["participant"], *(events["response"].where(events["part"].eq(key), "") for key in FACTS)]
    cells = pd.DataFrame({index: column.reset_index(drop=True) for index, column in enumerate(columns)})
    names = ("participant", *FACTS)
    lines = rows.lines[events["row"].to_numpy(int)]
    return replace(rows, names=names, labels=("",) * len(names), cells=cells, lines=lines, refused=())
