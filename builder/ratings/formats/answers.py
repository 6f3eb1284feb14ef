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
from builder.study import shown

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
    lines = table.lines[records]
    column_of = np.array([_column(table, slot) for slot in layout.slots], object)
    pair_ids = _pairs_of(table, layout.slots, records, slots)
    frame = pd.DataFrame({"line": lines, "column": column_of[slots], "pair_id": pair_ids})
    frame["participant"] = ids.take(records).array
    said = {part: ~cells.missing(texts[part], missing) for part in texts}
    frame["similarity"] = cells.numbers(texts["similarity"], table.comma).array
    frame["identity"] = cells.answers(texts["identity"], mapping).array
    unit = np.array([slot.unit_ms for slot in layout.slots])[slots]
    frame["response_time_ms"] = cells.numbers(texts["response_time_ms"], table.comma) * unit
    position = cells.numbers(texts["position"], table.comma)
    frame["position"] = position.where((position % 1 == 0) & position.between(0, 2**31)).astype("Int64")
    frame["rated_at"], untimed = cells.times(texts["rated_at"], mapping.time_zone if mapping else None)
    spoilt = {
        "similarity": said["similarity"] & frame["similarity"].isna(),
        "identity": said["identity"] & frame["identity"].isna(),
    }
    _any_understood(table, texts, said, spoilt)
    damaged = spoilt["similarity"] & cells.damaged(texts["similarity"])
    without = frame["pair_id"].isna() | frame["pair_id"].eq("")
    reasons = [
        (without, "no pair"),
        (damaged, "damaged by a spreadsheet"),
        (spoilt["similarity"], "similarity is no number"),
        (spoilt["identity"], "identity is neither yes nor no"),
        (said["response_time_ms"] & frame["response_time_ms"].isna(), _KEPT),
        (said["position"] & frame["position"].isna(), _KEPT),
        (untimed, _KEPT),
    ]
    refused, seen = [], pd.Series(False, index=frame.index)
    for where, reason in reasons:
        rows = frame[where & ~seen]
        refused.append(refusals(rows["line"], rows["column"], reason, rows["pair_id"]))  # type: ignore[arg-type]
        seen |= where
    kept = ~(without | spoilt["similarity"] | spoilt["identity"])
    return typed(frame[kept], RATING_COLUMNS), pd.concat(refused)


def _gathered(
    table: Table, slots: Sequence[Slot], ids: "pd.Series[str]", missing: frozenset[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], dict[str, "pd.Series[str]"]]:
    """The answered places: the record and the slot of each, record by record, and their texts."""
    count = len(table.lines)
    nothing = pd.Series("", index=range(count), dtype="str")

    def stacked(part: str) -> "pd.Series[str]":
        columns = [table.cells[slot.columns[part]] if part in slot.columns else nothing for slot in slots]
        return pd.concat(columns, ignore_index=True)

    known = np.tile(ids.ne("").to_numpy(bool), len(slots))
    texts = {part: stacked(part) for part in ("similarity", "identity")}
    answered = np.logical_or(*(~cells.missing(text, missing).to_numpy(bool) for text in texts.values())) & known
    places = np.flatnonzero(answered)
    places = places[np.argsort(places % max(count, 1), kind="stable")]
    texts = {part: text.take(places).reset_index(drop=True) for part, text in texts.items()}
    for part in ("response_time_ms", "position", "rated_at"):
        if any(part in slot.columns for slot in slots):
            texts[part] = stacked(part).take(places).reset_index(drop=True)
        else:
            texts[part] = pd.Series("", index=range(len(places)), dtype="str")
    return places % max(count, 1), places // max(count, 1), texts


def _column(table: Table, slot: Slot) -> str:
    """The name of the column that stands for a slot."""
    return table.names[slot.columns.get("similarity", slot.columns.get("identity", 0))]


def _pairs_of(table: Table, slots: Sequence[Slot], records: Any, places: Any) -> "pd.Series[str]":
    """The pair of each answered place: that of its slot, or what the record says in the slot's column."""
    by_slot = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[by_slot], np.arange(len(slots) + 1))
    parts = []
    for slot, first, last in zip(slots, bounds[:-1], bounds[1:], strict=True):
        if isinstance(slot.pair, int):
            parts.append(table.cells[slot.pair].str.strip().take(records[by_slot[first:last]]))
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
