"""Which column of a table holds what: told from names, from labels, or from a mapping."""

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field

from builder.errors import RatingsError
from builder.ratings.export import StudyPairs
from builder.ratings.formats.tabular import Refusal, Table
from builder.ratings.mapping import FACTS, Mapping
from builder.toml import shown

PARTICIPANT_NAMES = ("participant_id", "participant", "prolific_pid", "prolific_id", "prolificpid", "prolificid")
"""Columns that name the participant in any export, best first; the platform's own id comes after these."""

_PAIR_NAMES = ("pair_id", "pair")
_LOOP = re.compile(r"(\d{1,4})[_.](.+)")
_LIKE_A_PAIR = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,59}-\d{5,9}-base\d{1,9}-[a-z][a-z0-9.-]{0,150}")
_LONGER = re.compile(r"[.-][0-9]|-[a-z]")
_OURS = {"similarity", "identity", "response", "time", "ms", "s", "position", "rated", "at", "answer", "input"}
_QUIET = re.compile(
    r"(first|last)[_ ]click|click[_ ]count|_do(_\d+)*\s*$|strategy|^(question|group) time|^(frage|gruppen)zeit"
)
"""In names of columns beside a question that are no answer to it: Qualtrics' clicks and display orders, strategies,
LimeSurvey's times."""


@dataclass(frozen=True)
class Slot:
    """Where the answers to one pair stand in every record.

    `pair` is a pair id, or the number of the column whose cells name the pair; `columns` the number of the column of
    each part of the answer that there is; `unit_ms` the unit of the response time.
    """

    pair: str | int
    columns: dict[str, int]
    unit_ms: float = 1.0


@dataclass(frozen=True)
class Layout:
    """Where in a table the answers, the facts of the participants and the parts of their ids stand."""

    slots: tuple[Slot, ...]
    participant: tuple[int, ...]
    facts: Dict[str, int]
    refused: tuple[Refusal, ...] = field(default=())


def layout_of(
    table: Table,
    pairs: StudyPairs,
    mapping: Mapping | None,
    participants: Sequence[tuple[str, ...]],
    facts: Dict[str, str],
) -> Layout:
    """The layout of a table.

    Args:
        table: The table.
        pairs: The pairs of the study.
        mapping: What the table does not say; what it says of the columns goes before their names.
        participants: The platform's ids of a participant, best first, each the names of the columns that make it up.
        facts: The platform's names of columns for keys of FACTS.

    Raises:
        RatingsError: it cannot be told, with what was met and how a mapping would say it.
    """
    refused: tuple[Refusal, ...] = ()
    if mapping and mapping.columns.answers():
        slots = _mapped(table, pairs, mapping)
    else:
        slots, refused = _named(table, pairs, mapping)
    if not slots:
        met = ", ".join(shown(name) for name in table.names[:12])
        raise RatingsError(
            f"{table.path}, line {table.header_line}: no column names a pair of the study and one of similarity and "
            f"identity, as in similarity_<pair id>. Columns met: {met}{', ...' if len(table.names) > 12 else ''}. Say "
            "in a mapping which columns hold them: [columns] similarity = ..., identity = ..., pair = ..."
        )
    return Layout(slots, participant_of(table, mapping, participants), facts_of(table, mapping, facts), refused)


def facts_of(table: Table, mapping: Mapping | None, facts: Dict[str, str]) -> dict[str, int]:
    """The numbers of the columns that hold the keys of FACTS; `facts` as of `layout_of`.

    Raises:
        RatingsError: the mapping names a column that is not there.
    """
    found = {}
    for key in FACTS:
        named = getattr(mapping.columns, key) if mapping else None
        candidates = [key, *([facts[key]] if key in facts else []), *(["sex"] if key == "gender" else [])]
        index = _index(table, f"columns.{key}", named) if named else _first(table, candidates)
        if index is not None:
            found[key] = index
    return found


def _first(table: Table, names: Sequence[str]) -> int | None:
    return next((index for name in names if (index := table.index(name)) is not None), None)


def tokens_of(name: str) -> tuple[str, ...]:
    """The words and numbers of a name, in lower case."""
    return tuple(re.findall(r"[a-z0-9]+", name.casefold()))


