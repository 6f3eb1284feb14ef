"""Tables whose cells hold more than one answer, made into tables with one in each cell."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.column_keys import Columns
from builder.ratings.export import StudyItems
from builder.ratings.formats.columns import places
from builder.ratings.formats.json_records import cell_text, flattened
from builder.ratings.formats.layout import check_items, loop_items
from builder.ratings.formats.names import ItemFinder, asks_in, long_part
from builder.ratings.formats.people import by_participant
from builder.ratings.formats.tabular import Refusal, Table, records_table
from builder.ratings.mapping import Mapping
from builder.toml import literal

_MOST_ANSWERS = 10_000
_TRUE = frozenset({"true", "on", "checked", "selected"})
_FALSE = frozenset({"false", "off", "unchecked", ""})


def expanded(table: Table, items: StudyItems, mapping: Mapping | None) -> tuple[Table, Mapping | None]:
    """The table with one answer in each cell, and the mapping as one for the result."""
    if not table.sparse:
        table = with_options(with_json(table, items, mapping), items, mapping)
    table, mapping = by_participant(table, items, mapping)
    return unpacked(table, items, mapping)


def unpacked(table: Table, items: StudyItems, mapping: Mapping | None) -> tuple[Table, Mapping | None]:
    """The table with one line for each answer of the cells that the mapping's [packed] says hold many.

    The answers of one record are in the order of its items, or of the mapping's [loops] where no column names these. A
    record whose cells hold different numbers of answers is refused. The mapping comes back as one for the result.
    """
    if not (mapping and mapping.packed):
        return table, mapping
    separator = mapping.packed.separator
    asks, item_columns = items.asks, mapping.columns.item
    if len(item_columns) > 1:
        several = f"columns.{asks.item} names several columns"
        raise RatingsError(f"{table.path}: the mapping's {several}, and [packed] takes one")
    names = [*mapping.columns.answers.values(), *item_columns]
    lists = {}
    for name in names:
        numbers = places(table, name)
        if not numbers:
            raise RatingsError(
                f"{table.path}, line {table.header_line}: no column called {literal(name)}, which the mapping names"
            )
        lists[name] = pd.Series(
            [_split(cell, separator) for cell in table.cells[numbers[0]].str.strip()], dtype="object"
        )
    if not item_columns:
        check_items(table, items, mapping)
        order = list(loop_items(items, mapping))
        lists[asks.key] = pd.Series([order] * len(table.lines), dtype="object")
    counts = pd.DataFrame({name: values.map(len) for name, values in lists.items()})
    answered = counts[names].max(axis=1).gt(0)
    at_odds = answered & counts.nunique(axis=1).gt(1)
    refused = [Refusal(int(line), ", ".join(lists), "packed cells differ in number") for line in table.lines[at_odds]]
    rows = np.flatnonzero(answered & ~at_odds)
    repeats = counts.iloc[rows, 0].to_numpy(int)
    result = _repeated(
        table,
        np.repeat(rows, repeats),
        {name: [item for row in rows for item in values.iloc[row]] for name, values in lists.items()},
    )
    columns = mapping.columns.model_copy(update={"item": (next(iter(item_columns), asks.key),)})
    loops = mapping.loops if item_columns else None  # else they are in the table now
    return (
        replace(result, refused=(*table.refused, *refused)),
        mapping.model_copy(update={"columns": columns, "packed": None, "loops": loops}),
    )


def with_json(table: Table, items: StudyItems, mapping: Mapping | None) -> Table:
    """The table with the JSON objects in its cells laid out as further columns, their paths joined by dots.

    A column counts as JSON where every cell that is not empty begins as an object or a list of objects, and a name
    within is one of the mapping's or tells of an answer; all else stays as it is. A cell with a list of several objects
    makes a line of each.

    Raises:
        RatingsError: a cell of such a column is no JSON, with the line and the column; or two columns hold lists.
    """
    laid_out: dict[int, list[list[dict[str, Any]] | None]] = {}
    notes = []
    for index in range(len(table.names)):
        if not _is_json(table.cells[index]):
            continue
        objects = [_objects(text) for text in table.cells[index]]
        broken = next((row for row, cell in enumerate(objects) if cell is None), None)
        where = f"column {literal(table.labels[index] or table.names[index])}"
        note = f"line {table.lines[broken]}: {where} is no JSON" if broken is not None else ""
        if _wanted(table, index, objects, items, mapping):
            if note:
                raise RatingsError(f"{table.path}, {note}, or no list of JSON objects")
            laid_out[index] = objects
        elif note:
            notes.append(note)
    if not laid_out:
        return replace(table, notes=(*table.notes, *notes))
    return _with_objects(table, laid_out)


def _with_objects(table: Table, laid_out: dict[int, list[list[dict[str, Any]] | None]]) -> Table:
    several = [index for index, cells in laid_out.items() if any(cell and len(cell) > 1 for cell in cells)]
    if len(several) > 1:
        names = " and ".join(literal(table.names[index]) for index in several)
        raise RatingsError(
            f"{table.path}, line {table.header_line}: the columns {names} hold lists of JSON objects; which belong "
            "together? Delete all but one from the export"
        )
    counts = [max(len(cell or ()), 1) for cell in laid_out[several[0]]] if several else [1] * len(table.lines)
    rows = np.repeat(np.arange(len(table.lines)), counts)
    result = _repeated(table, rows, {})
    for index, cells in laid_out.items():
        turns = [turn if index in several else 0 for count in counts for turn in range(count)]
        records = [_leaves(cells[row] or [], turn) for row, turn in zip(rows, turns, strict=True)]
        part = records_table(table.path, records)
        labels = tuple(f"{table.names[index]}.{name}" for name in part.names)
        result = _beside(result, replace(part, labels=labels))
    return result


def with_options(table: Table, items: StudyItems, mapping: Mapping | None) -> Table:
    """The table with each group of columns such as `x.yes` and `x.no`, or `x.1` to `x.7`, of which one is true, as one
    column `x`; where x speaks of a question or is a name of the mapping.
    """
    named = set(mapping.columns.names()) if mapping else set()
    finder: ItemFinder | None = None
    groups: dict[str, dict[str, int]] = {}
    for index, name in enumerate(table.names):
        stem, _, option = name.rpartition(".")
        if not stem or not option or name in named or not (stem in named or asks_in(stem, items.asks)):
            continue
        if table.cells[index].str.strip().str.casefold().isin(_TRUE | _FALSE).all():
            finder = finder or ItemFinder(items, {})
            if finder.find(name)[0] <= finder.find(stem)[0]:  # ...-0.5 is no option of ...-0, which names no item
                groups.setdefault(stem, {})[option] = index
    groups = {stem: options for stem, options in groups.items() if len(options) > 1}
    for stem, options in groups.items():
        marks = {option: table.cells[index].str.strip().str.casefold().isin(_TRUE) for option, index in options.items()}
        count = pd.DataFrame(marks).sum(axis=1)
        value = pd.Series("", index=table.cells.index, dtype="str")
        for option, column in marks.items():
            value = value.mask(column, option)
        value = value.mask(count.gt(1), "several")  # no answer, and refused as such
        label = table.labels[next(iter(options.values()))].rpartition(".")[0]
        part = Table(table.path, (stem,), (label,), pd.DataFrame({0: value}), table.lines)
        table = _beside(table, part)
    inner = {index for options in groups.values() for index in options.values()}
    return _without(table, inner)


def _split(cell: str, separator: str) -> list[str]:
    """The items of a packed cell, be it a JSON list."""
    if cell.startswith("["):
        with contextlib.suppress(ValueError, RecursionError):
            return [cell_text(item) for item in json.loads(cell)]
    return [item.strip() for item in cell.split(separator)] if cell else []


def _is_json(column: "pd.Series[str]") -> bool:
    filled = column[column.ne("")]
    if not len(filled) or filled.iloc[0].lstrip()[:1] not in ("{", "["):
        return False
    return bool(filled.str.lstrip().str.match(r"\{|\[\s*[\{\]]").all())


def _objects(text: str) -> list[dict[str, Any]] | None:
    """The JSON objects in a cell, None where it holds anything else."""
    if not text:
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    objects = value if isinstance(value, list) else [value]
    if len(objects) > _MOST_ANSWERS or not all(isinstance(item, dict) for item in objects):
        return None
    return objects


def _wanted(
    table: Table,
    index: int,
    objects: list[list[dict[str, Any]] | None],
    items: StudyItems,
    mapping: Mapping | None,
) -> bool:
    """Whether the names within a column of JSON are the mapping's, or tell of an answer."""
    columns = mapping.columns if mapping else Columns()
    if {table.names[index], table.labels[index]} & set(columns.names()):
        return False
    names: dict[str, None] = {}
    for cell in objects:
        for item in cell or ():
            names |= dict.fromkeys(name for name, _ in flattened(item))
            if len(names) > _MOST_ANSWERS:
                return False
    mapped = [name for name in columns.names() if not places(table, name)]
    if any(name in names or name.removeprefix(f"{table.names[index]}.") in names for name in mapped):
        return True
    finder = ItemFinder(items, mapping.items if mapping else {})
    fits = [
        name.partition(columns.placeholder) for name in mapped if columns.placeholder and columns.placeholder in name
    ]
    return any(
        long_part(name, items.asks) in items.asks.names
        or finder.find(name)[0]
        or any(name.startswith(before) and name.endswith(after) for before, _, after in fits)
        for name in names
    )


