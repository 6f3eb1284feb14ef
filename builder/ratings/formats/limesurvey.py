"""LimeSurvey's CSV, with full answers or answer codes, and with codes or texts as headings."""

from dataclasses import replace

from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.tabular import Table, head, table
from builder.ratings.mapping import Mapping

NAME = "limesurvey"

_CODES = {
    "response id": "id",
    "antwort id": "id",
    "antwort-id": "id",
    "date submitted": "submitdate",
    "datum abgeschickt": "submitdate",
    "last page": "lastpage",
    "letzte seite": "lastpage",
    "seed": "seed",
    "zufallsstartwert": "seed",
    "date started": "startdate",
    "datum gestartet": "startdate",
    "total time": "interviewtime",
    "gesamtzeit": "interviewtime",
}
"""LimeSurvey's own columns by their headings in English and German, where the export has no codes."""


def recognizes(file: ExportFile) -> bool:
    """Whether the header has LimeSurvey's own columns."""
    rows = head(file, 1)
    names = {_code(name) for name in rows[0]} if rows else set()
    return {"id", "submitdate", "lastpage"} <= names


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content. Ids of responses begin at 1 in every survey, so the seed or the start makes them distinct.

    Raises:
        RatingsError: as `answers.export_of`.
    """
    rows: Table = table(file, mapping)
    rows = replace(rows, labels=rows.names, names=tuple(_code(name) or name for name in rows.names))
    return export_of(
        rows, pairs, mapping, [("id", "seed"), ("id", "startdate"), ("id",)], {"duration_s": "interviewtime"}
    )


def _code(name: str) -> str | None:
    """The code of one of LimeSurvey's own columns, from a code, a text, or both ("id. Response ID")."""
    plain = name.strip().casefold()
    known = set(_CODES.values())
    first = plain.partition(". ")[0]
    return plain if plain in known else first if first in known else _CODES.get(plain)
