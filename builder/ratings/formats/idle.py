"""The keys of a mapping that say nothing of a table; of another file of the same call they may."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict

from builder.ratings.export import StudyItems
from builder.ratings.formats.items import LONGEST, inner
from builder.ratings.formats.slots import Slot, Source
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.tasks import Questionnaire, Scale

_NUMBERS = {"response_time_ms", "response_time_s", "position", "duration_s"}
"""Keys of [columns] whose cells are numbers, beside the questions on a scale."""


def idle_keys(
    table: Table, items: StudyItems, mapping: Mapping, slots: Sequence[Slot], facts: Dict[str, Source], looped: bool
) -> tuple[str, ...]:
    """The keys, as they stand in the mapping's file, that say nothing of a table with these slots and facts.

    `looped`: whether a column of it is of a loop.
    """
    asks = items.asks
    named = {slot.key(part) for slot in slots for part in slot.parts} | facts.keys()
    return (*_without_column(mapping, named, asks), *_of_items(table, mapping, slots, looped, asks))


def _without_column(mapping: Mapping, named: set[str], asks: Questionnaire) -> Iterator[str]:
    """The keys that say something of cells of which the table has no column."""
    yield from (f"columns.{key}" for key in mapping.columns.facts if key not in named)
    yield from (f"where.{key}" for key in mapping.where if key not in named)
    yield from (key for key in (*mapping.scales, *mapping.words, *mapping.options) if key not in named)
    scales = {question.name for question in asks.questions if isinstance(question, Scale)}
    if mapping.decimal_comma is not None and named.isdisjoint(_NUMBERS | scales):
        yield "decimal_comma"
    if "rated_at" not in named:
        yield from (key for key in ("time_zone", "dates") if getattr(mapping, key) is not None)


def _of_items(
    table: Table, mapping: Mapping, slots: Sequence[Slot], looped: bool, asks: Questionnaire
) -> Iterator[str]:
    """The keys that say something of items which no column and no cell names so."""
    if mapping.loops and not looped:
        yield "loops"
    if mapping.item_pattern is None and not mapping.items:
        return
    pattern = re.compile(mapping.item_pattern) if mapping.item_pattern is not None else None
    columns = {slot.item for slot in slots if not isinstance(slot.item, str)}
    texts = {text for each in columns for text in _texts(table, each)}
    if pattern and not any(pattern.search(text[:LONGEST]) for text in texts):
        yield f"{asks.item}_pattern"
    names = {inner(text, pattern) for text in texts} if pattern else texts
    answered = {slot.item for slot in slots}
    headers = "\n".join((*table.names, *table.labels)).casefold()
    for name, item in mapping.items.items():
        if name not in names and not (item in answered and name.casefold() in headers):
            yield f"{asks.table}.{name}"


def _texts(table: Table, columns: tuple[int, ...]) -> list[str]:
    """The different texts of these columns, joined with spaces."""
    texts, *others = (table.cells[index].str.strip() for index in columns)
    for each in others:
        texts = texts + " " + each
    return [str(text).strip() for text in texts.unique()]
