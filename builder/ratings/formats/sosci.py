"""SoSci Survey's data set as text: tab or semicolon, often UTF-16, a second header row with labels where asked for."""

from dataclasses import replace

from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.tabular import by_status, head, table
from builder.ratings.mapping import Mapping

NAME = "sosci"

_OWN = {"CASE", "QUESTNNR", "MODE", "STARTED"}
_LIVE = {"interview"}
_TEST = {"pretest", "debug", "admin", "test", "preview"}
_NOT_ANSWERED = frozenset({"-9"})


def recognizes(file: ExportFile) -> bool:
    """Whether the header has SoSci's own variables."""
    rows = head(file, 1)
    return bool(rows) and set(rows[0]) >= _OWN


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; interviews of a pretest or a test are refused. Numbers of cases begin at 1 in every project, so the
    start makes them distinct.

    Raises:
        RatingsError: as `answers.export_of`.
    """
    rows = table(file, mapping)
    case = rows.column("CASE")
    if case is not None and len(case) and not case.iloc[0].strip().isdigit():
        labels = tuple(cell.strip() for cell in rows.cells.iloc[0])
        rows = replace(rows, labels=labels, cells=rows.cells.iloc[1:].reset_index(drop=True), lines=rows.lines[1:])
    rows = by_status(rows, "MODE", _LIVE, {"preview or test": _TEST})
    return export_of(rows, pairs, mapping, [("CASE", "STARTED")], {"duration_s": "TIME_SUM"}, _NOT_ANSWERED)
