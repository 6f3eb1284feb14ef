"""The questions that people were asked, read from the columns of the published table `ratings`.

A question's name is its column, and the type of the column says how it is answered: a number, yes or no, a word. What
depends on that is a `match` that ends in `assert_never`, so that a checker of types names every place that one more
type of question would touch.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

import numpy as np
import pandas as pd

Column: TypeAlias = "pd.Series[Any]"

SHARED: Final = frozenset(
    {
        *("rating_id", "participant_id", "response_time_ms", "position", "rated_at", "source"),
        *("arm", "side", "weight"),
    }
)
"""Columns of `ratings` that are no questions, beside the id of the item."""

MOST_OPTIONS: Final = 10
"""Options of a choice that have figures of their own: those that were chosen most."""


@dataclass(frozen=True)
class Scale:
    """A question that is answered by a number; `span` is the length of its scale, where a kind of study says it."""

    name: str
    span: float | None = None


@dataclass(frozen=True)
class YesNo:
    """A question that is answered by yes or no."""

    name: str


@dataclass(frozen=True)
class Choice:
    """A question that is answered by one of several words."""

    name: str


Question: TypeAlias = Scale | YesNo | Choice


def read_questions(ratings: pd.DataFrame, key: str, declared: Collection[Question] = ()) -> tuple[Question, ...]:
    """The questions of a table of ratings, in the order of its columns.

    ratings: as `analysis.frames.frame` gives it. key: the column with the id of the item.
    declared: questions of which a kind of study says more than a column does; one of the same name and type is taken.

    A column of another type, such as a list, is no question.
    """
    declarations = {(question.name, type(question)): question for question in declared}
    typed = [_question(str(name), ratings[name]) for name in ratings.columns if name not in SHARED | {key}]
    return tuple(
        declarations.get((question.name, type(question)), question) for question in typed if question is not None
    )


def how(question: Question) -> str:
    """The way in which a question is answered, in words."""
    match question:
        case Scale():
            return "a number"
        case YesNo():
            return "yes or no"
        case Choice():
            return "a choice"
        case _:
            assert_never(question)


def aggregates(questions: Collection[Question]) -> list[str]:
    """The columns of published items that are made from the answers to these questions."""
    return [f"{question.name}_{end}" for question in questions for end in _ends(question)]


def counts(questions: Collection[Question]) -> list[str]:
    """The columns of published items with how many ratings there are, and how many answers to each question."""
    return ["n_ratings", *(f"n_{question.name}" for question in questions)]


def answers_of(question: Question, ratings: pd.DataFrame) -> Column:
    """The answers to a question as statistics take them: numbers, 0 and 1 for no and yes, words; NaN where none is."""
    answers = ratings[question.name]
    match question:
        case Scale() | YesNo():
            return pd.Series(answers.astype("Float64").to_numpy(np.float64, na_value=np.nan), answers.index)
        case Choice():
            return answers.astype("object").where(answers.notna(), np.nan)
        case _:
            assert_never(question)


def figures_of(question: Question, answers: Column) -> dict[str, Column]:
    """Numbers whose mean says what was answered, by what the mean is of; NaN where there is no answer.

    answers: as `answers_of` gives them. Of a choice each option is 1 where it was chosen and 0 where another was; only
    the MOST_OPTIONS options that were chosen most are there, and of two the first by name, for the other says the same.
    """
    match question:
        case Scale() | YesNo():
            return {question.name: answers}
        case Choice():
            named = options(answers)
            telling = named[:1] if answers.nunique() == 2 else named
            return {f"{question.name}: {option}": _chosen(answers, option) for option in telling}
        case _:
            assert_never(question)


def options(answers: Column) -> list[str]:
    """The words that a choice was answered with, by name; only the MOST_OPTIONS most frequent ones."""
    counts = answers.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    return sorted(str(option) for option in counts.index[:MOST_OPTIONS])


def _question(name: str, column: Column) -> Question | None:
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return YesNo(name)
    if pd.api.types.is_float_dtype(dtype):
        return Scale(name)
    words = isinstance(dtype, pd.StringDtype) or (dtype.kind == "O" and column.map(_is_word).all())
    return Choice(name) if words else None


def _is_word(value: Any) -> bool:
    return isinstance(value, str) or value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _ends(question: Question) -> tuple[str, str]:
    match question:
        case Scale():
            return "mean", "std"
        case YesNo():
            return "rate", "std"
        case Choice():
            return "mode", "share"
        case _:
            assert_never(question)


def _chosen(answers: Column, option: str) -> Column:
    return (answers == option).astype(np.float64).where(answers.notna())
