"""An expression study: its faces, the classifiers that read them, and the groups that faces are in."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import frames
from analysis.dataset import Published, Record
from analysis.errors import AnalysisError
from analysis.frames import Column
from analysis.inference.units import MOST_LEFT_OUT, Codes
from analysis.studies.expression.references import (
    EMOTIONS,
    PEOPLE,
    RULES,
    Reference,
    by_answers,
    by_labels,
    by_votes,
)
from analysis.tables.groups import LEAST_PEOPLE, OTHERS, group_labels
from loading_script.votes import Rule

ALL = "all"
"""The grouping of all faces, and its one group."""

UNSURE = "unsure"
"""The group of faces of which a model or people are not sure: no group of persons."""

FOUND, GROUP, PREDICTED, CONFIDENCE = "_found", "group_", "predicted_", "_confidence"

PERSONS = ("person", "subject", "identity")
"""A group of the source that is called so says whom a face is of: it is a unit of dependence, and no grouping."""

PERCEIVED = "perceived_gender"
"""The question for the gender that people see, where a study asks it."""

MOST_GROUPS = 20
"""Groups of a grouping at most: the largest; the others are merged."""

_NEEDED = ("batch", "image_id", "label", "label_shares", "dropped")
"""Columns of items without which there is no report."""


@dataclass(frozen=True)
class Expression(Published):
    """An expression study: its items are faces.

    rule: the label rule by which its votes became labels.
    k: fewest participants behind a figure that people are the reference of.
    confidences: by predicted grouping, the probability of its class below which a face is UNSURE.
    more: more groupings that were asked for, the group of every face by their name.
    """

    rule: Rule = "majority"
    k: int = LEAST_PEOPLE
    confidences: Mapping[str, float] = field(default_factory=dict)
    more: Mapping[str, Column] = field(default_factory=dict)

    @cached_property
    def classifiers(self) -> list[str]:
        """Names of the classifiers of emotions, in the order of the columns."""
        columns = [str(column) for column in self.items.columns if str(column).endswith(FOUND)]
        names = [column.removesuffix(FOUND) for column in columns if not column.startswith((GROUP, PREDICTED))]
        return [name for name in names if f"{name}_class" in self.items]

    @cached_property
    def decisions(self) -> dict[str, Codes]:
        """The place in EMOTIONS of each classifier's answer to every face, (n,); -1 for another class, -2 where
        it found no face.
        """
        place = {emotion: number for number, emotion in enumerate(EMOTIONS)}
        classes = {name: self.items[f"{name}_class"] for name in self.classifiers}
        has_face = {name: self.items[f"{name}{FOUND}"].astype("boolean").fillna(False) for name in classes}
        return {
            name: np.asarray(column.map(place).fillna(-1).where(has_face[name] & column.notna(), -2), np.intp)
            for name, column in classes.items()
        }

    def confidence(self, name: str) -> frames.Numbers:
        """The probability of the class that a classifier gives, (n,); NaN where it found no face."""
        return self.items[f"{name}{CONFIDENCE}"].to_numpy(np.float64, na_value=np.nan)

    @cached_property
    def groupings(self) -> dict[str, Column]:
        """The group of every face by grouping: those of the source, those that a model predicts, those that people see,
        those that were asked for; None where it is not known.
        """
        columns = [str(column) for column in self.items.columns]
        of_source = [name.removeprefix(GROUP) for name in columns if name.startswith(GROUP)]
        predicted = [name for name in columns if name.startswith(PREDICTED) and f"{name}{CONFIDENCE}" in self.items]
        by_name = {name: _groups(self.items[f"{GROUP}{name}"]) for name in of_source if name not in PERSONS}
        by_name |= {predicted_name(name.removeprefix(PREDICTED)): _groups(self.items[name]) for name in predicted}
        if self.perceived is not None:
            by_name[SEEN] = _groups(self.perceived)
        return by_name | {name: _groups(column) for name, column in self.more.items() if name not in by_name}

    @cached_property
    def crossed(self) -> dict[str, Column]:
        """The group of every face by two groupings together, such as gender and race; None where one is not known."""
        groupings = {}
        for (first, a), (second, b) in itertools.combinations(self.groupings.items(), 2):
            if _about(first) != _about(second):
                mask = a.notna() & b.notna() & a.ne(UNSURE) & b.ne(UNSURE)
                groupings[f"{first} x {second}"] = _groups((a.astype(str) + ", " + b.astype(str)).where(mask, None))
        return groupings

    @cached_property
    def parts(self) -> dict[str, dict[str, tuple[str, str]]]:
        """The two groups that each group of two groupings together is made of, by grouping of `crossed` and group."""
        by_grouping: dict[str, dict[str, tuple[str, str]]] = {}
        for (first, a), (second, b) in itertools.combinations(self.groupings.items(), 2):
            groups = self.crossed.get(f"{first} x {second}")
            if groups is not None:
                of_each = pd.DataFrame({"group": groups, "a": a, "b": b}).dropna().drop_duplicates("group").astype(str)
                parts = zip(of_each["a"], of_each["b"], strict=True)
                by_grouping[f"{first} x {second}"] = dict(zip(of_each["group"], parts, strict=True))
        return by_grouping

    @cached_property
    def perceived(self) -> "Column | None":
        """The gender that most people see in each face, UNSURE where most are or two are said as often; None where they
        were not asked.
        """
        if PERCEIVED not in self.ratings or not self.ratings[PERCEIVED].notna().any():
            return None
        counts = pd.crosstab(self.ratings[self.key], self.ratings[PERCEIVED])
        most = counts.max(axis=1)
        clear = counts.eq(most, axis=0).sum(axis=1) == 1
        return self.items[self.key].map(counts.idxmax(axis=1).where(clear, UNSURE)).astype(object)

    @cached_property
    def reference(self) -> Reference | None:
        """The right answer to each face: by labels where the source has any, else by people's answers; None without
        either.
        """
        return self.under(self.rule)

    def under(self, rule: Rule) -> Reference | None:
        """The same by another label rule. Labels of a source without votes are the same under every rule."""
        if self.items["label_shares"].notna().any():
            return by_votes(self.items["votes"], rule) if self.has_votes else by_labels(self.items)
        if len(self.ratings) and "emotion" in self.ratings and self.ratings["emotion"].notna().any():
            return by_answers(self.items[self.key], self.ratings, self.key, rule)
        return None

    @property
    def has_votes(self) -> bool:
        """Whether labels come of votes that are in the dataset."""
        return "votes" in self.items and bool(self.items["votes"].notna().any())

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The label rules under which figures differ: all where there are votes or answers of people, else none."""
        return RULES if self.reference is not None and (self.has_votes or self.reference.of == PEOPLE) else ()

    @cached_property
    def units(self) -> Codes:
        """The units of dependence of every face, from coarse to fine, (n, 2) or (n, 1); see `unit`. Of a batch, which
        shares its raters, faces are the finer unit: where all of them say the same, each counts.
        """
        faces = np.arange(len(self.items))
        if self.unit == "batches":
            batches = frames.units(self.items, self.ratings, self.key, ["batch"])
            return np.column_stack([batches.to_numpy(np.intp), faces])
        return self._persons[:, None]

    @cached_property
    def _persons(self) -> Codes:
        """The person that each face is of, (n,), from 0; as if each were of another where the source does not say."""
        codes, _ = pd.factorize(self.items[self._person]) if self._person else (np.arange(len(self.items)), None)
        return np.where(codes < 0, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes).astype(np.intp)

    @cached_property
    def left_out(self) -> str:
        """The units, or groups of many of them, that an interval leaves out in turn, in the plural."""
        many = self.unit != "batches" and len(np.unique(self.units[:, 0])) > MOST_LEFT_OUT
        return f"groups of {self.unit}" if many else self.unit

    @property
    def unit(self) -> str:
        """The name of the units of dependence, in the plural: batches where people are the reference, for they rated a
        whole one; persons where the source says whom a face is of; else faces.
        """
        if self.reference is not None and self.reference.of == PEOPLE:
            return "batches"
        return "persons" if self._person else "faces"

    def raters(self, faces: npt.NDArray[np.bool_]) -> int:
        """The number of people who said which emotion some of the faces show; faces: (n,)."""
        face, person = self._answered
        return len(np.unique(person[faces[face]]))

    @cached_property
    def _answered(self) -> tuple[Codes, Codes]:
        """The place of the face and the number of the person of every answer."""
        answers = self.ratings.loc[self.ratings["emotion"].notna(), [self.key, "participant_id"]]
        face = pd.Index(self.items[self.key]).get_indexer(answers[self.key])
        person, _ = pd.factorize(answers["participant_id"])
        return face[face >= 0].astype(np.intp), person[face >= 0].astype(np.intp)

    @property
    def _person(self) -> str | None:
        return next((f"{GROUP}{name}" for name in PERSONS if f"{GROUP}{name}" in self.items), None)


