"""Mechanical Turk's batch results: one assignment a line, the task's columns as Input.x, the worker's as Answer.x."""

from dataclasses import replace

from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.expand import unpacked, with_json, with_options
from builder.ratings.formats.tabular import by_status, head, table
from builder.ratings.mapping import Mapping

NAME = "mturk"

_OWN = {"HITId", "WorkerId", "AssignmentStatus"}
_LIVE = {"submitted", "approved"}


def recognizes(file: ExportFile) -> bool:
    """Whether the header has Mechanical Turk's own columns."""
    rows = head(file, 1)
    return bool(rows) and set(rows[0]) >= _OWN


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; assignments that the requester rejected are refused.

    Answers stand in columns, in a JSON cell such as Answer.taskAnswers, in a group of columns such as
    Answer.identity.yes and Answer.identity.no, or packed as the mapping says. WorkTimeInSeconds is of one assignment,
    and a worker may have many: it is a duration only where the mapping says so.

    Raises:
        RatingsError: as `answers.export_of`.
    """
    rows = by_status(table(file, mapping), "AssignmentStatus", _LIVE, {"rejected or returned": {"rejected"}})
    rows, mapping = unpacked(with_options(with_json(rows)), pairs, mapping)
    if not (mapping and mapping.columns.answers()):
        short = tuple(name.removeprefix("Input.").removeprefix("Answer.") for name in rows.names)
        rows = replace(rows, labels=rows.names, names=short)
    return export_of(rows, pairs, mapping, [("WorkerId",)])
