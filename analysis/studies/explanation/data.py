"""An explanation study: couples of maps, what measures and people say of them."""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import pandas as pd

from analysis.dataset import Published
from analysis.errors import AnalysisError
from analysis.makers import answers_of
from analysis.studies.explanation import ANALYSIS
from analysis.tables.answers import Answers

CONTROL, SAME_PICTURE = "control", "same_picture"
"""The kinds of items that show one map, and one picture, twice."""

LIKENESS, DIFFERENCE, TRUST = "likeness", "difference", "trust"
"""The tasks of items, each with the one question of this name; a dataset without a column `task` has the first."""

HIDDEN = "hidden"
"""The measure, of manipulations that change the class alone, that says how much of the new class's map lies beside what
changed it; 0 where the class stayed.
"""

REPLACED = ("cascading", "independent", "labels")
"""The checks in which another network takes the place of the explained one."""

BETWEEN = "explainers"
"""The check that compares explainers with one another."""

EDGES = "edges"
"""The edge detector, which sees no network."""

UNITS = ["batch", "image_id"]
"""Columns of comparisons with what makes them depend on one another."""

_NEEDED = {
    "items": ("batch", "check", "kind", "image_id", "explainer", "other_explainer", "layer", "first_id", "second_id"),
    "comparisons": ("batch", "check", "classifier", "image_id", "explainer", "other_explainer", "measure", "value"),
    "sanity": ("batch", "check", "classifier", "layer", "place", "same_class"),
}
"""Columns without which there is no report."""


@dataclass(frozen=True)
class Explanations(Published):
    """An explanation study: its items are couples of maps."""

    @property
    def comparisons(self) -> pd.DataFrame:
        """A row per couple of maps and measure."""
        return self.tables["comparisons"]

    @property
    def sanity(self) -> pd.DataFrame:
        """A row per network, explainer and measure; without any where no network was replaced."""
        return self.tables.get("sanity", pd.DataFrame(columns=list(_NEEDED["sanity"])))

    @cached_property
    def measures(self) -> list[str]:
        """The measures that are columns of the items, in the order of the columns."""
        measured = set(self.comparisons["measure"])
        return [str(name) for name in self.items.columns if name in measured]

    @cached_property
    def explainers(self) -> list[str]:
        """The explainers, in the order in which they were compared, and the edge detector last."""
        both = pd.concat([self.comparisons["explainer"], self.comparisons["other_explainer"]])
        names = [str(name) for name in dict.fromkeys(both)]
        return [*(name for name in names if name != EDGES), *(name for name in names if name == EDGES)]

    @cached_property
    def couples(self) -> Answers:
        """The answers about how alike two maps are, of all items that ask it but controls."""
        answers = self.about(LIKENESS)
        return replace(answers, items=answers.items[answers.items["kind"] != CONTROL].reset_index(drop=True))

    def about(self, task: str) -> Answers:
        """The answers to the one question of a task, about its items."""
        items = self.items[self.items["task"] == task] if "task" in self.items else self.items
        answers = answers_of(replace(self, items=items.reset_index(drop=True)), ANALYSIS)
        return replace(answers, questions=tuple(each for each in answers.questions if each.name == task))


def read(published: Published) -> Explanations:
    """The dataset as an explanation study.

    Raises:
        AnalysisError: it lacks a table or a column.
    """
    tables = {"items": published.items, **published.tables}
    for name, columns in _NEEDED.items():
        if name not in tables:
            if name == "sanity":  # where no batch replaces a network, there is no such table
                continue
            raise AnalysisError(f"{published.name}: has no table {name!r}; verify the dataset")
        lacking = [column for column in columns if column not in tables[name]]
        if lacking:
            raise AnalysisError(f"{published.name}: table {name!r} has no column {lacking[0]!r}; verify the dataset")
    return Explanations(**{field.name: getattr(published, field.name) for field in fields(Published)})


def study(published: Published) -> Explanations:
    """The dataset, known to be an explanation study.

    Raises:
        AnalysisError: it is none.
    """
    if not isinstance(published, Explanations):
        raise AnalysisError(f"{published.name}: is no explanation study; read it with `analysis.load`")
    return published
