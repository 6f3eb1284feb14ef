"""A classification study: what its classifiers say of every row, and what people say of their mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis import frames
from analysis.dataset import Published, Record
from analysis.errors import AnalysisError
from analysis.questions import Choice, YesNo
from analysis.studies.classification import ANALYSIS

QUESTION = "relevant"

OF, ACCEPTED = 5, 4
"""People side with a classifier where at least 4 of 5 valid answers say yes; of more answers the same share counts."""

UNITS = ("unit", "label")
"""Columns with what makes rows and items depend on one another, raters included, from coarse to fine."""

ADVERSARIAL, CONTROLS = "adversarial", {"agreed": True, "foil": False}
"""The kind of attacked images; and the kinds with a sure answer, with that answer."""

WHOLE, EXPLAINED = "whole", "explained"
"""The arms of a study that shows attacked images whole, and, days later, no more of them than speaks for their class;
the latter is also the kind of these items."""

ASSIGNED, ASSIGNMENT = "assigned", "assignment"
"""The question which class an image belongs to, and the kind of its items."""

EXPERT = "expert"
"""The source of answers of a study's authors, which are in no aggregate."""

MANY = 10
"""A top-5 error says something of a classifier that names more classes than these."""

_NEEDED = {
    "items": ("batch", "kind", "row", "label", "shown_class", "weight", "image_id"),
    "predictions": ("row", "batch", "label"),
    "attacks": ("row", "classifier", "class", "success", "float_class"),
    "examples": ("class", "method", "role", "rank", "row", "classifier"),
    "explanations": ("image_id", "row", "label", "classifier", "attacked", "class", "rank", "shown", "probability"),
}
"""Columns of the tables without which there is no report."""

_WORDS = {"yes": True, "no": False}
"""The valid answers where people chose among words; another, such as that they cannot tell, is none."""