SEEN = "gender (people)"
"""The grouping by the gender that people see."""


def predicted_name(name: str) -> str:
    """The name of a grouping by what a model predicts."""
    return f"{name} (predicted)"


def read(published: Published, record: Record) -> Expression:
    """The dataset as an expression study.

    Raises:
        AnalysisError: its items are no faces with what classifiers say of them, or it does not say how it was made.
    """
    lacking = [name for name in _NEEDED if name not in published.items]
    if lacking:
        raise AnalysisError(f"{published.name}: table `items` has no column {lacking[0]!r}; verify the dataset")
    shared = {field.name: getattr(published, field.name) for field in fields(Published)}
    study = Expression(**shared, **_stated(record))
    if not study.classifiers:
        raise AnalysisError(f"{published.name}: table `items` has no column of a classifier; verify the dataset")
    return study


def grouped(study: Expression, names: Sequence[str], attributes: pd.DataFrame | None) -> Expression:
    """The study with more groupings: columns of the items, of the images or of attributes by image_id; numbers are cut
    as in `analysis.tables.groups`. Columns of none of these, such as those of participants, group no faces.
    """
    ids, groupings = study.items["image_id"], {}
    columns = [str(name) for name in (attributes.columns if attributes is not None else ()) if name != "image_id"]
    tables = [study.images, *([attributes] if attributes is not None else [])]
    by_image = [table.drop_duplicates("image_id").set_index("image_id") for table in tables]
    for name in dict.fromkeys([*columns, *names]):
        column = name.removeprefix("attributes.").removeprefix("images.")
        there = [ids.map(table[column]) for table in reversed(by_image) if column in table]
        there += [study.items[column]] if column in study.items and not column.startswith((GROUP, PREDICTED)) else []
        if there:
            values = there[0].set_axis(study.items.index)
            groupings[name] = group_labels(values, MOST_GROUPS).reindex(study.items.index)
    return replace(study, more=groupings)


