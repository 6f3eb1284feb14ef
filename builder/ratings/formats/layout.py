"""The layout: what each column of a table answers, told by a mapping, by the tool's declaration, and by names."""

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import replace

from builder.errors import RatingsError
from builder.ratings.column_keys import LOOP, answer_keys, details, fact_keys
from builder.ratings.export import StudyItems, foreign_item
from builder.ratings.formats.columns import (
    columns_of_patterns,
    declared,
    few,
    filters_of,
    index_of,
    mapped,
    no_column,
    places,
)
from builder.ratings.formats.idle import idle_keys
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.names import (
    ITEM,
    LIKE_AN_ITEM,
    PARTICIPANT_NAMES,
    ItemFinder,
    is_quiet,
    long_part,
    one_of,
    part_of,
    tokens_of,
)
from builder.ratings.formats.slots import Layout, Slot, Source, Where, cells_of
from builder.ratings.formats.tabular import Refusal, Table
from builder.ratings.mapping import Mapping
from builder.tasks import Questionnaire
from builder.toml import literal

_LOOP = re.compile(r"(\d{1,4})[_.](.+)")
_MOST_NAMED = 5


def layout_of(
    table: Table, items: StudyItems, mapping: Mapping | None, meaning: Meaning, may_be_empty: bool = False
) -> Layout:
    """The layout of a table: the mapping goes before the tool's own columns, and these before what names tell.

    `may_be_empty`: whether a table without answers is one of people who left.

    Raises:
        RatingsError: it cannot be told, with what was met and how a mapping would say it; or the mapping names what is
            not there.
    """
    mapping, asks = mapping or Mapping(), items.asks
    check_items(table, items, mapping)
    claimed = _Claimed(table, mapping, asks)
    named = _Named(table, items, mapping, claimed.columns)
    wide = [*_merged_slots(_patterns(table, items, mapping), named.wide()), *named.looped()]
    slots = _long(table, mapping, meaning, claimed, named, asks)
    slots = [*(wide if slots else _with_line(table, wide, claimed, asks)), *slots]
    slots = [_filtered(table, mapping, slot) for slot in slots if any(name in slot.parts for name in asks.names)]
    facts = facts_of(table, mapping, meaning.columns, asks, by_name=meaning.facts_by_name)
    only_facts = not mapping.columns.answers and bool(facts) and (meaning.events or bool(mapping.columns.facts))
    if not slots and not only_facts and not may_be_empty:
        raise RatingsError(_nothing_answers(table, asks))
    participant = participant_of(table, mapping, meaning)
    looped = mapping.columns.placeholder == LOOP or named.has_loops()
    absent = (*(f"columns.{key}" for key in claimed.absent), *idle_keys(table, items, mapping, slots, facts, looped))
    return Layout(tuple(slots), participant, facts, tuple(named.refused), meaning.events, meaning.one_clock, absent)


def facts_of(
    table: Table,
    mapping: Mapping | None,
    facts: Dict[str, str] | Dict[str, Column],
    asks: Questionnaire,
    by_name: bool = True,
) -> dict[str, Source]:
    """The sources of `fact_keys`; `facts` are the tool's own columns.

    Raises:
        RatingsError: the mapping names a column that is not there.
    """
    sources = {}
    for key in fact_keys(asks):
        own = facts.get(key)
        column = Column((own,)) if isinstance(own, str) else own
        if mapping and (name := mapping.columns.get(key)):
            source = mapped(table, mapping, key, name)
        else:
            source = declared(table, column) if column else None
            if source is None and by_name:
                source = declared(table, Column((key, *(["sex"] if key == "gender" else []))))
        if source is not None:
            sources[key] = _also(source, filters_of(table, mapping, key)) if mapping else source
    return sources


