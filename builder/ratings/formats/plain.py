"""A plain table in long or wide form, or JSON, with a mapping or with the project's own column names."""

import itertools
from typing import Any

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.json_records import Record, flattened, is_json, json_values, objects_table
from builder.ratings.formats.names import PARTICIPANT_NAMES, asks_in
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, head
from builder.ratings.mapping import Mapping
from builder.tasks import Questionnaire


def recognizes(file: ExportFile, asks: Questionnaire) -> bool:
    """Whether the header, or the first object, has the project's own column names."""
    if is_json(file):
        return False
    rows = head(file, 1)
    names = [name.casefold() for name in rows[0]] if rows else []
    return any(name in PARTICIPANT_NAMES for name in names) and any(asks_in(name, asks) for name in names)


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    if not is_json(file):
        return tabular.table(file, mapping)
    values = list(json_values(file))
    objects = [(line, each) for line, value in values for each in _objects(value, mapping)]
    if not objects or not all(isinstance(each, dict) for _, each in objects):
        raise RatingsError(f"{file.path}: is JSON, and no list of objects, one for each line of a table")
    numbers = itertools.count(1)
    lines = [next(numbers) if len(values) == 1 else line for line, _ in objects]
    return objects_table(
        file, [Record(line, dict(flattened(each))) for line, (_, each) in zip(lines, objects, strict=True)]
    )


def _objects(value: Any, mapping: Mapping | None) -> list[Any]:
    """The records in a JSON value: those of a list, the value itself where it has a name that is looked for, or those
    of the one list in it.
    """
    if isinstance(value, dict):
        wanted = {*(mapping.columns.names() if mapping else ()), *PARTICIPANT_NAMES}
        if not wanted.isdisjoint(name for name, _ in flattened(value)):
            return [value]
        lists = [inner for inner in value.values() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
        return lists[0] if len(lists) == 1 else [value]
    return value if isinstance(value, list) else [value]


READER = Reader("plain", table=_table)
