"""The figures in the card's tables, from the tables that go out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from builder.publish.layout import Part, Table
from builder.tables import TableSpec
from loading_script.tables import DEMOGRAPHICS, FLAGS, SOURCES, answers_in

NOT_SAID = "not stated, or withheld"


@dataclass(frozen=True)
class Raters:
    """The raters of a source: how many of each value, in order of the values.

    answers: to each question, where some ratings do not answer each of them; else empty.
    """

    source: str
    ratings: int
    answers: dict[str, int]
    participants: int
    groups: dict[str, dict[str, int]]
    flags: dict[str, int]
    minutes: float | None


def counts(tables: Mapping[Part, Table], specs: Sequence[TableSpec]) -> list[tuple[str, str, int]]:
    """(table, split, rows) of all that is published, in the order of `specs`."""
    order = [spec.name for spec in specs]
    rows: Counter[tuple[str, str]] = Counter()
    for part, table in tables.items():
        rows[part.table, part.split] += table.rows
    return [(*place, rows[place]) for place in sorted(rows, key=lambda place: order.index(place[0]))]


def raters(ratings: pa.Table, participants: pa.Table) -> list[Raters]:
    """The raters of each source that has ratings."""
    items = []
    for source in SOURCES:
        ours = ratings.filter(pc.equal(ratings["source"], source))
        count = ours.num_rows
        answers = {name: count - ours[name].null_count for name in answers_in(ours.schema)}
        people = participants.filter(pc.equal(participants["source"], source))
        durations = people["duration_s"].drop_null().to_pylist()
        flags = Counter(flag for flags in people["flags"].to_pylist() for flag in flags or ())
        if count:
            items.append(
                Raters(
                    source=source,
                    ratings=count,
                    answers=answers if set(answers.values()) != {count} else {},
                    participants=people.num_rows,
                    groups={column: _sizes(people[column]) for column in DEMOGRAPHICS},
                    flags={flag: flags[flag] for flag in FLAGS if flags[flag]},
                    minutes=median(durations) / 60 if durations else None,
                )
            )
    return items


def _sizes(column: pa.ChunkedArray) -> dict[str, int]:
    sizes = Counter(value or NOT_SAID for value in column.to_pylist())
    return dict(sorted(sizes.items(), key=lambda item: (item[0] == NOT_SAID, item[0])))