class PairFinder:
    """Finds the pair of the study that a text names."""

    def __init__(self, pairs: StudyPairs, aliases: Dict[str, str]) -> None:
        known = [pair_id for ids in pairs.by_batch.values() for pair_id in ids]
        self._ids = {pair_id.casefold(): pair_id for pair_id in known}
        self._ids |= {alias.casefold(): pair_id for alias, pair_id in aliases.items()}
        self._loose: dict[tuple[str, ...], set[str]] = {}
        for name, pair_id in self._ids.items():
            self._loose.setdefault(tokens_of(name), set()).add(pair_id)
        self._longest = max(map(len, self._loose), default=0)

    def find(self, text: str) -> tuple[set[str], str]:
        """The pairs that a text names, and the text without them.

        A pair id as it is written counts first; only where there is none, one whose hyphens and dots a tool replaced,
        and that only where nothing but words of ours and numbers stands before it.
        """
        lower = text.casefold()
        words = list(re.finditer(r"[a-z0-9]+", lower))
        foreign = next((at for at, word in enumerate(words) if _foreign(word[0])), len(words))
        exact, loose = [], []
        for first in range(len(words)):
            for last in range(first, min(first + self._longest, len(words))):
                if tuple(word[0] for word in words[first : last + 1]) not in self._loose:
                    continue
                start, end = words[first].start(), words[last].end()
                if lower[start:end] in self._ids:
                    exact += [(start, end)] if _alone(lower, words, first, end) else []
                elif foreign >= first:
                    loose.append((start, end))
        if exact:
            return {self._ids[lower[start:end]] for start, end in exact}, _without(lower, exact)
        found = {pair for start, end in loose for pair in self._loose[tokens_of(lower[start:end])]}
        return found, _without(lower, loose)


def _alone(text: str, words: Sequence["re.Match[str]"], first: int, end: int) -> bool:
    """Whether what stands from a word to `end` is no part of a longer id, such as ...-0.2 of ...-0.25 or of ...-0.2-1.

    Only what stands around it is looked at: a name may be long, and name pairs a thousand times.
    """
    if first and text[words[first - 1].end() : words[first].start()] == "-" and words[first - 1][0] not in _OURS:
        return False
    return not _LONGER.match(text, end)


def _foreign(word: str) -> bool:
    """Whether a word is none of ours: small_00000_... may be the end of very_small_00000_..."""
    return word not in _OURS and not re.fullmatch(r"[a-z]{0,3}\d+", word)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, after = [], 0
    for start, end in sorted(spans):
        kept.append(text[after:start])
        after = max(after, end)
    return " ".join([*kept, text[after:]])


def _part(name: str) -> str | None:
    """Which part of an answer a name without its pair speaks of; "" where it is known to be none.

    Raises:
        ValueError: of two.
    """
    tokens = tokens_of(name)
    words = "_".join(["", *tokens, ""])
    if "_page_submit_" in words or "_response_time_s_" in words:
        return "response_time_s"
    if _QUIET.search(name.casefold()):
        return ""
    if "_response_time_ms_" in words or tokens == ("rt",):
        return "response_time_ms"
    if "_rated_at_" in words:
        return "rated_at"
    return _one_of(tokens, ("similarity", "identity", "position"))


def _one_of(tokens: Sequence[str], words: Sequence[str]) -> str | None:
    found = [word for word in words if word in tokens]
    if len(found) > 1:
        raise ValueError(" and ".join(found))
    return found[0] if found else None