@dataclass(frozen=True)
class Classification(Published):
    """A classification study.

    experts: ratings by the study's authors, in no aggregate; none where there are none.
    cannot_tell: the answers of people that are neither yes nor no, and so not valid.
    """

    experts: pd.DataFrame = field(default_factory=pd.DataFrame)
    cannot_tell: int = 0

    @property
    def predictions(self) -> pd.DataFrame:
        """A row per row of the source, with each classifier's first five classes."""
        return self.tables["predictions"]

    @property
    def attacks(self) -> pd.DataFrame:
        """A row per row that was attacked; empty where none was."""
        return self.tables.get("attacks", pd.DataFrame(columns=list(_NEEDED["attacks"])))

    @property
    def classifiers(self) -> list[str]:
        """Names, in the order of the columns of `predictions`."""
        return _names(self.predictions)

    @property
    def attacked(self) -> list[str]:
        """The classifiers that were attacked."""
        return [name for name in self.classifiers if name in set(self.attacks["classifier"])]

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The items that show images whole with what people say of them; see `judged`."""
        return self._judged[self._judged["arm"] == WHOLE] if "arm" in self._judged else self._judged

    @cached_property
    def explained(self) -> pd.DataFrame:
        """The same of attacked images of which no more is shown than speaks for their class; empty where none is."""
        return self._judged[self._judged["kind"] == EXPLAINED]

    @cached_property
    def _judged(self) -> pd.DataFrame:
        return judged(self.items, self.ratings)

    @property
    def explanations(self) -> pd.DataFrame:
        """A row per superpixel of every explained image; empty where none is."""
        return self.tables.get("explanations", pd.DataFrame(columns=list(_NEEDED["explanations"])))

    @cached_property
    def rows(self) -> pd.DataFrame:
        """`predictions` with `unit` (the independent batch of each row) and `<name>_top1`, null where a classifier
        found nothing.
        """
        of_batch = self.judged.groupby("batch")["unit"].first()
        batch = self.predictions["batch"]
        named = batch.map(of_batch).astype("object").where(batch.isin(of_batch.index), "batch " + batch.astype(str))
        firsts = {f"{name}_top1": self.predictions[f"{name}_classes"].map(_first) for name in self.classifiers}
        return self.predictions.assign(unit=pd.factorize(named)[0], **firsts)

    @property
    def labeled(self) -> pd.DataFrame:
        """The rows that have a label, without which nothing is an error."""
        return self.rows[self.rows["label"].notna()]

    @property
    def examples(self) -> pd.DataFrame:
        """A row per example of a class; empty where there are none."""
        return self.tables.get("examples", pd.DataFrame(columns=list(_NEEDED["examples"])))

    def has_top5(self, name: str) -> bool:
        """Whether a classifier names enough classes for a top-5 error to say something."""
        column = f"{name}_label_in_top5"
        if column in self.predictions:
            return bool(self.predictions[column].notna().any())
        named = self.predictions[f"{name}_classes"].dropna()
        return len({each for classes in named for each in classes}) > MANY


def read(published: Published, record: Record) -> Classification:
    """The dataset as a classification study.

    Raises:
        AnalysisError: it lacks a table or a column that every such study has.
    """
    there = {"items": published.items, **published.tables}
    if "predictions" not in there:
        raise AnalysisError(f"{published.name}: has no table `predictions`; name a published dataset or a study folder")
    names = _names(published.tables["predictions"])
    if not names:
        raise AnalysisError(f"{published.name}: table `predictions` names no classifier; verify the dataset")
    of_each = [f"{name}_{what}" for name in names for what in ("top1", "mistake")]
    columns = list(dict.fromkeys([*published.items, *of_each]))
    items = published.items if len(published.items) else published.items.reindex(columns=columns)
    there["items"] = items
    for table, needed in (_NEEDED | {"items": (*_NEEDED["items"], *of_each)}).items():
        lacking = [column for column in needed if table in there and column not in there[table]]
        if lacking:
            raise AnalysisError(f"{published.name}: table `{table}` has no column {lacking[0]!r}; verify the dataset")
    shared = {each.name: getattr(published, each.name) for each in fields(Published)}
    shared["items"] = _with_answers(items, published.tables["predictions"], names)
    ratings, cannot_tell = _yes_or_no(published)
    by_expert = ratings["source"] == EXPERT
    shared["ratings"] = ratings[~by_expert].reset_index(drop=True)
    question_types = {type(each) for each in published.questions if each.name == QUESTION}
    if question_types == {Choice}:
        others = tuple(each for each in published.questions if each.name != QUESTION)
        shared["questions"] = (YesNo(QUESTION), *others)
    return Classification(**shared, experts=ratings[by_expert].reset_index(drop=True), cannot_tell=cannot_tell)


def study(published: Published) -> Classification:
    """The dataset, known to be a classification study.

    Raises:
        AnalysisError: it is none.
    """
    if not isinstance(published, Classification):
        raise AnalysisError(f"{published.name}: is no classification study; read it with `analysis.load`")
    return published


def judged(items: pd.DataFrame, ratings: pd.DataFrame) -> pd.DataFrame:
    """The items with `unit` (see `analysis.frames.units`), `n_answers` (valid ones), `n_yes`, `share` (of yes) and
    `level`: how many of 5 say yes, 0 to 5, rounded down where there are more than 5 answers; NaN where there are fewer,
    and the item counts as not asked.
    """
    clusters = [column for column in ANALYSIS.clusters.values() if column in items]
    unit = frames.units(items, ratings, "item_id", clusters)
    valid = ratings.dropna(subset=QUESTION) if QUESTION in ratings else ratings.head(0)
    answers = valid.assign(yes=valid[QUESTION].astype("int64")) if len(valid) else valid.assign(yes=0)
    by_item = answers.groupby("item_id")["yes"].agg(["size", "sum"])
    n, yes = (items["item_id"].map(by_item[name]).fillna(0).astype("int64") for name in ("size", "sum"))
    level = (OF * yes // n.clip(lower=1)).astype("float64").where(n >= OF)
    share = (yes / n.clip(lower=1)).where(n > 0)
    return items.assign(unit=unit, n_answers=n, n_yes=yes, share=share, level=level)


def measures(of: Classification) -> dict[str, str]:
    """The column of the items with the probability that each classifier gives the shown class, by its name."""
    return {name: f"{name}_probability" for name in of.classifiers}


def relevance_decisions(of: Classification) -> dict[str, Any]:
    """Arguments of `error_consistency`: who says of which item that shows an image whole that the class is relevant.

    A classifier says it of its top-1 class. The reference "label" is right where the shown class is the label.
    """
    decisions = {name: f"{name}_says" for name in of.classifiers}
    label = (of.judged["label"] == of.judged["shown_class"]).astype("boolean")
    return {
        "items": of.judged.assign(by_label=label),
        "ratings": of.ratings[of.ratings["item_id"].isin(of.judged["item_id"])],
        "key": "item_id",
        "question": QUESTION,
        "decisions": decisions,
        "references": {"label": "by_label"},
        "units": UNITS,
    }


def _names(predictions: pd.DataFrame) -> list[str]:
    ending = "_probabilities"
    names = [str(column).removesuffix(ending) for column in predictions if str(column).endswith(ending)]
    return [name for name in names if f"{name}_classes" in predictions]


def _first(classes: Any) -> str | None:
    return None if classes is None or (isinstance(classes, float) and np.isnan(classes)) else str(classes[0])


def _with_answers(items: pd.DataFrame, predictions: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The items with `<name>_says`, whether the shown class is the classifier's for the image (null where it was not
    asked or found nothing), and `<name>_probability`, that of the shown class; NaN of attacked and explained images,
    whose probabilities are not published, and where the class is not among the first five.
    """
    at = {row: place for place, row in enumerate(predictions["row"].to_list())}
    changed = items["kind"].isin([ADVERSARIAL, EXPLAINED]) | (items.get("arm") == EXPLAINED)
    attacked, shown_classes = (changed.to_list(), items["shown_class"].to_list())
    places = [None if skip else at.get(row) for skip, row in zip(attacked, items["row"].to_list(), strict=True)]
    columns: dict[str, Any] = {}
    for name in names:
        first = items[f"{name}_top1"]
        columns[f"{name}_says"] = (first == items["shown_class"]).astype("boolean").where(first.notna())
        classes, shares = (predictions[f"{name}_{what}"].to_list() for what in ("classes", "probabilities"))
        columns[f"{name}_probability"] = [
            np.nan if place is None else _share(class_, classes[place], shares[place])
            for place, class_ in zip(places, shown_classes, strict=True)
        ]
    return items.assign(**columns)


def _share(class_: str, classes: Any, probabilities: Any) -> float:
    if _first(classes) is None:
        return np.nan
    return next((float(p) for name, p in zip(classes, probabilities, strict=True) if name == class_), np.nan)


def _yes_or_no(published: Published) -> tuple[pd.DataFrame, int]:
    """The ratings with answers of yes and no alone, and how many of people were something else."""
    ratings = published.ratings
    if QUESTION not in ratings or not any(
        isinstance(each, Choice) for each in published.questions if each.name == QUESTION
    ):
        return ratings, 0
    answers = ratings[QUESTION]
    values = answers.map(_WORDS).astype("boolean")
    neither = answers.notna() & values.isna() & ratings["source"].isin(["human", "simulated"])
    return ratings.assign(**{QUESTION: values}), int(neither.sum())
