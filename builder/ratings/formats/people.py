"""Tables with a column for each person, made into tables with a line for each answer."""

from dataclasses import replace

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.column_keys import PARTICIPANT
from builder.ratings.export import StudyItems
from builder.ratings.formats.columns import columns_of_patterns, few, index_of
from builder.ratings.formats.names import item_columns
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.toml import literal

PERSON = f"{PARTICIPANT} of the column"
"""The column of the result with the person."""


def by_participant(table: Table, items: StudyItems, mapping: Mapping | None) -> tuple[Table, Mapping | None]:
    """The table with one line for each person of whom a line has columns, by the mapping's patterns for these.

    An answer is in a column called as its pattern. Of the other columns
    those are kept that name the item or that the mapping names: all else is of no one person. The mapping comes back as
    one for the result.

    Raises:
        RatingsError: a pattern fits no column; two fit one, or two columns one pattern for the same person; the mapping
            names a column that is not there.
    """
    if not (mapping and mapping.columns.placeholder == PARTICIPANT):
        return table, mapping
    columns = mapping.columns
    of_line = _of_the_line(table, items, mapping)
    people: dict[str, dict[str, int]] = {}
    for index, part, name in columns_of_patterns(table, mapping):
        if index in of_line.values():
            continue
        before = people.setdefault(name, {}).setdefault(part, index)
        if before != index or list(people[name].values()).count(index) > 1:
            raise RatingsError(
                f"{table.path}, line {table.header_line}: column {index + 1}, {literal(table.names[index])}, has "
                f"no one meaning by the mapping's patterns with {PARTICIPANT}; make these longer"
            )
    patterns = {part: pattern for part, pattern in columns.answers.items() if PARTICIPANT in pattern}
    for part, pattern in patterns.items():
        if not any(part in parts for parts in people.values()):
            raise RatingsError(
                f"{table.path}, line {table.header_line}: no column fits the mapping's columns.{part} = "
                f"{literal(pattern)}, with a person in the place of {PARTICIPANT}; columns met: {few(table.names)}"
            )
    return _long_table(table, of_line, people, patterns), mapping.model_copy(
        update={"columns": columns.model_copy(update={"participant": PERSON, "placeholder": ""})}
    )


def _of_the_line(table: Table, items: StudyItems, mapping: Mapping) -> dict[str, int]:
    """The columns of a line that say the same for every person in it, by name."""
    asks, columns = items.asks, mapping.columns
    of_line = {key: name for key, name in columns.answers.items() if PARTICIPANT not in name}
    indices = {name: index_of(table, asks.item, name) for name in columns.item}
    indices |= {name: index_of(table, key, name) for key, name in of_line.items()}
    for key, filters in mapping.where.items():
        indices |= {name: index_of(table, f"where.{key}.{name}", name, "") for name in filters}
    by_name = {name: table.index(name) for name in item_columns(asks)} if not columns.item else {}
    return indices | {name: index for name, index in by_name.items() if index is not None}


def _long_table(
    table: Table, of_line: dict[str, int], people: dict[str, dict[str, int]], patterns: dict[str, str]
) -> Table:
    """The columns `kept` and those of people, below each other: a record after the other, in it person after person."""
    rows, count = len(table.lines), len(people)
    order = np.arange(rows * count).reshape(count, rows).T.ravel()
    nothing = pd.Series("", index=range(rows), dtype="str")
    columns = {name: [table.cells[index]] * count for name, index in of_line.items()}
    columns[PERSON] = [pd.Series(name, index=range(rows), dtype="str") for name in people]
    for part, pattern in patterns.items():
        columns[pattern] = [table.cells[parts[part]] if part in parts else nothing for parts in people.values()]
    cells = {
        number: pd.concat(parts, ignore_index=True).take(order).reset_index(drop=True)
        for number, parts in enumerate(columns.values())
    }
    names = tuple(columns)
    return replace(
        table, names=names, labels=("",) * len(names), cells=pd.DataFrame(cells), lines=np.repeat(table.lines, count)
    )