def participant_of(table: Table, mapping: Mapping | None, meaning: Meaning) -> tuple[int, ...]:
    """The numbers of the columns that make up the participant's id.

    Raises:
        RatingsError: there are none.
    """
    if mapping and (name := mapping.columns.get("participant")):
        return (index_of(table, "participant", name),)
    own = meaning.columns.get("participant")
    first = [(name,) for name in (own.names if own else ())]
    for parts in [*first, *((name,) for name in PARTICIPANT_NAMES), *meaning.participants]:
        numbers = [index for part in parts if (index := table.index(part)) is not None]
        filled = all(table.cells[index].str.strip().ne("").any() for index in numbers)
        if len(numbers) == len(parts) and (filled or not len(table.lines)):
            return tuple(numbers)
    raise RatingsError(
        f"{table.path}, line {table.header_line}: no column names the participant; say in a mapping which does: "
        "[columns] participant = ..."
    )


def loop_items(items: StudyItems, mapping: Mapping) -> Sequence[str]:
    """The items of the loops 1, 2, ..., by the mapping's [loops].

    Raises:
        RatingsError: the study has no such batch.
    """
    loops = mapping.loops
    if loops is None or loops.file is not None:
        raise RatingsError(f"the mapping's [loops] gives no {items.asks.table}; read it with read_mapping")
    if loops.batch is None:
        return loops.items or ()
    if loops.batch not in items.by_batch:
        batches = ", ".join(str(batch) for batch in sorted(items.by_batch)) or "none"
        raise RatingsError(f"the mapping's loops.batch = {loops.batch}: the study has no such batch; it has {batches}")
    return items.by_batch[loops.batch]


class _Claimed:
    """The columns that the mapping's [columns] name one by one, and the keys that name nothing in a sparse table."""

    def __init__(self, table: Table, mapping: Mapping, asks: Questionnaire) -> None:
        self.absent: list[str] = []
        self.item: tuple[int, ...] = ()
        self.sources: dict[str, Source] = {}
        columns = mapping.columns
        for name in columns.item:
            self.item += (index_of(table, asks.item, name),)
        for key, name in columns.answers.items():
            if columns.placeholder and columns.placeholder in name:
                continue
            source = mapped(table, mapping, key, name)
            if source is None:
                self.absent.append(key)
            else:
                self.sources[key] = source
        if columns.answers and len(self.absent) == len(columns.answers):
            key = self.absent[0]
            raise RatingsError(no_column(table, key, columns.get(key) or ""))
        more = [columns.participant or "", *columns.facts.values()]
        others = [index for name in more if name for index in places(table, name)]
        self.columns = {*self.item, *others, *(source.column for source in self.sources.values())}
        self.columns |= {index for index, _, _ in columns_of_patterns(table, mapping)}


