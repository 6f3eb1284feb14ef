"""The way from a table and its layout to an export; columns at a time, for a survey may bring a million answers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, assert_never

import numpy as np
import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import (
    Export,
    StudyItems,
    no_item,
    not_read,
    participant_columns,
    rating_columns,
    refused_columns,
    stacked,
    typed,
)
from builder.ratings.formats import cells
from builder.ratings.formats.items import item_names
from builder.ratings.formats.slots import Layout, Slot, Source, cells_of, counting
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo
from builder.toml import literal
from loading_script.tables import SIDES

Texts = dict[str, "pd.Series[str]"]
Numbers = np.ndarray[Any, Any]
Marks = np.ndarray[Any, np.dtype[np.bool_]]

_MOST_AT_ONCE = 500_000
"""Cells of one part that are looked at together, answered or not: a study of many batches has mostly empty ones."""

_MOST = 2**31 - 1
"""Largest response time in ms and position: what the table ratings can hold."""

_KEPT = "detail not readable, the rest is kept"


def extracted(
    table: Table,
    layout: Layout,
    mapping: Mapping | None,
    missing: frozenset[str],
    items: StudyItems,
) -> Export:
    """The export in a table of a known layout.

    Args:
        table: The table, without previews and tests.
        layout: What its columns hold.
        mapping: What the cells mean, where they do not say it.
        missing: What the platform writes where there is no answer, in lower case.
        items: The items of the study, for cells that name theirs within a text, and what is asked of each.

    Raises:
        RatingsError: of no answer to a question can be read what it says.
    """
    asks = items.asks
    ids, refused = _ids(table, layout, asks)
    ratings, more, answered = _ratings(table, layout, ids, mapping, missing, items)
    participants, most = _participants(table, layout, ids, missing, answered, asks)
    noted = pd.DataFrame([asdict(refusal) for refusal in (*table.refused, *layout.refused)])
    noted = noted.rename(columns={"item_id": asks.key})
    parts = [typed(frame, refused_columns(asks)) for frame in (noted, refused, more, most) if len(frame)]
    everything = stacked(parts or [_none(asks)]).sort_values("line", kind="stable", ignore_index=True)
    return Export(joined(ratings, asks, layout.one_clock), participants, everything, absent=layout.absent)


def joined(ratings: pd.DataFrame, asks: Questionnaire, one_clock: bool = False) -> pd.DataFrame:
    """The ratings, with those joined of one participant and item that answer one question each, in their order.

    The line is the first one's. The response time is the sum, the time the last; with `one_clock` those of the first
    question, for the response times to all then begin at the same moment.
    """
    names = list(asks.names)
    answered = ratings[names].notna()
    partial = answered.sum(axis=1).lt(len(names))
    if not partial.any() or len(names) < 2:
        return ratings
    halves = ratings[partial]
    who = ["participant", asks.key]
    before = answered[partial].groupby([halves["participant"], halves[asks.key]], sort=False, dropna=False).cumsum() - 1
    turn = before.where(answered[partial], 0).max(axis=1)
    if len(names) > 2:
        clash = answered[partial].groupby([halves["participant"], halves[asks.key], turn], dropna=False)
        turn = turn.mask(clash.transform("sum").gt(1).any(axis=1), -1 - pd.Series(range(len(halves)), halves.index))
    asked = answered[partial].idxmax(axis=1)
    groups = halves.assign(turn=turn).groupby([*who, "turn"], sort=False, dropna=False, as_index=False)
    if groups.ngroups == len(halves):
        return ratings
    together = groups.first()
    if one_clock:
        first = halves.assign(turn=turn, asked=asked.map(names.index)).sort_values("asked", kind="stable")
        details = first.groupby([*who, "turn"], sort=False, dropna=False)[["response_time_ms", "rated_at"]].first()
        own = details.reindex(together.set_index([*who, "turn"]).index)
        together = together.assign(**{str(name): column.array for name, column in own.items()})
    else:
        together["response_time_ms"] = groups["response_time_ms"].sum(min_count=1)["response_time_ms"]
        together["rated_at"] = groups["rated_at"].last()["rated_at"]
    both = pd.concat([ratings[~partial], typed(together, rating_columns(asks))])
    return typed(both.sort_values("line", kind="stable"), rating_columns(asks))


def _details_of(asks: Questionnaire) -> tuple[str, ...]:
    """Columns of an export's ratings that say something of an answer."""
    return ("response_time_ms", "position", *(("side",) if asks.counterbalance else ()), "rated_at")


def _none(asks: Questionnaire) -> pd.DataFrame:
    return typed(pd.DataFrame(), refused_columns(asks))


def _refusals(asks: Questionnaire, lines: Any, column: Any, reason: str, item_id: Any = pd.NA) -> pd.DataFrame:
    if not len(lines):
        return _none(asks)
    return pd.DataFrame({"line": lines, "column": column, asks.key: item_id, "reason": reason})


