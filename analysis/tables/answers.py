"""Answers of people about items, as the tables take them that every study has, and as complete blocks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis import frames
from analysis.errors import MissingDataError
from analysis.frames import Column
from analysis.questions import Question, answers_of, figures_of
from analysis.registry import ITEM, Noun

_COMPLETE = 0.9


@dataclass(frozen=True)
class Answers:
    """The answers of people, and the items that they are about.

    items: a row per item, with its column `unit`: the independent batch that it is in (see `analysis.frames.units`).
    ratings: a row per participant and item.
    key: the column of both with the id of an item.
    questions: columns of `ratings`.
    item: what an item is called.
    clusters: from what a unit of dependence is called, in the plural, to its column in `items`, from coarse to fine;
        the first is what a person rates as a whole.
    condition: a column of `items`, such as the sample kind, whose values are looked at apart; None for none.
    """

    items: pd.DataFrame
    ratings: pd.DataFrame
    key: str
    questions: tuple[Question, ...]
    item: Noun = ITEM
    clusters: Mapping[str, str] = field(default_factory=dict)
    condition: str | None = None

    @classmethod
    def about(
        cls,
        items: pd.DataFrame,
        ratings: pd.DataFrame,
        key: str,
        questions: tuple[Question, ...],
        item: Noun = ITEM,
        clusters: Mapping[str, str] | None = None,
        condition: str | None = None,
    ) -> "Answers":
        """The answers, with the column `unit` of `items` made; clusters and a condition that `items` lack are none."""
        there = {name: column for name, column in (clusters or {}).items() if column in items}
        unit = frames.units(items, ratings, key, list(there.values()))
        condition = condition if condition in items else None
        return cls(items.assign(unit=unit), ratings, key, questions, item, there, condition)

    @property
    def units(self) -> tuple[str, ...]:
        """Columns of `items` with what makes them depend on one another, raters included, from coarse to fine."""
        return ("unit", *list(self.clusters.values())[1:])

    def joined(self) -> pd.DataFrame:
        """A row per participant and item that there is.

        Columns: the key, participant_id, the answers as `analysis.questions.answers_of` gives them, and of the item
        batch (what a person rates as a whole; 0 where the items do not say), `units` and the condition.

        Raises:
            MissingDataError: there are none.
        """
        rows = self.ratings[[self.key, "participant_id"]]
        rows = rows.assign(**{question.name: answers_of(question, self.ratings) for question in self.questions})
        whole = self.items[next(iter(self.clusters.values()))] if self.clusters else 0
        columns = [*self.units, *([self.condition] if self.condition else [])]
        joined = rows.merge(self.items.assign(batch=whole)[[self.key, "batch", *columns]], on=self.key)
        if joined.empty:
            raise MissingDataError("the dataset has no ratings")
        return joined

    def figures(self, joined: pd.DataFrame) -> Iterator[tuple[str, Question, Column]]:
        """The names of each question's figures, the question, and the numbers that each is a mean of; see `figures_of`.

        joined: rows with the answers, such as those of `joined`.
        """
        for question in self.questions:
            for name, numbers in figures_of(question, joined[question.name]).items():
                yield name, question, numbers

    def counted(self) -> pd.DataFrame:
        """`items` with n_ratings and, for each question, n_<question>: ratings of an item, and answers to it."""
        answers = self.ratings.groupby(self.key, observed=True)
        counts = {f"n_{question.name}": answers[question.name].count() for question in self.questions}
        counts = {"n_ratings": answers.size()} | counts
        by_item = {name: self.items[self.key].map(n).fillna(0).astype("int64") for name, n in counts.items()}
        return self.items.assign(**by_item)


def complete_block(joined: pd.DataFrame, key: str, values: Column) -> pd.DataFrame:
    """A row per item, a column per participant, without gaps: what two-way analysis of variance needs.

    A participant with less than 90 % of the items is left out, then every item that one of the others lacks.

    joined: rows with the column `key` and participant_id. values: the answer of each row.
    """
    answered = joined[[key, "participant_id"]].assign(answer=values)
    wide = answered.pivot_table(index=key, columns="participant_id", values="answer", observed=True)
    wide = wide.loc[:, wide.notna().mean() >= _COMPLETE]
    return wide.dropna(axis="index") if wide.shape[1] else wide.iloc[:0]
