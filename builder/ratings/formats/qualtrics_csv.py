"""Qualtrics' CSV: three header rows (names, texts, import ids), or the older two, or one where rows were deleted."""

from dataclasses import replace

from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, by_status, head
from builder.ratings.mapping import Mapping

NOT_ANSWERED = frozenset({"-99"})
"""Qualtrics' word for a question that was seen and not answered, where the export asks for it."""

_IMPORT_ID = '{"ImportId"'
_OWN = {"StartDate", "EndDate", "Status", "Progress", "Finished", "RecordedDate", "DistributionChannel", "UserLanguage"}
_ENOUGH = 4
"""The number of Qualtrics' own columns that tell it where the ids of the responses were removed."""

_LIVE = {"0", "ip address", "ip-adresse", "4", "imported", "16", "offline", "32", "ex", "48", "ex offline", ""}
_PREVIEW = {"1", "survey preview", "umfragevorschau", "2", "survey test", "17", "offline survey preview"}
_SPAM = {"8", "spam", "9", "survey preview spam", "12", "imported spam", "40", "ex spam"}


def _recognizes(file: ExportFile) -> bool:
    rows = head(file)
    names = set(rows[0]) if rows else set()
    old = {"V1", "V2"} <= names and len(rows) > 1 and {"ResponseID", "ResponseSet"} <= set(rows[1])
    imported = any(cell.startswith(_IMPORT_ID) for row in rows[1:] for cell in row)
    without_id = len(_OWN & names) >= _ENOUGH
    return old or imported or without_id or ("ResponseId" in names and bool(_OWN & names))


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    return without_previews(_headed(tabular.table(file, mapping)))


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
        return replace(rows, names=names).from_row(1 + _is_import_ids(first[1:]), first[0])
    if _is_import_ids(first[:1]):
        return rows.from_row(1)
    if _is_import_ids(first[1:]):
        return rows.from_row(2, first[0])
    dates = [cell for name, cell in zip(names, first[0], strict=True) if name in ("StartDate", "RecordedDate")]
    if not dates:  # without a date, texts are told by what no answer says
        texts = [cell for name, cell in zip(names, first[0], strict=True) if name in ("Progress", "Finished")]
        return rows.from_row(1, first[0]) if texts and all(_is_text(cell) for cell in texts) else rows
    return rows if any(any(map(str.isdigit, date)) for date in dates) else rows.from_row(1, first[0])


def _is_import_ids(rows: list[list[str]]) -> bool:
    return bool(rows) and any(cell.startswith(_IMPORT_ID) for cell in rows[0])


def _is_text(cell: str) -> bool:
    return not cell.strip().isdigit() and cell.strip().casefold() not in ("true", "false", "wahr", "falsch", "")


READER = Reader(
    "qualtrics-csv",
    recognizes_more=_recognizes,
    table=_table,
    meaning=Meaning(
        columns={"duration_s": Column(("Duration (in seconds)",))}, participants=[("ResponseId",), ("ResponseID",)]
    ),
    missing=NOT_ANSWERED,
)