def _ids(table: Table, layout: Layout, asks: Questionnaire) -> tuple["pd.Series[str]", pd.DataFrame]:
    """The participant of each record, "" where it is unknown, and why."""
    parts = [table.cells[index].str.strip() for index in layout.participant]
    ids = parts[0]
    for part in parts[1:]:
        ids = ids.str.cat(part, sep="/").where(ids.ne(""), "")
    bad = cells.damaged_id(parts[0])
    names = "/".join(table.names[index] for index in layout.participant)
    nobody = ids.eq("")
    if nobody.any():
        nobody &= _says_something(table, layout, asks)
    refused = stacked(
        [
            _refusals(asks, table.lines[bad], names, "damaged by a spreadsheet"),
            _refusals(asks, table.lines[nobody], names, "no participant"),
        ]
    )
    return ids.mask(bad, ""), refused


def _says_something(table: Table, layout: Layout, asks: Questionnaire) -> "pd.Series[bool]":
    """The records with an answer or a fact; of events most have none."""
    has_answer = pd.Series(not layout.events, index=table.cells.index)
    if layout.events:
        sources = [source for slot in layout.slots for key, source in slot.parts.items() if key in asks.names]
        for source in dict.fromkeys([*sources, *layout.facts.values()]):
            has_answer |= ~cells.missing(cells_of(table, source))
    return has_answer


def _ratings(
    table: Table,
    layout: Layout,
    ids: "pd.Series[str]",
    mapping: Mapping | None,
    missing: frozenset[str],
    items: StudyItems,
) -> tuple[pd.DataFrame, pd.DataFrame, Numbers]:
    """The ratings, record by record; the cells that are none; and the records that have an answer."""
    asks = items.asks
    if not layout.slots:
        return typed(pd.DataFrame(), rating_columns(asks)), pd.DataFrame(), np.empty(0, np.int64)
    records, slots, texts = _gathered(table, layout.slots, ids, missing, asks)
    named = item_names(table, layout.slots, records, slots, items, mapping)
    if layout.events and mapping and mapping.columns.item and not mapping.where:
        records, slots, texts, named = _of_items(records, slots, texts, named)
    columns = {part: _columns(table, layout.slots, part, asks) for part in texts}
    used = {part for slot in layout.slots for part in slot.parts}
    has_answer = {
        part: ~cells.missing(text, missing).to_numpy(bool) if part in used else np.zeros(len(text), bool)
        for part, text in texts.items()
    }
    answers, spoilt = _answers(texts, has_answer, table, mapping, asks)
    unit = np.array([slot.unit_ms for slot in layout.slots])[slots]
    details, untimed = _details(texts, table, mapping, unit)
    _any_understood(table, texts, has_answer, spoilt, asks)
    who = {"participant": ids.take(records).array, asks.key: named.array}
    first = {"line": table.lines[records], "column": columns[asks.names[0]][slots]}
    frame = pd.DataFrame({**first, **who, **answers, **details})
    without = (named.isna() | named.eq("")).to_numpy(bool)
    reasons: list[tuple[Marks, str, str]] = [(without, asks.names[0], no_item(asks))]
    for question in asks.questions:
        bad = spoilt[question.name]
        if isinstance(question, Scale) and bad.any():
            damaged = bad & cells.damaged(texts[question.name]).to_numpy(bool)
            reasons.append((damaged, question.name, "damaged by a spreadsheet"))
        reasons.append((bad, question.name, not_read(question)))
    good = ~without & ~np.logical_or.reduce(list(spoilt.values()))
    for part, read in details.items():
        reasons += [(untimed if part == "rated_at" else has_answer[part] & np.asarray(pd.isna(read)), part, _KEPT)]
    refused, seen = [_none(asks)], np.zeros(len(frame), bool)
    for where, part, reason in reasons:
        rows = np.flatnonzero(where & ~seen)
        if not len(rows):
            continue
        spoilt_rows = frame.iloc[rows]
        refused.append(_refusals(asks, spoilt_rows["line"], columns[part][slots[rows]], reason, spoilt_rows[asks.key]))
        seen |= where
    return typed(frame if good.all() else frame[good], rating_columns(asks)), stacked(refused), np.unique(records)


def _answers(
    texts: Texts,
    has_answer: dict[str, Marks],
    table: Table,
    mapping: Mapping | None,
    asks: Questionnaire,
) -> tuple[dict[str, Any], dict[str, Marks]]:
    """The answers to each question, and marks where one was given that cannot be read."""
    answers: dict[str, Any] = {}
    for question in asks.questions:
        name = question.name
        match question:
            case Scale():
                other = mapping.scales.get(name) if mapping else None
                read = cells.scaled(texts[name], table.comma, question, other).to_numpy()
                answers[name] = pd.arrays.FloatingArray(read, np.isnan(read) | ~has_answer[name])
            case YesNo():
                answers[name] = cells.yes_or_no(texts[name], question, mapping).array
            case Choice():
                answers[name] = cells.option(texts[name], question, mapping).mask(~has_answer[name]).array
            case _:
                assert_never(question)
    return answers, {name: has_answer[name] & np.asarray(pd.isna(read)) for name, read in answers.items()}


