"""Tables whose cells hold more than one answer, made into tables with one in each cell."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import StudyPairs
from builder.ratings.formats import cells
from builder.ratings.formats.layout import loop_pairs
from builder.ratings.formats.tabular import Refusal, Table, cell_text, flattened, records_table
from builder.ratings.mapping import Mapping

_MOST_ANSWERS = 10_000
_TRUE = frozenset({"true", "on", "checked", "selected"})


def unpacked(table: Table, pairs: StudyPairs, mapping: Mapping | None) -> tuple[Table, Mapping | None]:
    """The table with one line for each answer of the cells that the mapping's [packed] says hold many.

    The answers of one record are in the order of its pairs, or of the mapping's [loops] where no column names these. A
    record whose cells hold different numbers of answers is refused. The mapping comes back as one for the result.
    """
    if not (mapping and mapping.packed):
        return table, mapping
    separator = mapping.packed.separator
    names = list(mapping.columns.answers().values()) + ([mapping.columns.pair] if mapping.columns.pair else [])
    lists = {}
    for name in names:
        column = table.column(name)
        if column is None:
            raise RatingsError(f"{table.path}, line {table.header_line}: no column called {json.dumps(name)}")
        lists[name] = pd.Series([_split(cell, separator) for cell in column.str.strip()], dtype="object")
    if not mapping.columns.pair:
        order = list(loop_pairs(pairs, mapping))
        lists["pair_id"] = pd.Series([order] * len(table.lines), dtype="object")
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
    columns = mapping.columns.model_copy(update={"pair": mapping.columns.pair or "pair_id"})
    return (
        replace(result, refused=(*table.refused, *refused)),
        mapping.model_copy(update={"columns": columns, "packed": None}),
    )


def with_json(table: Table) -> Table:
    """The table with the JSON objects in its cells laid out as further columns, their paths joined by dots.

    A cell with a list of several objects makes a line of each. A column counts as JSON where every cell that is not
    empty begins as an object or a list of objects.

    Raises:
        RatingsError: a cell of such a column is no JSON, with the line and the column; or two columns hold lists.
    """
    columns = [index for index in range(len(table.names)) if _is_json(table.cells[index])]
    if not columns:
        return table
    objects = {index: [_objects(table, row, index) for row in range(len(table.lines))] for index in columns}
    several = [index for index in columns if any(len(cell) > 1 for cell in objects[index])]
    if len(several) > 1:
        names = " and ".join(json.dumps(table.names[index]) for index in several)
        raise RatingsError(
            f"{table.path}, line {table.header_line}: the columns {names} hold lists of JSON objects; which belong "
            "together? Delete all but one from the export"
        )
    counts = [max(len(cell), 1) for cell in objects[several[0]]] if several else [1] * len(table.lines)
    rows = np.repeat(np.arange(len(table.lines)), counts)
    result = _repeated(table, rows, {})
    for index in columns:
        turns = [turn if index in several else 0 for count in counts for turn in range(count)]
        records = [_leaves(objects[index][row], turn) for row, turn in zip(rows, turns, strict=True)]
        result = _beside(result, records_table(table.path, records))
    return result


def with_options(table: Table) -> Table:
    """The table with each group of columns such as `x.yes` and `x.no`, one of them true, as one column `x`."""
    groups: dict[str, dict[str, int]] = {}
    for index, name in enumerate(table.names):
        stem, _, option = name.rpartition(".")
        if stem and option.casefold() in cells.YES | cells.NO:
            groups.setdefault(stem, {})[option] = index
    groups = {stem: options for stem, options in groups.items() if len(options) > 1}
    for stem, options in groups.items():
        chosen = {
            option: table.cells[index].str.strip().str.casefold().isin(_TRUE) for option, index in options.items()
        }
        count = pd.DataFrame(chosen).sum(axis=1)
        value = pd.Series("", index=table.cells.index, dtype="str")
        for option, column in chosen.items():
            value = value.mask(column, option)
        value = value.mask(count.gt(1), "several")  # neither yes nor no, and refused as such
        part = Table(table.path, (stem,), ("",), pd.DataFrame({0: value}), table.lines)
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
    filled = column[column.ne("")].str.lstrip()
    return bool(len(filled)) and bool(filled.str.match(r"\{|\[\s*[\{\]]").all())


def _objects(table: Table, row: int, index: int) -> list[dict[str, Any]]:
    """The JSON objects in a cell."""
    text = table.cells[index].iloc[row]
    if not text:
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RatingsError(
            f"{table.path}, line {table.lines[row]}: column {json.dumps(table.names[index])} is no JSON: {error}"
        ) from error
    objects = value if isinstance(value, list) else [value]
    if len(objects) > _MOST_ANSWERS or not all(isinstance(item, dict) for item in objects):
        raise RatingsError(
            f"{table.path}, line {table.lines[row]}: column {json.dumps(table.names[index])} is no list of JSON objects"
        )
    return objects


def _leaves(objects: list[dict[str, Any]], turn: int) -> dict[str, str]:
    return dict(flattened(objects[turn])) if turn < len(objects) else {}


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
    kept = table.cells[keep]
    kept.columns = pd.RangeIndex(len(keep))
    names, labels = ([values[index] for index in keep] for values in (table.names, table.labels))
    return replace(table, names=tuple(names), labels=tuple(labels), cells=kept)
