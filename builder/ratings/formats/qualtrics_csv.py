"""Qualtrics' CSV: three header rows (names, texts, import ids), or the older two, or one where rows were deleted."""

from dataclasses import replace

from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.tabular import Table, by_status, head, table
from builder.ratings.mapping import Mapping

NAME = "qualtrics-csv"

PARTICIPANTS = [("ResponseId",), ("ResponseID",)]
FACTS = {"duration_s": "Duration (in seconds)"}
NOT_ANSWERED = frozenset({"-99"})
"""What Qualtrics writes for a question that was seen and not answered, where the export asks for it."""

_LIVE = {"0", "ip address", "ip-adresse", "4", "imported", "16", "offline", "32", "ex", "48", "ex offline", ""}
_PREVIEW = {"1", "survey preview", "umfragevorschau", "2", "survey test", "17", "offline survey preview"}
_SPAM = {"8", "spam", "9", "survey preview spam", "12", "imported spam", "40", "ex spam"}


def recognizes(file: ExportFile) -> bool:
    """Whether the first rows have Qualtrics' own names."""
    rows = head(file)
    names = set(rows[0]) if rows else set()
    old = {"V1", "V2"} <= names and len(rows) > 1 and {"ResponseID", "ResponseSet"} <= set(rows[1])
    return old or ("ResponseId" in names and bool({"StartDate", "RecordedDate", "DistributionChannel"} & names))


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; responses that are previews, tests or spam are refused.

    Raises:
        RatingsError: as `answers.export_of`.
    """
    rows = without_previews(_headed(table(file, mapping)))
    return export_of(rows, pairs, mapping, PARTICIPANTS, FACTS, NOT_ANSWERED)


def without_previews(rows: Table) -> Table:
    """The rows of people, by the column Status or the channel they came through."""
    rows = by_status(rows, "Status", _LIVE, {"preview or test": _PREVIEW, "marked as spam": _SPAM})
    if (channel := rows.column("DistributionChannel")) is not None:
        rows = rows.only(~channel.str.strip().isin(["preview", "test"]), "preview or test", "DistributionChannel")
    return rows


def _headed(rows: Table) -> Table:
    """The table with its further header rows taken as labels."""
    first = [list(rows.cells.iloc[index]) for index in range(min(2, len(rows.lines)))]
    if not first:
        return rows
    names = rows.names
    if {"V1", "V2"} <= set(names) and "ResponseID" in first[0]:  # the older export: its own names stand below
        own = [name.startswith("V") and name[1:].isdigit() for name in names]
        names = tuple(text if v else name for name, text, v in zip(names, first[0], own, strict=True))
        return _below(replace(rows, names=names), first[0], 1)
    if len(first) > 1 and any(cell.startswith('{"ImportId"') for cell in first[1]):
        return _below(rows, first[0], 2)
    dates = [cell for name, cell in zip(names, first[0], strict=True) if name in ("StartDate", "RecordedDate")]
    return rows if any(any(map(str.isdigit, date)) for date in dates) else _below(rows, first[0], 1)


def _below(rows: Table, labels: list[str], count: int) -> Table:
    cells = rows.cells.iloc[count:].reset_index(drop=True)
    return replace(rows, labels=tuple(label.strip() for label in labels), cells=cells, lines=rows.lines[count:])