def _details(texts: Texts, table: Table, mapping: Mapping | None, unit: Numbers) -> tuple[dict[str, Any], Marks]:
    """Response time, position, side and time of each answer; and marks where the last was given and cannot be read."""
    spent = cells.numbers(texts["response_time_ms"], table.comma).to_numpy() * unit
    position = cells.numbers(texts["position"], table.comma).to_numpy()
    whole = (position % 1 == 0) & (position >= 0) & (position <= _MOST)
    details: dict[str, Any] = {
        "response_time_ms": np.where((spent >= 0) & (spent <= _MOST), spent, np.nan),
        "position": pd.arrays.IntegerArray(np.where(whole, position, 0).astype(np.int64), ~whole),
    }
    if "side" in texts:
        side = texts["side"].str.strip().str.casefold()
        details["side"] = side.where(side.isin(SIDES)).array
    zone, dates = (mapping.time_zone, mapping.dates) if mapping else (None, None)
    times, untimed = cells.times(texts["rated_at"], zone, dates)
    return {**details, "rated_at": times.array}, untimed.to_numpy(bool)


def _of_items(
    records: Numbers, slots: Numbers, texts: Texts, named: "pd.Series[str]"
) -> tuple[Numbers, Numbers, Texts, "pd.Series[str]"]:
    """The table without the events that name no item: where the mapping says in which column items stand, these are
    others.
    """
    keep = np.flatnonzero(named.ne("") & named.notna())
    cells = {part: text.take(keep).reset_index(drop=True) for part, text in texts.items()}
    return records[keep], slots[keep], cells, named.take(keep).reset_index(drop=True)


