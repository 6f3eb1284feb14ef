"""The item that a cell names: by its id, by a name of the mapping, or within a text."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from builder.ratings.export import StudyItems
from builder.ratings.formats.names import ItemFinder
from builder.ratings.formats.slots import Slot
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping

LONGEST, _MOST_TEXTS = 1000, 50_000
"""An item is looked for within texts of so many characters, and within so many different ones."""


def item_names(
    table: Table,
    slots: Sequence[Slot],
    records: "np.ndarray[Any, Any]",
    places: "np.ndarray[Any, Any]",
    items: StudyItems,
    mapping: Mapping | None,
) -> "pd.Series[str]":
    """The item of each answered place: that of its slot, or what the record says in the slot's columns.

    A cell that names no item of the study stays as it is. The cells of several columns are joined with a space.
    """
    by_slot = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[by_slot], np.arange(len(slots) + 1))
    named = _naming(items, mapping)
    parts = []
    for slot, first, last in zip(slots, bounds[:-1], bounds[1:], strict=True):
        if isinstance(slot.item, str):
            parts.append(pd.Series(slot.item, index=range(last - first), dtype="str"))
        else:
            rows = records[by_slot[first:last]]
            cells = [table.cells[index].str.strip().take(rows) for index in slot.item]
            text = cells[0].str.cat(pd.concat(cells[1:], axis=1), sep=" ").str.strip() if len(cells) > 1 else cells[0]
            codes, values = pd.factorize(text)
            meant = pd.array([*named(list(map(str, values))), ""], "str")
            parts.append(pd.Series(meant[codes]))
    back = np.empty_like(by_slot)
    back[by_slot] = np.arange(len(by_slot))
    return pd.concat(parts, ignore_index=True).take(back).reset_index(drop=True)


def _naming(items: StudyItems, mapping: Mapping | None) -> Callable[[list[str]], list[str]]:
    """The part of a text that tells which item it names."""
    aliases = dict(mapping.items) if mapping else {}
    ids = set(items.ids())
    pattern = re.compile(mapping.item_pattern) if mapping and mapping.item_pattern else None

    def named(texts: list[str]) -> list[str]:
        meant = [inner(text, pattern) if pattern else text for text in texts]
        meant = [aliases.get(text, text) for text in meant]
        unknown = [text for text in meant if text and text not in ids and len(text) <= LONGEST]
        if not unknown or not ids or len(unknown) > _MOST_TEXTS:
            return meant
        finder = ItemFinder(items, {})
        within = {text: met for text in unknown if len(met := finder.find(text)[0]) == 1}
        return [next(iter(within[text])) if text in within else text for text in meant]

    return named


def inner(text: str, pattern: "re.Pattern[str]") -> str:
    """The text in the pattern's group; the whole text where it does not fit."""
    match = pattern.search(text[:LONGEST])
    return match[1] or text if match else text
