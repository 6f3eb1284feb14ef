"""The way from the bytes of a file to the JSON values in it, and from JSON objects to a table of texts."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats.tabular import Refusal, Table, records_table
from builder.toml import literal

_SPACE = " \t\r\n"
_HEAD_BYTES = 1_000_000


class Record(NamedTuple):
    """One JSON object, and the line of the file, or its number, at which it stands."""

    line: int
    fields: Mapping[str, Any]


def is_json(file: ExportFile) -> bool:
    """Whether the file begins as JSON does."""
    return file.content[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


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


def json_value(file: ExportFile) -> Any:
    """The one JSON value that is the whole file.

    Raises:
        RatingsError: as `json_values`; or there is more than one.
    """
    values = [value for _, value in itertools.islice(json_values(file), 2)]
    if len(values) != 1:
        raise RatingsError(f"{file.path}: is not one JSON value, which this format is")
    return values[0]


def first_object(file: ExportFile) -> dict[str, Any]:
    """The first object of the file, or of the array that the file begins with; empty where there is none.

    For telling formats apart: what is wrong with the file is left to those who read it.
    """
    if "first_object" not in file.memo:
        text = file.content[:_HEAD_BYTES].decode("utf-8-sig", errors="replace")
        begin = len(text) - len(text.lstrip(_SPACE + "["))
        try:
            value, _ = json.JSONDecoder().raw_decode(text, begin)
        except (RecursionError, ValueError):
            value = {}
        file.memo["first_object"] = value if isinstance(value, dict) else {}
    first: dict[str, Any] = file.memo["first_object"]
    return first


def several_values(file: ExportFile) -> bool:
    """Whether the file is more than one JSON value; what is wrong with it is left to those who read it."""
    if "several_values" not in file.memo:
        try:
            file.memo["several_values"] = len(list(itertools.islice(json_values(file), 2))) > 1
        except RatingsError:
            file.memo["several_values"] = False
    return bool(file.memo["several_values"])


def objects_table(file: ExportFile, records: Sequence[Record], refused: Sequence[Refusal] = ()) -> Table:
    """The table of objects, one row for each; their names in the order in which they are met.

    Raises:
        RatingsError: too many cells.
    """
    names = {name: cell_text(name) for name in dict.fromkeys(name for record in records for name in record.fields)}
    texts = [{names[name]: field_text(value) for name, value in record.fields.items()} for record in records]
    return records_table(file.path, texts, [record.line for record in records], refused)


def cell_text(value: Any) -> str:
    """A JSON value as the text of a cell; null is empty, and what no file can hold is replaced."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def field_text(value: Any) -> str:
    """A field as a cell; a list or an object is no number and no answer, and is not written out."""
    if type(value) is str and value.isascii():  # what most fields of a million answers are needs no more care
        return value
    if type(value) is int:
        return str(value)
    return "[...]" if isinstance(value, list | dict) else cell_text(value)


def flattened(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a JSON object with their paths, the names joined by dots; lists within it are leaves."""
    if not isinstance(value, dict):
        yield prefix, value
        return
    for name, inner in value.items():
        yield from flattened(inner, f"{prefix}.{cell_text(name)}" if prefix else cell_text(name))


def _text(file: ExportFile) -> str:
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        raise RatingsError(f"{file.path}, line {line}: is no UTF-8, which JSON is written in") from error


def _next(text: str, position: int) -> int:
    """The place where the next value begins."""
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"an object has the key {literal(twice)} twice")
    return read