def _gathered(
    table: Table, slots: Sequence[Slot], ids: "pd.Series[str]", missing: frozenset[str], asks: Questionnaire
) -> tuple[Numbers, Numbers, Texts]:
    """The answered places: the record and the slot of each, record by record, and their texts."""
    count = max(len(table.lines), 1)
    step = max(_MOST_AT_ONCE // count, 1)
    records, numbers = [], []
    parts = (*asks.names, *_details_of(asks))
    used = {part for part in parts if any(part in slot.parts for slot in slots)}
    texts: dict[str, list[pd.Series[str]]] = {part: [] for part in used}
    for first in range(0, len(slots), step):
        some = slots[first : first + step]
        stacked = {part: _stacked(table, some, part) for part in asks.names if part in used}
        has_answer = np.logical_or.reduce([~cells.missing(text, missing).to_numpy(bool) for text in stacked.values()])
        places = np.flatnonzero(has_answer & np.tile(ids.ne("").to_numpy(bool), len(some)))
        places = places[np.argsort(places % count, kind="stable")]
        records.append(places % count)
        numbers.append(places // count + first)
        for part in used:
            text = stacked[part] if part in stacked else _stacked(table, some, part)
            texts[part].append(text.take(places))
    order = np.argsort(np.concatenate(records), kind="stable")
    sorted_texts = {part: _in_order(texts[part], order) if part in used else _blank(len(order)) for part in parts}
    return np.concatenate(records)[order], np.concatenate(numbers)[order], sorted_texts


def _in_order(texts: Sequence["pd.Series[str]"], order: Numbers) -> "pd.Series[str]":
    """Some texts below each other, in another order; one run of them, as of many small files, is in order already."""
    if len(texts) == 1:
        return texts[0].set_axis(range(len(order)))
    return pd.concat(texts).take(order).reset_index(drop=True)


def _blank(count: int) -> "pd.Series[str]":
    return pd.Series("", index=range(count), dtype="str")


def _stacked(table: Table, slots: Sequence[Slot], part: str) -> "pd.Series[str]":
    """The cells of a part of the answers, slot after slot; "" where a slot has no such column."""
    nothing = _blank(len(table.lines))
    columns = [cells_of(table, slot.parts[part]) if part in slot.parts else nothing for slot in slots]
    return columns[0] if len(columns) == 1 else pd.concat(columns, ignore_index=True)


def _columns(table: Table, slots: Sequence[Slot], part: str, asks: Questionnaire) -> Numbers:
    """The name of the column of a part of an answer in each slot; that of an answer where there is none."""
    sources = (next(slot.parts[name] for name in (part, *asks.names) if name in slot.parts) for slot in slots)
    return np.array([table.names[source.column] for source in sources], object)


def _any_understood(
    table: Table,
    texts: Texts,
    has_answer: dict[str, Marks],
    spoilt: dict[str, Marks],
    asks: Questionnaire,
) -> None:
    """Refuses the file where not a single answer can be read: then it is not a cell that is wrong, but the reading."""
    for question in asks.questions:
        name = question.name
        if not (spoilt[name].any() and bool((spoilt[name] == has_answer[name]).all())):
            continue
        met = texts[name][spoilt[name]].value_counts().head(5)
        words = ", ".join(f"{literal(word)} ({count} times)" for word, count in met.items())
        raise RatingsError(f"{table.path}: no {name} is understood; met {words}; {_hint(question, met.index[0])}")


def _hint(question: Question, word: str) -> str:
    """The lines of a mapping that would say what the answers to a question mean, of which one is `word`."""
    match question:
        case Scale():
            return (
                f"answers are numbers from {question.low:g} to {question.high:g}; where the comma is decimal, say so "
                f"in a mapping: decimal_comma = true; where they are words: [{question.name}] words = "
                f"{{ {literal(word)} = 1 }}"
            )
        case YesNo():
            return (
                f'say in a mapping which mean yes to "{question.text}": [{question.name}] yes = ["..."], no = ["..."]'
            )
        case Choice():
            options = f" ({', '.join(question.options)})" if question.options else ""
            words = f'words = {{ {literal(word)} = "..." }}'
            return f"say in a mapping which option{options} each means: [{question.name}] {words}"
        case _:
            assert_never(question)


def _participants(
    table: Table,
    layout: Layout,
    ids: "pd.Series[str]",
    missing: frozenset[str],
    answered: Numbers,
    asks: Questionnaire,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row for each participant, with what all rows that say something agree on."""
    marks = {where: counting(table, where) for where in {source.where for source in layout.facts.values()}}
    facts = {key: _fact(table, source, marks[source.where], key, missing) for key, source in layout.facts.items()}
    has_id = ids.ne("").to_numpy(bool, copy=True)
    if layout.events:
        telling = np.zeros(len(has_id), bool)
        telling[answered] = True
        for fact in facts.values():
            telling |= fact.has_text
        has_id &= telling
    lines = table.lines[has_id]
    people, who = pd.factorize(ids[has_id])
    _, first = np.unique(people, return_index=True)
    columns: dict[str, Any] = {"line": lines[first], "participant": who}
    bad, several = [_none(asks)], []
    for key, source in layout.facts.items():
        name, fact = table.names[source.column], facts[key]
        if fact.bad.any():
            bad.append(_refusals(asks, lines[fact.bad[has_id]], name, _KEPT))
        value, at_odds = _one_value(people, fact.codes[has_id], len(who))
        if len(at_odds):
            several.append(_refusals(asks, lines[first[at_odds]], name, "details differ between rows"))
        columns[key] = fact.values[value]
    return typed(pd.DataFrame(columns), participant_columns(asks)), stacked([*bad, *several])


@dataclass(frozen=True)
class _Fact:
    """A fact of participants as the records tell it: `values`, the last of them NA, and of each record the number of
    its own, -1 for none; marks of those with any text, and of those whose text cannot be read.
    """

    values: Any
    codes: Numbers
    has_text: Marks
    bad: Marks


def _fact(table: Table, source: Source, counts: Marks, key: str, missing: frozenset[str]) -> _Fact:
    places, different = pd.factorize(table.cells[source.column])
    codes = np.where(counts, places, -1)
    texts = pd.Series([str(text).strip() for text in different], dtype="str")
    has_text = np.array([text != "" for text in texts], bool)
    has_value = has_text & np.array([text.casefold() not in missing | {"n/a"} for text in texts], bool)
    bad = np.zeros(len(has_value), bool)
    if key == "duration_s":
        seconds = cells.numbers(texts, table.comma).to_numpy()
        good = has_value & (seconds >= 0)
        bad = has_value & ~good & ~cells.missing(texts).to_numpy(bool)
        meant, numbers = pd.factorize(np.where(good, seconds, np.nan))
        values: Any = pd.array([*numbers, pd.NA], "Float64")
    else:
        meant, unique = pd.factorize(texts.where(has_value))
        values = pd.array([*unique, pd.NA], "str")
    return _Fact(values, np.append(meant, -1)[codes], np.append(has_text, False)[codes], np.append(bad, False)[codes])


def _one_value(people: Numbers, codes: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """The value that each of `count` people gives, -1 for none and for several; and those who give several."""
    value = np.full(count, -1)
    some = np.flatnonzero(codes >= 0)
    who, at = np.unique(people[some], return_index=True)
    value[who] = codes[some[at]]
    at_odds = np.unique(people[some][codes[some] != value[people[some]]])
    value[at_odds] = -1
    return value, at_odds
