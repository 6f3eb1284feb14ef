"""PsychoPy's and Pavlovia's CSV: one line for each turn of a loop, columns called after components.

A component that is named as a question of the study answers it: a slider `alike` with `alike.response`, a
keyboard `same` with `same.keys`. The response time is that of the last answer in the line, from the onset of
its component.
"""

from dataclasses import replace

import pandas as pd

from builder.ratings.export import ExportFile
from builder.ratings.formats.meaning import Meaning
from builder.ratings.formats.names import asks_in
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, head
from builder.tasks import Questionnaire

_ANSWERS = ("response", "keys", "clicked_name", "text", "choice")
"""The ends of the names of columns with answers, for sliders, keyboards, mice, text boxes and forms."""

_TOOL = {"psychopyVersion", "frameRate", "OS"}
_ONE_OF_A_LIST = r"^\['([^']*)'\]$"
"""PsychoPy's list of the one key or the one object of those that it kept all of."""


def _recognizes(file: ExportFile) -> bool:
    names = set(next(iter(head(file, 1)), []))
    return names >= {"expName", "date"} and bool(names & _TOOL)


def _refined(table: Table, asks: Questionnaire) -> Table:
    """The table with each answer under the name of its question, and the seconds to the last answer of a line."""
    names, labels, cells = list(table.names), list(table.labels), table.cells.copy()
    times = []
    for question in asks.names:
        if question in names:
            continue
        for index, name in enumerate(table.names):
            component, _, kind = name.rpartition(".")
            if kind in _ANSWERS and asks_in(component, asks) == [question]:
                names[index], labels[index] = question, name
                cells[index] = cells[index].str.replace(_ONE_OF_A_LIST, r"\1", regex=True)
                if (spent := table.column(f"{component}.rt")) is not None:
                    times.append(pd.to_numeric(spent, errors="coerce"))
                break
    if times and not {"response_time_ms", "response_time_s"} & set(names):
        last = pd.concat(times, axis=1).max(axis=1)
        cells[len(names)] = last.map(repr, na_action="ignore").astype("str").where(last.notna(), "")
        names.append("response_time_s")
        labels.append("")
    return replace(table, names=tuple(names), labels=tuple(labels), cells=cells)


READER = Reader(
    "psychopy",
    recognizes_more=_recognizes,
    refine=_refined,
    meaning=Meaning(events=True),
    missing=frozenset({"none"}),
)
