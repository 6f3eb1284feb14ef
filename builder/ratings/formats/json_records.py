"""From the bytes of a file to the JSON values in it, and from JSON objects to a table of texts."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats.tabular import Refusal, Table, cell_text
from builder.toml import shown

_SPACE = " \t\r\n"
_HEAD_BYTES = 1_000_000


class Record(NamedTuple):
    """One JSON object, and the line of the file, or its number, at which it stands."""

    line: int
    fields: Mapping[str, Any]


def json_values(file: ExportFile) -> Iterator[tuple[int, Any]]:
    """The JSON values that the file holds one after another, each with the line at which it begins.

    Raises:
        RatingsError: it is no UTF-8; what stands at a line is no JSON, nested too deep, a number of too many digits, or
            an object that has one key twice.
    """
    text = _text(file)
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    position, line, counted = 0, 1, 0
    while (position := _next(text, position)) < len(text):
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise RatingsError(
                f"{file.path}, line {error.lineno}, column {error.colno}: no JSON: {error.msg}"
            ) from error
        except (RecursionError, ValueError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
            raise RatingsError(f"{file.path}, line {line}: JSON that cannot be read: {reason}") from error
        yield line, value


def first_object(file: ExportFile) -> dict[str, Any]:
    """The first object of the file, or of the array that the file begins with; empty where there is none.

    For telling formats apart: what is wrong with the file is left to those who read it.
    """
    text = file.content[:_HEAD_BYTES].decode("utf-8-sig", errors="replace")
    begin = len(text) - len(text.lstrip(_SPACE + "["))
    try:
        value, _ = json.JSONDecoder().raw_decode(text, begin)
    except (RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def several_values(file: ExportFile) -> bool:
    """Whether the file is more than one JSON value; what is wrong with it is left to those who read it."""
    try:
        return len(list(itertools.islice(json_values(file), 2))) > 1
    except RatingsError:
        return False


def objects_table(
    file: ExportFile, records: Sequence[Record], names: Sequence[str], refused: Sequence[Refusal] = ()
) -> Table:
    """The table of the named fields of objects, one row for each; all else in them is left where it is."""
    columns = {
        index: pd.Series([field_text(record.fields.get(name)) for record in records], dtype="str")
        for index, name in enumerate(names)
    }
    return Table(
        path=file.path,
        names=tuple(names),
        labels=("",) * len(names),
        cells=pd.DataFrame(columns, columns=pd.RangeIndex(len(names))),
        lines=np.fromiter((record.line for record in records), np.int64, len(records)),
        refused=tuple(refused),
    )


def field_text(value: Any) -> str:
    """A field as a cell; a list or an object is no number and no answer, and is not written out."""
    if type(value) is str and value.isascii():  # what most fields of a million answers are needs no more care
        return value
    if type(value) is int:
        return str(value)
    return "[...]" if isinstance(value, list | dict) else cell_text(value)


def _text(file: ExportFile) -> str:
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        raise RatingsError(f"{file.path}, line {line}: is no UTF-8, which JSON is written in") from error


def _next(text: str, position: int) -> int:
    """Where the next value begins."""
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"an object has the key {shown(twice)} twice")
    return read
