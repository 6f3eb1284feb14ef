"""`[columns]` of a mapping: which column of an export holds what."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from builder.settings import Settings
from builder.tasks import Questionnaire
from builder.toml import literal

DETAILS = ("response_time_ms", "response_time_s", "position", "rated_at")
"""Keys of [columns] that say something of an answer; where sides are counterbalanced there is `side` as well."""

PERSON = ("age", "gender", "country", "continent", "duration_s")
"""Keys of [columns] that hold something of the participant; beside these and the study's free texts nothing of a person
is ever read.
"""

LOOP = "{loop}"
"""Stands in a pattern for the number of a loop."""

PARTICIPANT = "{participant}"
"""Stands in a pattern for a participant, of whom the column is."""


def details(asks: Questionnaire) -> tuple[str, ...]:
    """Keys of [columns] that say something of an answer."""
    return (*DETAILS, *(("side",) if asks.counterbalance else ()))


def answer_keys(asks: Questionnaire) -> tuple[str, ...]:
    """Keys of [columns] that hold a part of an answer; in wide form each is a pattern."""
    return (*asks.names, *details(asks))


def fact_keys(asks: Questionnaire) -> tuple[str, ...]:
    """Keys of [columns] that hold something of the participant."""
    return (*PERSON, *asks.text_names)


def column_keys(asks: Questionnaire) -> tuple[str, ...]:
    """The keys of [columns]."""
    return ("participant", asks.item, *answer_keys(asks), *fact_keys(asks))


class Columns(Settings):
    """`[columns]`: the names of columns as the export writes them.

    answers: by key of `answer_keys`, a name or a pattern with `placeholder`. facts: by key of `fact_keys`. item: the
    columns that name the item. placeholder: stands in the patterns where the layout is wide, for the item, a loop or
    the participant; "" where it is long.
    """

    participant: str | None = None
    item: tuple[str, ...] = ()
    answers: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict)
    placeholder: str = ""

    def get(self, key: str) -> str | None:
        """The column of a key of an answer, a fact or the participant; None where it is not given."""
        return self.participant if key == "participant" else self.answers.get(key) or self.facts.get(key)

    def names(self) -> tuple[str, ...]:
        """All columns that are given; of an item the first."""
        participant = () if self.participant is None else (self.participant,)
        return (*participant, *self.item[:1], *self.answers.values(), *self.facts.values())


def columns_of(table: Any, asks: Questionnaire) -> Columns:
    """The [columns] of a file.

    Raises:
        ValueError: every key that is unknown or is no name of a column, or patterns that do not go together.
    """
    if not isinstance(table, dict):
        raise ValueError("columns: must be a table")
    wrong = list(_wrong_names(table, asks))
    if wrong:
        raise ValueError("\n  ".join(wrong))
    items = table.get(asks.item, ())
    columns = Columns(
        participant=table.get("participant"),
        item=(items,) if isinstance(items, str) else tuple(items),
        answers={key: table[key] for key in answer_keys(asks) if key in table},
        facts={key: table[key] for key in fact_keys(asks) if key in table},
    )
    texts = "".join(columns.answers.get(name, "") for name in asks.names)
    placeholder = next((part for part in _placeholders(asks) if part in texts), "")
    columns = columns.model_copy(update={"placeholder": placeholder})
    _check_layout(columns, asks)
    return columns


def _placeholders(asks: Questionnaire) -> tuple[str, str, str]:
    return f"{{{asks.item}}}", LOOP, PARTICIPANT


def _wrong_names(table: dict[str, Any], asks: Questionnaire) -> Iterator[str]:
    for key, name in table.items():
        names = name if key == asks.item and isinstance(name, list | tuple) and name else [name]
        if key not in column_keys(asks):
            yield f"columns.{key}: unknown key; known here: {', '.join(column_keys(asks))}"
        elif not all(isinstance(each, str) and 0 < len(each) <= 5000 for each in names):
            many = ", or a list of them" if key == asks.item else ""
            yield f"columns.{key} = {literal(name)}: must be the name of a column in quotes{many}"


def _check_layout(columns: Columns, asks: Questionnaire) -> None:
    for key, name in columns.answers.items():
        count = sum(map(name.count, _placeholders(asks)))
        whole_line = key == "rated_at" and count == 0
        right = columns.placeholder in name if columns.placeholder else True
        if not whole_line and (count != (1 if columns.placeholder else 0) or not right):
            raise ValueError(
                f"columns.{key} = {literal(name)}: in wide form every pattern holds the same one of "
                f"{', '.join(_placeholders(asks))}, once; in long form none does"
            )
    if columns.placeholder == PARTICIPANT:
        of_one = next((key for key in ("participant", *columns.facts) if columns.get(key)), None)
        if of_one:
            raise ValueError(f"columns.{of_one}: is of one person, and a line of a table with {PARTICIPANT} of several")
    elif columns.placeholder and columns.item:
        raise ValueError(f"columns.{asks.item}: the patterns with {columns.placeholder} name the {asks.item} already")
    if "response_time_ms" in columns.answers and "response_time_s" in columns.answers:
        raise ValueError("columns.response_time_s: response_time_ms is given already")
