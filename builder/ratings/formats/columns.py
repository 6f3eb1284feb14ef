"""The columns of a table that a tool's declaration or a mapping names."""

from collections.abc import Sequence

from builder.errors import RatingsError
from builder.ratings.formats.meaning import Column
from builder.ratings.formats.slots import Source, Where
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.toml import literal


def declared(table: Table, column: Column | None) -> Source | None:
    """The source that a tool's own column is, None where the table has none of that name."""
    for name in column.names if column else ():
        index = table.index(name)
        if index is not None and column is not None:
            beside = {other: table.index(other) for other in column.where}
            if None in beside.values():
                return None
            filters = [Where(at, frozenset(column.where[o])) for o, at in beside.items() if at is not None]
            return Source(index, tuple(filters))
    return None


def mapped(table: Table, mapping: Mapping, key: str, name: str) -> Source | None:
    """The source that a key of the mapping names; None where a sparse table has no such name."""
    if table.sparse and not places(table, name):
        return None
    return Source(index_of(table, key, name), filters_of(table, mapping, key))


def filters_of(table: Table, mapping: Mapping, key: str) -> tuple[Where, ...]:
    """The lines in which the mapping says that what a key names counts."""
    return tuple(
        Where(index_of(table, f"where.{key}.{name}", name, ""), frozenset(word.strip().casefold() for word in words))
        for name, words in mapping.where.get(key, {}).items()
    )


def places(table: Table, name: str) -> list[int]:
    """The columns of a name as it stands in a mapping, by name or else by label."""
    numbers = [index for index, other in enumerate(table.names) if other == name.strip()]
    return numbers or [index for index, label in enumerate(table.labels) if label == name.strip()]


def columns_of_patterns(table: Table, mapping: Mapping) -> list[tuple[int, str, str]]:
    """The columns that fit the mapping's patterns: number, part, and what stands in the place of the placeholder."""
    placeholder = mapping.columns.placeholder
    if not placeholder:
        return []
    matches = []
    for part, pattern in mapping.columns.answers.items():
        before, _, after = pattern.partition(placeholder)
        for index, name in enumerate(table.names):
            inner = name[len(before) : len(name) - len(after)]
            if placeholder in pattern and inner and name == f"{before}{inner}{after}":
                matches.append((index, part, inner))
    return matches


def index_of(table: Table, key: str, name: str, prefix: str = "columns.") -> int:
    """The number of a column that the mapping names.

    Raises:
        RatingsError: there is none of that name, or several that differ.
    """
    numbers = places(table, name)
    if numbers and all(table.cells[at].equals(table.cells[numbers[0]]) for at in numbers[1:]):
        return numbers[0]
    raise RatingsError(no_column(table, key, name, prefix, len(numbers)))


def no_column(table: Table, key: str, name: str, prefix: str = "columns.", count: int = 0) -> str:
    """The error about a column that the mapping names, where there is none, or several that differ."""
    met = "no column" if not count else f"{count} columns"
    return (
        f"{table.path}, line {table.header_line}: {met} called {literal(name)} (the mapping's {prefix}{key}); columns "
        f"met: {few(table.names)}"
    )


def few(names: Sequence[str], most: int = 12) -> str:
    """The first of some names, for a message."""
    return ", ".join(map(literal, names[:most])) + (", ..." if len(names) > most else "") or "none"
