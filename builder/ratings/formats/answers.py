"""From a table and its layout to an export; columns at a time, for a survey may bring a million answers."""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import (
    PARTICIPANT_COLUMNS,
    RATING_COLUMNS,
    REFUSED_COLUMNS,
    Export,
    ReaderReason,
    StudyPairs,
    typed,
)
from builder.ratings.formats import cells
from builder.ratings.formats.layout import Layout, Slot, layout_of
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.toml import shown

_PARTS = ("similarity", "identity", "response_time_ms", "position", "rated_at")
_MOST_AT_ONCE = 500_000
"""Cells of one part that are looked at together, answered or not: a study of many batches has mostly empty ones."""

_MOST = 2**31 - 1
"""Of a response time in ms and of a position: what the table ratings can hold."""

_KEPT: ReaderReason = "detail not readable, the rest is kept"


def export_of(
    table: Table,
    pairs: StudyPairs,
    mapping: Mapping | None,
    participants: Sequence[tuple[str, ...]] = (),
    facts: Dict[str, str] | None = None,
    missing: frozenset[str] = frozenset(),
) -> Export:
    """The export in a table, by the names of its columns and the mapping.

    Args:
        table: The table, without previews and tests.
        pairs: The pairs of the study.
        mapping: What the table does not say.
        participants: The platform's ids of a participant, best first, each the names of the columns that make it up.
        facts: The platform's names of columns for keys of FACTS.
        missing: What the platform writes where there is no answer, in lower case.

    Raises:
        RatingsError: as `layout_of`; or no answer is a number, or none is yes or no.
    """
    return extracted(table, layout_of(table, pairs, mapping, participants, facts or {}), mapping, missing)


def extracted(table: Table, layout: Layout, mapping: Mapping | None, missing: frozenset[str] = frozenset()) -> Export:
    """The export in a table of a known layout; as `export_of`."""
    ids, refused = _ids(table, layout)
    ratings, more = _ratings(table, layout, ids, mapping, missing)
    participants, most = _participants(table, layout, ids, missing)
    noted = pd.DataFrame([asdict(refusal) for refusal in (*table.refused, *layout.refused)])
    everything = pd.concat([typed(frame, REFUSED_COLUMNS) for frame in (noted, refused, more, most)])
    return Export(ratings, participants, typed(everything.sort_values("line", kind="stable"), REFUSED_COLUMNS))


def refusals(lines: Any, column: Any, reason: ReaderReason, pair_id: Any = pd.NA) -> pd.DataFrame:
    """Rows of `Export.refused`."""
    return pd.DataFrame({"line": lines, "column": column, "pair_id": pair_id, "reason": reason})


def _ids(table: Table, layout: Layout) -> tuple["pd.Series[str]", pd.DataFrame]:
    """The participant of each record, "" where it is unknown, and why."""
    parts = [table.cells[index].str.strip() for index in layout.participant]
    ids = parts[0]
    for part in parts[1:]:
        ids = ids.str.cat(part, sep="/").where(ids.ne(""), "")
    bad = cells.damaged_id(parts[0])
    names = "/".join(table.names[index] for index in layout.participant)
    refused = pd.concat(
        [
            refusals(table.lines[bad], names, "damaged by a spreadsheet"),
            refusals(table.lines[ids.eq("")], names, "no participant"),
        ]
    )
    return ids.mask(bad, ""), refused


