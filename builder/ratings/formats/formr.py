"""formr's results of a survey: CSV, German CSV, TSV or JSON; names of items are letters, digits and underscores."""

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.tabular import Table, cell_text, head, json_value, records_table, table
from builder.ratings.mapping import Mapping

NAME = "formr"

_OWN = {"session", "created", "modified", "ended"}
_TEST_SESSION = "XXX"
"""What formr writes into the code of a session that the study's owner tests with."""


def recognizes(file: ExportFile) -> bool:
    """Whether the first record has formr's own columns."""
    if _is_json(file):
        return all(f'"{name}"'.encode() in file.content[:100_000] for name in _OWN)
    rows = head(file, 1)
    return bool(rows) and set(rows[0]) >= _OWN


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; test sessions are refused.

    Raises:
        RatingsError: as `answers.export_of`.
    """
    rows = _json(file, mapping) if _is_json(file) else table(file, mapping)
    session = rows.column("session")
    if session is not None:
        rows = rows.only(~session.str.contains(_TEST_SESSION, regex=False), "preview or test", "session")
    return export_of(rows, pairs, mapping, [("session",)])


def _is_json(file: ExportFile) -> bool:
    return file.content[:100].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"[")


def _json(file: ExportFile, mapping: Mapping | None) -> Table:
    records = json_value(file, mapping)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise RatingsError(f"{file.path}: no list of records, which formr's JSON is")
    return records_table(file.path, [{cell_text(k): cell_text(v) for k, v in record.items()} for record in records])
