"""formr's results of a survey: CSV, German CSV, TSV or JSON; names of items are letters, digits and underscores."""

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.json_records import Record, is_json, json_value, objects_table
from builder.ratings.formats.meaning import Meaning
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, head
from builder.ratings.mapping import Mapping

_OWN = frozenset({"session", "created", "modified", "ended"})
_TEST_SESSION = "XXX"
"""The mark that formr puts into the code of a session that the study's owner tests with."""


def _recognizes(file: ExportFile) -> bool:
    if is_json(file):
        return all(f'"{name}"'.encode() in file.content[:100_000] for name in _OWN)
    rows = head(file, 1)
    return bool(rows) and set(rows[0]) >= _OWN


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The records of people; test sessions are refused."""
    rows = _records(file) if is_json(file) else tabular.table(file, mapping)
    session = rows.column("session")
    if session is not None:
        rows = rows.only(~session.str.contains(_TEST_SESSION, regex=False), "preview or test", "session")
    return rows


def _records(file: ExportFile) -> Table:
    records = json_value(file)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise RatingsError(f"{file.path}: no list of records, which formr's JSON is")
    return objects_table(file, [Record(number, fields) for number, fields in enumerate(records, start=1)])


READER = Reader("formr", recognizes_more=_recognizes, table=_table, meaning=Meaning(participants=[("session",)]))