def _named(table: Table, pairs: StudyPairs, mapping: Mapping | None) -> tuple[tuple[Slot, ...], tuple[Refusal, ...]]:
    """The slots that names and labels tell: wide, loops, or long."""
    finder = PairFinder(pairs, mapping.pairs if mapping else {})
    wide: dict[tuple[str, int], dict[str, int]] = {}
    loops: dict[int, dict[str, int]] = {}
    plain: dict[str, int] = {}
    refused = []
    for index, (name, label) in enumerate(zip(table.names, table.labels, strict=True)):
        pair, part = _pair_and_part(table, index, finder)
        loop = _LOOP.fullmatch(name.strip())
        if pair and part:
            _place(wide, pair, part, index)
        elif pair and part is None:
            refused.append(Refusal(table.header_line, name, "column not understood", pair))
        elif not pair and loop and (key := _long_part(loop[2])):
            loops.setdefault(int(loop[1]), {}).setdefault(key, index)
        elif not pair and (key := _long_part(name)) and key not in plain:
            plain[key] = index
        elif not pair and part in ("similarity", "identity"):
            if foreign := _LIKE_A_PAIR.search(f"{name} {label}".casefold()):
                _place(wide, foreign[0], part, index)
            else:
                refused.append(Refusal(table.header_line, name, "names no pair of the study"))
    slots = [_slot(pair, columns) for (pair, _), columns in wide.items()]
    slots += _looped(table, loops, pairs, mapping)
    if "pair" in plain and ("similarity" in plain or "identity" in plain):
        slots.append(_slot(plain.pop("pair"), plain))
    elif slots or refused:
        refused += [
            Refusal(table.header_line, table.names[index], "names no pair of the study")
            for key, index in plain.items()
            if key in ("similarity", "identity")
        ]
    return tuple(slot for slot in slots if _answers(slot)), tuple(refused)


def _pair_and_part(table: Table, index: int, finder: PairFinder) -> tuple[str | None, str | None]:
    """The pair that a column names, and the part of an answer; its label counts where its name does not tell."""
    name, label = table.names[index], table.labels[index]
    found, rest = finder.find(name)
    if not found:
        found, label = finder.find(label)
    if len(found) > 1:
        raise RatingsError(
            f"{table.path}, line {table.header_line}: column {index + 1}, {shown(name)}, may name the pairs "
            f"{' and '.join(sorted(found))}; say which in a mapping: [pairs], or [columns] with {{pair}}"
        )
    pair = next(iter(found), None)
    try:
        part = _part(rest)
        return pair, _one_of(tokens_of(label), ("similarity", "identity")) if pair and part is None else part
    except ValueError as error:
        if not pair:
            return None, None
        raise RatingsError(
            f"{table.path}, line {table.header_line}: column {index + 1}, {shown(name)}, speaks of {error}; say what "
            "it holds in a mapping: [columns]"
        ) from None


def _long_part(name: str) -> str | None:
    """The part of an answer of a column whose name, but for a number at its end, is only that."""
    plain = "_".join(tokens_of(re.sub(r"_\d+$", "", name.strip())))
    if plain in _PAIR_NAMES:
        return "pair"
    if plain == "response_time_s" or plain.endswith("page_submit"):
        return "response_time_s"
    return plain if plain in ("similarity", "identity", "position", "rated_at", "response_time_ms") else None


def _place(wide: dict[tuple[str, int], dict[str, int]], pair: str, part: str, index: int) -> None:
    """A second column for the same part of the same pair is a second answer, which the merge refuses or not."""
    turn = 0
    while part in wide.get((pair, turn), {}):
        turn += 1
    wide.setdefault((pair, turn), {})[part] = index


def _slot(pair: str | int, columns: dict[str, int]) -> Slot:
    columns = dict(columns)
    if "response_time_s" in columns and "response_time_ms" not in columns:
        columns["response_time_ms"] = columns.pop("response_time_s")
        return Slot(pair, columns, 1000.0)
    columns.pop("response_time_s", None)
    return Slot(pair, columns)


def _answers(slot: Slot) -> bool:
    return "similarity" in slot.columns or "identity" in slot.columns


def _looped(table: Table, loops: dict[int, dict[str, int]], pairs: StudyPairs, mapping: Mapping | None) -> list[Slot]:
    """The slots of loop-and-merge columns, their pairs from columns beside them or from the mapping."""
    slots = []
    for number, columns in loops.items():
        pair: str | int | None = columns.pop("pair", None)
        if not ("similarity" in columns or "identity" in columns):
            continue
        if mapping and mapping.loops:
            pair = loop_pair(table, number, pairs, mapping)
        if pair is None:
            first = table.names[next(iter(columns.values()))]
            raise RatingsError(
                f"{table.path}, line {table.header_line}: column {shown(first)} is of loop {number}, and no column "
                f"{number}_pair_id names its pair; say in a mapping which pair each loop showed: [loops] batch = 0, or "
                "file = ..."
            )
        slots.append(_slot(pair, columns))
    return slots


