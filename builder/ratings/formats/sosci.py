"""SoSci Survey's data set as text: tab or semicolon, often UTF-16, a second header row with labels where asked for."""

from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, by_status
from builder.ratings.mapping import Mapping

_LIVE = {"interview"}
_TEST = {"pretest", "debug", "admin", "test", "preview"}


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The records of people; interviews of a pretest or a test are refused."""
    rows = tabular.table(file, mapping)
    case = rows.column("CASE")
    if case is not None and len(case) and not case.iloc[0].strip().isdigit():
        rows = rows.from_row(1, list(rows.cells.iloc[0]))
    return by_status(rows, "MODE", _LIVE, {"preview or test": _TEST})


READER = Reader(
    "sosci",
    header=frozenset({"CASE", "QUESTNNR", "MODE", "STARTED"}),
    table=_table,
    meaning=Meaning(
        columns={"duration_s": Column(("TIME_SUM",))},
        participants=[("CASE", "STARTED")],  # numbers of cases begin at 1 in every project
    ),
    missing=frozenset({"-9"}),
)
