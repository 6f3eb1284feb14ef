"""Deciders of one question about the same items, people and models, and the right answer of an item."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers

PEOPLE, MAJORITY, ALL = "people", "majority", "all"


@dataclass(frozen=True)
class Deciders:
    """Answers to one question as numbers from 0: places in `labels`, NaN where somebody did not answer.

    items: a row per item that somebody answered.
    labels: the possible answers in their order.
    people: (people, items).
    models: (items,) by name.
    built: (items,) by reference: what is right by the item's making.
    """

    items: pd.DataFrame
    labels: list[str]
    people: Numbers
    models: Mapping[str, Numbers]
    built: Mapping[str, Numbers] = field(default_factory=dict)

    @property
    def references(self) -> list[str]:
        """The answers that may count as right: the answer of most people, then each of `built`."""
        return [MAJORITY, *self.built]

    @property
    def known_references(self) -> list[str]:
        """The references that say of any item what is right."""
        return [MAJORITY, *(name for name, right in self.built.items() if np.isfinite(right).any())]

    @cached_property
    def _counts(self) -> Numbers:
        """(labels, items), how many people gave each answer."""
        return np.stack([(self.people == label).sum(axis=0) for label in range(len(self.labels))]).astype(np.float64)

    def right(self, reference: str, *without: int) -> Numbers:
        """(items,), the right answer by a reference; NaN where it is not known.

        By the majority of people, those with the numbers in `without` are left out: nobody is compared with a majority
        that they are part of. Where two answers are given as often, nothing is right.
        """
        if reference != MAJORITY:
            return self.built[reference]
        counts = self._counts.copy()
        for label in range(len(self.labels)):
            counts[label] -= (self.people[list(without)] == label).sum(axis=0)
        most = counts.max(axis=0)
        clear = (most > 0) & ((counts == most).sum(axis=0) == 1)
        return np.where(clear, counts.argmax(axis=0).astype(np.float64), np.nan)

    def among(self, rows: npt.NDArray[np.bool_]) -> "Deciders":
        """The same on some of the items alone."""
        return Deciders(
            self.items[rows].reset_index(drop=True),
            self.labels,
            self.people[:, rows],
            {name: answers[rows] for name, answers in self.models.items()},
            {name: answers[rows] for name, answers in self.built.items()},
        )


def deciders(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    references: Mapping[str, str] | None = None,
) -> Deciders:
    """The answers of people and models.

    items: a row per item.
    ratings: a row per answer of a person to an item, with `participant_id`.
    key: the column of both tables with the item's id.
    question: the column of `ratings` with the answer: booleans or words.
    decisions: the column of `items` with the answer of each model to the same question; null where it has none.
    references: the column of `items` with what is right by each reference beside the majority of people; null where it
        does not say.

    Raises:
        MissingDataError: there are no answers to the question.
    """
    answered = ratings.dropna(subset=question).drop_duplicates(["participant_id", key])
    answered = answered[answered[key].isin(items[key])]
    if answered.empty:
        raise MissingDataError(f"the dataset has no ratings of {question}")
    items = items[items[key].isin(answered[key])].reset_index(drop=True)
    built = references or {}
    columns = [answered[question], *(items[column] for column in [*decisions.values(), *built.values()])]
    labels = sorted({label for column in columns for label in _words(column).dropna()}, key=_order)
    coded = answered.assign(code=_codes(answered[question], labels))
    wide = coded.pivot(index="participant_id", columns=key, values="code").reindex(columns=items[key])
    return Deciders(
        items,
        labels,
        wide.to_numpy(np.float64),
        {name: _codes(items[column], labels) for name, column in decisions.items()},
        {name: _codes(items[column], labels) for name, column in built.items()},
    )


def conditions(of: Deciders, column: str | None) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """ALL and every item, then each value of a column of the items, in their order, and the items that have it."""
    yield ALL, np.ones(len(of.items), np.bool_)
    if column is not None:
        values = of.items[column]
        for value in values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else sorted(set(values)):
            rows = (values == value).to_numpy(np.bool_)
            if rows.any():
                yield str(value), rows


def _words(answers: Column) -> Column:
    """Answers as words; those of a question with yes and no are booleans, or numbers 0 and 1."""
    if pd.api.types.is_bool_dtype(answers.dtype) or pd.api.types.is_numeric_dtype(answers.dtype):
        numbers = answers.astype("Float64")
        return numbers.map(lambda value: "yes" if value > 0.5 else "no", na_action="ignore").astype("object")
    words = answers.astype("object")
    return words.where(words.isna(), words.map(lambda answer: {True: "yes", False: "no"}.get(answer, str(answer))))


def _order(label: str) -> tuple[int, str]:
    """Places "no" before "yes", and other answers by name."""
    return ({"no": 0, "yes": 1}.get(label, 2), label)


def _codes(answers: Column, labels: list[str]) -> Numbers:
    place = {label: float(number) for number, label in enumerate(labels)}
    return np.asarray(_words(answers).map(place), np.float64)