class _Named:
    """The columns that their names tell of, but for those that the mapping claims."""

    def __init__(self, table: Table, items: StudyItems, mapping: Mapping, claimed: set[int]) -> None:
        self._table, self._mapping, self._study, self._asks = table, mapping, items, items.asks
        self._items: dict[str, list[dict[str, int]]] = {}
        self._loops: dict[int, list[dict[str, int]]] = {}
        self.long: list[dict[str, int]] = []
        self.refused: list[Refusal] = []
        finder = ItemFinder(items, mapping.items)
        for index in range(len(table.names)):
            if index not in claimed:
                self._take(index, finder)

    def _take(self, index: int, finder: ItemFinder) -> None:
        name, label = self._table.names[index], self._table.labels[index]
        item, part = _item_and_part(self._table, index, finder, self._asks)
        loop = _LOOP.fullmatch(name.strip())
        if item and part:
            _into_first(self._items.setdefault(item, []), part, index)
        elif item and part is None:
            self.refused.append(Refusal(self._table.header_line, name, "column not understood", item))
        elif not item and loop and (key := long_part(loop[2], self._asks)):
            _into_last(self._loops.setdefault(int(loop[1]), []), key, index)
        elif not item and (key := long_part(name, self._asks)):
            _into_last(self.long, key, index)
        elif not item and part in self._asks.names:
            if foreign := LIKE_AN_ITEM.search(f"{name} {label}".casefold()):
                _into_first(self._items.setdefault(foreign[0], []), part, index)
            else:
                self.refuse(index)

    def refuse(self, index: int) -> None:
        """Keeps an answer's column out by its name."""
        self.refused.append(Refusal(self._table.header_line, self._table.names[index], foreign_item(self._asks)))

    def tells_items(self) -> bool:
        """Whether some columns name an item or a loop."""
        return bool(self._items or self._loops)

    def has_loops(self) -> bool:
        """Whether some columns are of a loop."""
        return bool(self._loops)

    def wide(self) -> list[Slot]:
        """The slots of columns that name their item; a second column for one part of it is a second answer."""
        return [_slot(item, _sources(parts)) for item, turns in self._items.items() for parts in turns]

    def looped(self) -> list[Slot]:
        """The slots of loop-and-merge columns, block by block; their items from beside them or from the mapping."""
        slots = []
        for number, blocks in self._loops.items():
            answered = [block for block in blocks if self._answers(block)]
            with_item = any(ITEM in block for block in answered) or self._mapping.loops
            if answered and not with_item:
                first = self._table.names[next(iter(answered[0].values()))]
                raise RatingsError(
                    f"{self._table.path}, line {self._table.header_line}: column {literal(first)} is of loop {number}, "
                    f"and no column {number}_{self._asks.key} names its {self._asks.item}; say in a mapping which "
                    f"{self._asks.item} each loop showed: "
                    "[loops] batch = 0, or file = ..."
                )
            for block in answered:
                item: str | tuple[int, ...] | None = (block[ITEM],) if ITEM in block else None
                if self._mapping.loops:
                    item = _loop_item(self._table, number, self._study, self._mapping)
                if item is None:
                    for part in self._answers(block):
                        self.refuse(block[part])
                    continue
                slots.append(_slot(item, _sources({part: at for part, at in block.items() if part != ITEM})))
        return slots

    def _answers(self, block: Dict[str, int]) -> list[str]:
        return [part for part in block if part in self._asks.names]


def _long(
    table: Table, mapping: Mapping, meaning: Meaning, claimed: _Claimed, named: _Named, asks: Questionnaire
) -> list[Slot]:
    """The slots of a long table, one for each block of columns; what the first one lacks comes from the mapping and
    from the tool's own columns.
    """
    sources = {} if mapping.columns.placeholder else claimed.sources
    own = {key: source for key in answer_keys(asks) if (source := declared(table, meaning.columns.get(key)))}
    own_item = declared(table, meaning.columns.get(ITEM))
    blocks = named.long or [{}]
    slots, without = [], []
    for number, block in enumerate(blocks):
        parts = _sources({part: at for part, at in block.items() if part != ITEM})
        item: tuple[int, ...] = (block[ITEM],) if ITEM in block else ()
        if number == 0:
            parts = {**parts, **own, **sources}
            item = claimed.item or ((own_item.column,) if own_item else item)
        if item and any(key in parts for key in asks.names):
            slots.append(_slot(item, _of_one_unit(parts, sources)))
        else:
            without += [at for part, at in block.items() if part in asks.names]
    if sources and not slots and not mapping.packed and any(key in sources for key in asks.names):
        raise RatingsError(
            f"{table.path}: the mapping's columns.{asks.item}: is missing; or write {{{asks.item}}} into the names of "
            f"the columns of a wide table. Columns met: {few(table.names)}"
        )
    own_answers = [own[key] for key in asks.names if key in own]
    if own_answers and not slots and any(cells_of(table, source).str.strip().ne("").any() for source in own_answers):
        raise RatingsError(
            f"{table.path}, line {table.header_line}: no column {asks.key} names the {asks.table}; say in a mapping "
            f"which does: [columns] {asks.item} = .... Columns met: {few(table.names, 40)}"
        )
    if slots or named.refused or named.tells_items():
        for index in without:
            named.refuse(index)
    return slots