def _leaves(objects: list[dict[str, Any]], turn: int) -> dict[str, str]:
    return {name: cell_text(value) for name, value in flattened(objects[turn])} if turn < len(objects) else {}


def _repeated(table: Table, rows: Any, columns: dict[str, list[str]]) -> Table:
    """The given rows of a table, with `columns` in place of those of that name, or beside them."""
    taken = table.cells.take(rows).reset_index(drop=True)
    names = list(table.names)
    for name, values in columns.items():
        text = pd.Series([cell_text(value) for value in values], index=taken.index, dtype="str")
        if name not in names:
            names.append(name)
        taken[names.index(name)] = text
    labels = (*table.labels, *[""] * (len(names) - len(table.names)))
    return replace(table, names=tuple(names), labels=labels, cells=taken, lines=table.lines[rows])


def _beside(table: Table, part: Table) -> Table:
    joined = pd.concat([table.cells, part.cells], axis=1)
    joined.columns = pd.RangeIndex(joined.shape[1])
    return replace(table, names=table.names + part.names, labels=table.labels + part.labels, cells=joined)


def _without(table: Table, columns: set[int]) -> Table:
    keep = [index for index in range(len(table.names)) if index not in columns]
    rest = table.cells[keep]
    rest.columns = pd.RangeIndex(len(keep))
    names, labels = ([values[index] for index in keep] for values in (table.names, table.labels))
    return replace(table, names=tuple(names), labels=tuple(labels), cells=rest)
