"""LimeSurvey's CSV, with full answers or answer codes, and with codes or texts as headings."""

from dataclasses import replace

from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, head
from builder.ratings.mapping import Mapping

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
    "start language": "startlanguage",
    "start-sprache": "startlanguage",
    "date started": "startdate",
    "datum gestartet": "startdate",
    "total time": "interviewtime",
    "gesamtzeit": "interviewtime",
}
"""LimeSurvey's own columns by their headings in English and German, where the export has no codes."""

_NAMES = frozenset(_CODES.values())
_OWN = ({"id", "submitdate", "lastpage"}, {"id", "lastpage", "seed"}, {"id", "lastpage", "startlanguage"})
"""Columns of a survey with dates, and of those without."""


def _recognizes(file: ExportFile) -> bool:
    rows = head(file, 1)
    names = {_code(name) for name in rows[0]} if rows else set()
    return any(own <= names for own in _OWN)


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    rows = tabular.table(file, mapping)
    return replace(rows, labels=rows.names, names=tuple(_code(name) or name for name in rows.names))


def _code(name: str) -> str | None:
    """The code of one of LimeSurvey's own columns, from a code, a text, or both ("id. Response ID")."""
    plain = name.strip().casefold()
    first = plain.partition(". ")[0]
    return plain if plain in _NAMES else first if first in _NAMES else _CODES.get(plain)


READER = Reader(
    "limesurvey",
    recognizes_more=_recognizes,
    table=_table,
    meaning=Meaning(
        columns={"duration_s": Column(("interviewtime",))},
        participants=[("id", "seed"), ("id", "startdate"), ("id",)],  # ids begin at 1 in every survey
    ),
)
