"""The meaning of a tool's columns, as its reader declares it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A column that a tool always calls by one of `names`, best first; `where` gives the words of other columns, in
    lower case, in whose lines it counts.
    """

    names: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Meaning:
    """The meaning of a tool's columns, by keys as in a mapping's [columns].

    `participants` are the ids that the tool gives, best first, each the names of the columns that make it up, after
    those that name the participant in any export; `facts_by_name`: whether a column called as a fact is one;
    `events` and `one_clock` as of Layout.
    """

    columns: Mapping[str, Column] = field(default_factory=dict)
    participants: Sequence[tuple[str, ...]] = ()
    facts_by_name: bool = True
    events: bool = False
    one_clock: bool = False
