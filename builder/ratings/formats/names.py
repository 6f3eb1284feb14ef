"""Names of columns: the item of the study, and the part of an answer, that they speak of."""

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence

from builder.ratings.column_keys import details
from builder.ratings.export import StudyItems
from builder.tasks import Questionnaire

PARTICIPANT_NAMES = ("participant_id", "participant", "prolific_pid", "prolific_id", "prolificpid", "prolificid")
"""Columns that name the participant in any export, best first; the platform's own id comes after these."""

ITEM = "the item"
"""The part of an answer that names its item."""

LIKE_AN_ITEM = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,59}-\d{5,9}-[a-z]+\d{0,9}-[a-z][a-z0-9.-]{0,150}")
"""An id such as another study's items have."""

_LONGER = re.compile(r"[.-][0-9]|-[a-z]")
_OURS = {"response", "time", "ms", "s", "position", "rated", "at", "answer", "input", "images", "img"}
_QUIET = re.compile(
    r"(first|last)[_ ]click|click[_ ]count|_do(_\d+)*\s*$|strategy|^(question|group) time|^(frage|gruppen)zeit"
    r"|\.(rt|started|stopped|duration|corr|history)$"
)
"""Parts of the names of columns beside a question that are no answer to it: Qualtrics' clicks and display orders,
strategies, LimeSurvey's times, what PsychoPy keeps of a component.
"""


def tokens_of(name: str) -> tuple[str, ...]:
    """The words and numbers of a name, in lower case."""
    return tuple(re.findall(r"[a-z0-9]+", name.casefold()))


def item_columns(asks: Questionnaire) -> tuple[str, str]:
    """Columns that name the item in any export, best first."""
    return asks.key, asks.item


class ItemFinder:
    """Finds the item of the study that a text names."""

    def __init__(self, items: StudyItems, aliases: Dict[str, str]) -> None:
        self._ours = {*_OURS, *items.asks.names}
        self._ids = {item_id.casefold(): item_id for item_id in items.ids()}
        self._ids |= {alias.casefold(): item_id for alias, item_id in aliases.items()}
        self._loose: dict[tuple[str, ...], set[str]] = {}
        for name, item_id in self._ids.items():
            self._loose.setdefault(tokens_of(name), set()).add(item_id)
        self._longest = max(map(len, self._loose), default=0)
        self._firsts = {tokens[0] for tokens in self._loose if tokens}

    def find(self, text: str) -> tuple[set[str], str]:
        """The items that a text names, and the text without them.

        An id as it is written counts first; only where there is none, one whose hyphens and dots a tool replaced,
        and that only where nothing but words of ours and numbers stands before it.
        """
        lower = text.casefold()
        words = list(re.finditer(r"[a-z0-9]+", lower))
        foreign = next((at for at, word in enumerate(words) if self._foreign(word[0])), len(words))
        exact, loose = [], []
        for first in range(len(words)):
            if words[first][0] not in self._firsts:
                continue
            for last in range(first, min(first + self._longest, len(words))):
                if tuple(word[0] for word in words[first : last + 1]) not in self._loose:
                    continue
                start, end = words[first].start(), words[last].end()
                if lower[start:end] in self._ids:
                    exact += [(start, end)] if self._alone(lower, words, first, end) else []
                elif foreign >= first:
                    loose.append((start, end))
        if exact:
            return {self._ids[lower[start:end]] for start, end in exact}, _without(lower, exact)
        named = {item for start, end in loose for item in self._loose[tokens_of(lower[start:end])]}
        return named, _without(lower, loose)

    def _alone(self, text: str, words: Sequence["re.Match[str]"], first: int, end: int) -> bool:
        """Whether what stands from a word to `end` is no part of a longer id, such as ...-0.2 of ...-0.25 or ...-0.2-1.

        Only what stands around it is looked at: a name may be long, and name items a thousand times.
        """
        before = words[first - 1]
        if first and text[before.end() : words[first].start()] == "-" and before[0] not in self._ours:
            return False
        return not _LONGER.match(text, end)

    def _foreign(self, word: str) -> bool:
        """Whether a word is none of ours: small_00000_... may be the end of very_small_00000_..."""
        return word not in self._ours and not re.fullmatch(r"[a-z]{0,3}\d+", word)


def part_of(name: str, asks: Questionnaire) -> str | None:
    """The part of an answer that a name without its item speaks of; None where it is none that is understood.

    Raises:
        ValueError: of two.
    """
    tokens = tokens_of(name)
    words = "_".join(["", *tokens, ""])
    if "_page_submit_" in words or "_response_time_s_" in words:
        return "response_time_s"
    if is_quiet(name):
        return None
    if "_response_time_ms_" in words or tokens == ("rt",):
        return "response_time_ms"
    if "_rated_at_" in words:
        return "rated_at"
    return one_of(tokens, (*asks.names, "position", *(("side",) if asks.counterbalance else ())))


def is_quiet(name: str) -> bool:
    """Whether a name beside a question is one of those that tools give to what is no answer."""
    return _QUIET.search(name.casefold()) is not None


def one_of(tokens: Sequence[str], words: Sequence[str]) -> str | None:
    """The one of the words, each of one or more tokens, that is among the tokens, None where there is none.

    A word within another, such as `emotion` in `emotion_strength`, does not count beside it.

    Raises:
        ValueError: several are.
    """
    name = "_".join(["", *tokens, ""])
    met = [word for word in words if f"_{word}_" in name]
    met = [word for word in met if not any(word != other and f"_{word}_" in f"_{other}_" for other in met)]
    if len(met) > 1:
        raise ValueError(" and ".join(met))
    return met[0] if met else None


def asks_in(name: str, asks: Questionnaire) -> list[str]:
    """The questions that a name speaks of."""
    words = "_".join(["", *tokens_of(name), ""])
    return [question for question in asks.names if f"_{question}_" in words]


def long_part(name: str, asks: Questionnaire) -> str | None:
    """The part of an answer of a column whose name, but for a number at its end, is only that; or ITEM."""
    plain = "_".join(tokens_of(re.sub(r"_\d+$", "", name.strip())))
    if plain in item_columns(asks):
        return ITEM
    if plain.endswith("page_submit"):
        return "response_time_s"
    return plain if plain in (*asks.names, *details(asks)) else None


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, after = [], 0
    for start, end in sorted(spans):
        parts.append(text[after:start])
        after = max(after, end)
    return " ".join([*parts, text[after:]])