def _ratings(
    table: Table, layout: Layout, ids: "pd.Series[str]", mapping: Mapping | None, missing: frozenset[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ratings, record by record, and the cells that are none."""
    if not layout.slots:
        return typed(pd.DataFrame(), RATING_COLUMNS), pd.DataFrame()
    records, slots, texts = _gathered(table, layout.slots, ids, missing)
    columns = {part: _columns(table, layout.slots, part) for part in texts}
    frame = pd.DataFrame({"line": table.lines[records], "column": columns["similarity"][slots]})
    frame["pair_id"] = _pairs_of(table, layout.slots, records, slots, mapping.pairs if mapping else {})
    frame["participant"] = ids.take(records).array
    said = {part: ~cells.missing(texts[part], missing) for part in texts}
    frame["similarity"] = cells.numbers(texts["similarity"], table.comma).array
    frame["identity"] = cells.answers(texts["identity"], mapping).array
    unit = np.array([slot.unit_ms for slot in layout.slots])[slots]
    response_time = cells.numbers(texts["response_time_ms"], table.comma) * unit
    frame["response_time_ms"] = response_time.where(response_time.between(0, _MOST))
    position = cells.numbers(texts["position"], table.comma)
    frame["position"] = position.where((position % 1 == 0) & position.between(0, _MOST)).astype("Int64")
    frame["rated_at"], untimed = cells.times(texts["rated_at"], mapping.time_zone if mapping else None)
    spoilt = {
        "similarity": said["similarity"] & frame["similarity"].isna(),
        "identity": said["identity"] & frame["identity"].isna(),
    }
    _any_understood(table, texts, said, spoilt)
    damaged = spoilt["similarity"] & cells.damaged(texts["similarity"])
    without = frame["pair_id"].isna() | frame["pair_id"].eq("")
    reasons: list[tuple[pd.Series[bool], str, ReaderReason]] = [
        (without, "similarity", "no pair"),
        (damaged, "similarity", "damaged by a spreadsheet"),
        (spoilt["similarity"], "similarity", "similarity is no number"),
        (spoilt["identity"], "identity", "identity is neither yes nor no"),
        (said["response_time_ms"] & frame["response_time_ms"].isna(), "response_time_ms", _KEPT),
        (said["position"] & frame["position"].isna(), "position", _KEPT),
        (untimed, "rated_at", _KEPT),
    ]
    refused, seen = [], pd.Series(False, index=frame.index)
    for where, part, reason in reasons:
        rows = np.flatnonzero(where & ~seen)
        chosen = frame.iloc[rows]
        refused.append(refusals(chosen["line"], columns[part][slots[rows]], reason, chosen["pair_id"]))
        seen |= where
    kept = ~(without | spoilt["similarity"] | spoilt["identity"])
    return typed(frame[kept], RATING_COLUMNS), pd.concat(refused)


def _gathered(
    table: Table, slots: Sequence[Slot], ids: "pd.Series[str]", missing: frozenset[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], dict[str, "pd.Series[str]"]]:
    """The answered places: the record and the slot of each, record by record, and their texts."""
    count = max(len(table.lines), 1)
    step = max(_MOST_AT_ONCE // count, 1)
    records, numbers = [], []
    texts: dict[str, list[pd.Series[str]]] = {part: [] for part in _PARTS}
    for first in range(0, len(slots), step):
        some = slots[first : first + step]
        stacked = {part: _stacked(table, some, part) for part in ("similarity", "identity")}
        said = [~cells.missing(text, missing).to_numpy(bool) for text in stacked.values()]
        places = np.flatnonzero((said[0] | said[1]) & np.tile(ids.ne("").to_numpy(bool), len(some)))
        records.append(places % count)
        numbers.append(places // count + first)
        for part in _PARTS:
            text = stacked[part] if part in stacked else _stacked(table, some, part)
            texts[part].append(text.take(places))
    order = np.argsort(np.concatenate(records), kind="stable")
    sorted_texts = {part: pd.concat(found).take(order).reset_index(drop=True) for part, found in texts.items()}
    return np.concatenate(records)[order], np.concatenate(numbers)[order], sorted_texts


def _stacked(table: Table, slots: Sequence[Slot], part: str) -> "pd.Series[str]":
    """The cells of a part of the answers, slot after slot; "" where a slot has no such column."""
    nothing = pd.Series("", index=range(len(table.lines)), dtype="str")
    if not any(part in slot.columns for slot in slots):
        return pd.Series("", index=range(len(table.lines) * len(slots)), dtype="str")
    columns = [table.cells[slot.columns[part]] if part in slot.columns else nothing for slot in slots]
    return pd.concat(columns, ignore_index=True)


def _columns(table: Table, slots: Sequence[Slot], part: str) -> np.ndarray[Any, Any]:
    """The name of the column of a part of an answer in each slot; that of the other answer where there is none."""
    instead = ("similarity", "identity")
    numbers = (next(slot.columns[name] for name in (part, *instead) if name in slot.columns) for slot in slots)
    return np.array([table.names[number] for number in numbers], object)


def _pairs_of(
    table: Table, slots: Sequence[Slot], records: Any, places: Any, aliases: Dict[str, str]
) -> "pd.Series[str]":
    """The pair of each answered place: that of its slot, or what the record says in the slot's column."""
    by_slot = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[by_slot], np.arange(len(slots) + 1))
    parts = []
    for slot, first, last in zip(slots, bounds[:-1], bounds[1:], strict=True):
        if isinstance(slot.pair, int):
            said = table.cells[slot.pair].str.strip().take(records[by_slot[first:last]])
            parts.append(said.map(dict(aliases)).fillna(said).astype("str") if aliases else said)
        else:
            parts.append(pd.Series(slot.pair, index=range(last - first), dtype="str"))
    back = np.empty_like(by_slot)
    back[by_slot] = np.arange(len(by_slot))
    return pd.concat(parts, ignore_index=True).take(back).reset_index(drop=True)


def _any_understood(
    table: Table,
    texts: dict[str, "pd.Series[str]"],
    said: dict[str, "pd.Series[bool]"],
    spoilt: dict[str, "pd.Series[bool]"],
) -> None:
    """Refuses the file where not a single answer can be read: then it is not a cell that is wrong, but the reading."""
    hints = {
        "similarity": "similarities are numbers from 0 to 100; where the comma is decimal, say so in a mapping: "
        "decimal_comma = true",
        "identity": 'say in a mapping which mean the same person: [identity] yes = ["..."], no = ["..."]',
    }
    for part, hint in hints.items():
        if spoilt[part].any() and bool((spoilt[part] == said[part]).all()):
            met = texts[part][spoilt[part]].value_counts().head(5)
            words = ", ".join(f"{shown(word)} ({count} times)" for word, count in met.items())
            raise RatingsError(f"{table.path}: no {part} is understood; met {words}; {hint}")


def _participants(
    table: Table, layout: Layout, ids: "pd.Series[str]", missing: frozenset[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row for each participant, with what all rows that say something agree on."""
    known = ids.ne("").to_numpy(bool)
    frame = pd.DataFrame({"line": table.lines[known], "participant": ids[known].array})
    refused = []
    for key, index in layout.facts.items():
        text = table.cells[index].str.strip()[known].reset_index(drop=True)
        absent = text.eq("") | text.str.casefold().isin(missing | {"n/a"})
        if key == "duration_s":
            read = cells.numbers(text, table.comma)
            bad = ~absent & (read.isna() | read.lt(0)) & ~cells.missing(text)
            refused.append(refusals(frame["line"][bad], table.names[index], _KEPT))
            frame[key] = read.mask(read.lt(0)).astype("Float64")
        else:
            frame[key] = text.mask(absent)
    said = [key for key in layout.facts if key in frame]
    grouped = frame.groupby("participant", sort=False)
    first = grouped.first().reset_index()
    if len(first) < len(frame):
        for key in said:
            various = grouped[key].nunique().gt(1)
            at_odds = first["participant"].map(various).to_numpy(bool)
            refused.append(
                refusals(first["line"][at_odds], table.names[layout.facts[key]], "details differ between rows")
            )
            first[key] = first[key].mask(at_odds)
    return typed(first, PARTICIPANT_COLUMNS), pd.concat([*refused, refusals([], [], _KEPT)])