def _with_line(table: Table, slots: Sequence[Slot], claimed: _Claimed, asks: Questionnaire) -> Sequence[Slot]:
    """The slots of a wide table with what the mapping names once for a line.

    Raises:
        RatingsError: that is something which every item has its own of.
    """
    sources = {key: source for key, source in claimed.sources.items() if key in details(asks)}
    own = [*(key for key in sources if key != "rated_at"), *([asks.item] if claimed.item else [])]
    if own and len({slot.item for slot in slots}) > 1:
        raise RatingsError(
            f"{table.path}: the mapping's columns.{own[0]} names one column, and a line answers several {asks.table}; "
            f"write {{{asks.item}}} into the name, or leave it out"
        )
    line = _slot("", sources)
    timed = "response_time_ms" in line.parts
    return [
        replace(slot, parts={**slot.parts, **line.parts}, unit_ms=line.unit_ms if timed else slot.unit_ms)
        for slot in slots
    ]


def _filtered(table: Table, mapping: Mapping, slot: Slot) -> Slot:
    """The slot with the mapping's filters also on what other than the mapping's [columns] tells of."""
    if not mapping.where:
        return slot
    return replace(
        slot,
        parts={part: _also(source, filters_of(table, mapping, slot.key(part))) for part, source in slot.parts.items()},
    )


def _also(source: Source, filters: tuple[Where, ...]) -> Source:
    return replace(source, where=(*source.where, *(each for each in filters if each not in source.where)))


def _of_one_unit(parts: dict[str, Source], sources: Dict[str, Source]) -> dict[str, Source]:
    """The parts with one response time: that of the mapping where it gives one."""
    for unit, other in (("response_time_ms", "response_time_s"), ("response_time_s", "response_time_ms")):
        if unit in sources and other in parts and other not in sources:
            return {key: source for key, source in parts.items() if key != other}
    return parts


def _into_first(turns: list[dict[str, int]], part: str, index: int) -> None:
    for turn in turns:
        if part not in turn:
            turn[part] = index
            return
    turns.append({part: index})


def _into_last(blocks: list[dict[str, int]], part: str, index: int) -> None:
    """A part that the last block has already begins another one: headers of several blocks repeat."""
    if not blocks or part in blocks[-1]:
        blocks.append({})
    blocks[-1][part] = index


def _sources(parts: Dict[str, int]) -> dict[str, Source]:
    return {part: Source(index) for part, index in parts.items()}


def _slot(item: str | tuple[int, ...], parts: Dict[str, Source]) -> Slot:
    parts = dict(parts)
    if "response_time_s" in parts and "response_time_ms" not in parts:
        parts["response_time_ms"] = parts.pop("response_time_s")
        return Slot(item, parts, 1000.0)
    parts.pop("response_time_s", None)
    return Slot(item, parts)


def _merged_slots(mapped: Sequence[Slot], named: Sequence[Slot]) -> list[Slot]:
    """The mapping's slots, each with what the names of other columns say of the same item; and the slots of others."""
    slots = list(mapped)
    by_item = {slot.item: number for number, slot in reversed(list(enumerate(slots)))}
    for slot in named:
        number = by_item.get(slot.item)
        if number is None or slots[number].parts.keys() & slot.parts.keys():
            slots.append(slot)
        else:
            unit = slot.unit_ms if "response_time_ms" in slot.parts else slots[number].unit_ms
            slots[number] = replace(slots[number], parts={**slot.parts, **slots[number].parts}, unit_ms=unit)
    return slots