def loop_pair(table: Table, number: int, pairs: StudyPairs, mapping: Mapping) -> str:
    """The pair of a loop, by the mapping's [loops].

    Raises:
        RatingsError: there is no such loop, or no such batch.
    """
    order = loop_pairs(pairs, mapping)
    if not 1 <= number <= len(order):
        raise RatingsError(f"{table.path}: loop {number}: the mapping's [loops] knows 1 to {len(order)}")
    return order[number - 1]


def loop_pairs(pairs: StudyPairs, mapping: Mapping) -> Sequence[str]:
    """The pairs of the loops 1, 2, ..., by the mapping's [loops].

    Raises:
        RatingsError: the study has no such batch.
    """
    loops = mapping.loops
    if loops is None or loops.file is not None:
        raise RatingsError("the mapping's [loops] gives no pairs; read it with read_mapping")
    if loops.batch is None:
        return loops.pairs or ()
    if loops.batch not in pairs.by_batch:
        known = ", ".join(str(batch) for batch in sorted(pairs.by_batch)) or "none"
        raise RatingsError(f"the mapping's loops.batch = {loops.batch}: the study has no such batch; it has {known}")
    return pairs.by_batch[loops.batch]


def _mapped(table: Table, pairs: StudyPairs, mapping: Mapping) -> tuple[Slot, ...]:
    """The slots that the mapping's [columns] name."""
    columns = mapping.columns
    if columns.placeholder is None:
        found = {key: _index(table, f"columns.{key}", name) for key, name in columns.answers().items()}
        place = _index(table, "columns.pair", columns.pair) if columns.pair else -1
        return (_slot(place, found),)
    if columns.placeholder == "{loop}":
        order = loop_pairs(pairs, mapping)
        keys = {str(number): pair for number, pair in enumerate(order, start=1)}
    else:
        known = {pair: pair for ids in pairs.by_batch.values() for pair in ids}
        loose = {re.sub(r"[.-]", "_", pair): pair for pair in known}
        keys = loose | known | mapping.pairs
    slots: dict[str, dict[str, int]] = {}
    places = {name: index for index, name in reversed(list(enumerate(table.names)))}
    for key, pair in keys.items():
        for part, pattern in columns.answers().items():
            column = pattern.replace(columns.placeholder, key)
            if column in places:
                slots.setdefault(pair, {}).setdefault(part, places[column])
    if not slots:
        raise RatingsError(
            f"{table.path}, line {table.header_line}: no column matches the mapping's patterns "
            f"{', '.join(shown(pattern) for pattern in columns.answers().values())}; columns met: "
            f"{', '.join(shown(name) for name in table.names[:12])}"
        )
    return tuple(slot for slot in (_slot(pair, parts) for pair, parts in slots.items()) if _answers(slot))


def _index(table: Table, key: str, name: str) -> int:
    """The number of a column that the mapping names."""
    places = [index for index, other in enumerate(table.names) if other == name.strip()]
    if not places:
        places = [index for index, label in enumerate(table.labels) if label == name.strip()]
    if len(places) == 1:
        return places[0]
    met = "no column" if not places else f"{len(places)} columns"
    raise RatingsError(
        f"{table.path}, line {table.header_line}: {met} called {shown(name)} (the mapping's {key}); columns met: "
        f"{', '.join(shown(other) for other in table.names[:12])}{', ...' if len(table.names) > 12 else ''}"
    )


def participant_of(table: Table, mapping: Mapping | None, participants: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    """The numbers of the columns that make up the participant's id; `participants` as of `layout_of`.

    Raises:
        RatingsError: there are none.
    """
    if mapping and mapping.columns.participant:
        return (_index(table, "columns.participant", mapping.columns.participant),)
    for parts in [*((name,) for name in PARTICIPANT_NAMES), *participants]:
        found = [index for part in parts if (index := table.index(part)) is not None]
        filled = all(table.cells[index].str.strip().ne("").any() for index in found)
        if len(found) == len(parts) and (filled or not len(table.lines)):
            return tuple(found)
    raise RatingsError(
        f"{table.path}, line {table.header_line}: no column names the participant; say in a mapping which does: "
        "[columns] participant = ..."
    )