def study(published: Published) -> Expression:
    """The dataset, known to be an expression study.

    Raises:
        AnalysisError: it is none.
    """
    if not isinstance(published, Expression):
        raise AnalysisError(f"{published.name}: is no expression study; read it with `analysis.load`")
    return published


def _stated(record: Record) -> Mapping[str, Any]:
    """The label rule, the least participants and the confidences of predicted groups that a dataset states."""
    if not record.content:
        return {}
    try:
        described = record.content["study"]
        rule = described.get("label_rule", "majority")
        predicted = [each for each in described.get("groups", ()) if "min_confidence" in each]
        confidences = {predicted_name(each["name"]): float(each["min_confidence"]) for each in predicted}
        k = int((record.content.get("demographics") or {}).get("k", LEAST_PEOPLE))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise record.damaged() from error
    if rule not in RULES:
        raise record.damaged()
    return {"rule": rule, "k": k, "confidences": confidences}


def _groups(column: Column) -> Column:
    """The groups as words; all but the largest MOST_GROUPS are one."""
    words = column.astype(object).where(column.notna(), None).map(lambda group: group if group is None else str(group))
    counts = words.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    if len(counts) <= MOST_GROUPS:
        return words
    largest = set(counts.index[: MOST_GROUPS - 1])
    return words.map(lambda group: group if group is None or group in largest else OTHERS)


def _about(grouping: str) -> str:
    """The subject of a grouping: a predicted gender and one that people see are both a gender."""
    return grouping.partition(" (")[0]