def _item_and_part(table: Table, index: int, finder: ItemFinder, asks: Questionnaire) -> tuple[str | None, str | None]:
    """The item that a column names, and the part of an answer; its label counts where its name does not tell. Neither
    where a tool says there what is no answer.
    """
    name, label = table.names[index], table.labels[index]
    met, rest = finder.find(name)
    if not met:
        met, label = finder.find(label)
    if len(met) > 1:
        raise RatingsError(
            f"{table.path}, line {table.header_line}: column {index + 1}, {literal(name)}, may name the {asks.table} "
            f"{' and '.join(sorted(met))}; say which in a mapping: [{asks.table}], or [columns] with {{{asks.item}}}"
        )
    item = next(iter(met), None)
    try:
        part = part_of(rest, asks)
        if part is None and is_quiet(rest):
            return None, None
        return item, one_of(tokens_of(label), asks.names) if item and part is None else part
    except ValueError as error:
        if not item:
            return None, None
        raise RatingsError(
            f"{table.path}, line {table.header_line}: column {index + 1}, {literal(name)}, speaks of {error}; say what "
            "it holds in a mapping: [columns]"
        ) from None


def _loop_item(table: Table, number: int, items: StudyItems, mapping: Mapping) -> str:
    order = loop_items(items, mapping)
    if not 1 <= number <= len(order):
        raise RatingsError(f"{table.path}: loop {number}: the mapping's [loops] knows 1 to {len(order)}")
    return order[number - 1]


def _patterns(table: Table, items: StudyItems, mapping: Mapping) -> list[Slot]:
    """The slots of the mapping's patterns.

    Raises:
        RatingsError: a pattern fits no column, or a name in the table of items does.
    """
    placeholder = mapping.columns.placeholder
    if not placeholder:
        return []
    if placeholder == LOOP:
        keys = {str(number): item for number, item in enumerate(loop_items(items, mapping), start=1)}
    else:
        loose = {re.sub(r"[.-]", "_", item): item for item in items.ids()}
        keys = loose | {item: item for item in items.ids()} | mapping.items
    turns: dict[str, list[dict[str, int]]] = {}
    fitting = set()
    for index, part, inner in columns_of_patterns(table, mapping):
        if inner in keys:
            _into_first(turns.setdefault(keys[inner], []), part, index)
            fitting.add(part)
    for part, pattern in mapping.columns.answers.items():
        if part not in fitting and placeholder in pattern:
            raise RatingsError(
                f"{table.path}, line {table.header_line}: no column fits the mapping's columns.{part} = "
                f"{literal(pattern)}, with {'a loop of [loops]' if placeholder == LOOP else items.asks.an_item} in the "
                f"place of {placeholder}; columns met: {few(table.names)}"
            )
    filters = {part: filters_of(table, mapping, part) for part in fitting}
    return [
        _slot(item, {part: Source(at, filters[part]) for part, at in parts.items()})
        for item, some in turns.items()
        for parts in some
    ]


def _nothing_answers(table: Table, asks: Questionnaire) -> str:
    first = asks.names[0]
    return (
        f"{table.path}, line {table.header_line}: no column names {asks.an_item} of the study and answers "
        f"{' or '.join(asks.names)}, as {first}_<{asks.item} id> does in a wide table, or {asks.key} beside {first} in "
        f"a long one. Columns met: {few(table.names, 20)}. Say in a mapping which columns hold them: [columns] "
        f"{asks.item} = ..., {first} = ...{''.join(f'. {note}' for note in table.notes)}"
    )


def check_items(table: Table, items: StudyItems, mapping: Mapping) -> None:
    """Refuses a mapping that names items which the study does not have."""
    ids, called = set(items.ids()), items.asks.table
    wrong = [f"{called}.{name} = {literal(item)}" for name, item in mapping.items.items() if item not in ids]
    listed = (mapping.loops.items or ()) if mapping.loops else ()
    wrong += [f"loop {number}, {literal(item)}" for number, item in enumerate(listed, start=1) if item not in ids]
    if wrong:
        more = f", and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
        raise RatingsError(
            f"{table.path}: the mapping names {called} that the study does not have: {', '.join(wrong[:_MOST_NAMED])}"
            f"{more}; the study's own are called as {literal(next(iter(sorted(ids)), ''))}"
        )
