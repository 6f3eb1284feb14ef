"""Mechanical Turk's batch results: one assignment a line, the task's columns as Input.x, the worker's as Answer.x.

Answers stand in columns, in a JSON cell such as Answer.taskAnswers, in a group of columns such as Answer.alike.yes
and Answer.alike.no, or packed as a mapping says. WorkTimeInSeconds is of one assignment, and a worker may have many:
it is a duration only where a mapping says so.
"""

from dataclasses import replace

from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.meaning import Meaning
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, by_status
from builder.ratings.mapping import Mapping


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The assignments but those that the requester rejected, each column under its name without Input. or Answer."""
    rows = by_status(
        tabular.table(file, mapping),
        "AssignmentStatus",
        {"submitted", "approved"},
        {"rejected or returned": {"rejected"}},
    )
    short = tuple(name.removeprefix("Input.").removeprefix("Answer.") for name in rows.names)
    return replace(rows, labels=rows.names, names=short)


READER = Reader(
    "mturk",
    header=frozenset({"HITId", "WorkerId", "AssignmentStatus"}),
    table=_table,
    meaning=Meaning(participants=[("WorkerId",)]),
)
