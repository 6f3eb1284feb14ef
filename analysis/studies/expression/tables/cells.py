"""Faces of a group, a rate of them with its interval, and whether they are enough for one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers
from analysis.inference import Interval, rate
from analysis.inference.units import Codes
from analysis.studies.expression.data import ALL, Expression
from analysis.studies.expression.references import PEOPLE, Reference

SMALLEST = 30
"""Faces that a cell needs: one with fewer is marked, and in no difference between groups."""

NOT_KNOWN = "not known"
"""The group of faces whose group is not known, such as those in which its model found no face."""

Faces = npt.NDArray[np.bool_]
"""A choice among n faces, (n,)."""


class Cell(NamedTuple):
    """The faces of one group of a grouping."""

    grouping: str
    group: str
    faces: Faces

    @property
    def head(self) -> dict[str, Any]:
        """The first columns of its rows."""
        return {"grouping": self.grouping, "group": self.group}


def cells(study: Expression, *, crossed: bool = True) -> Iterator[Cell]:
    """All faces, then the groups of every grouping by name, with `crossed` those of two groupings together, too."""
    yield Cell(ALL, ALL, np.ones(len(study.items), np.bool_))
    for grouping, groups in (study.groupings | (study.crossed if crossed else {})).items():
        yield from cells_of(grouping, groups)


def cells_of(grouping: str, groups: Column) -> Iterator[Cell]:
    """The groups of one grouping, by name."""
    for group in sorted(groups.dropna().unique()):
        yield Cell(grouping, str(group), (groups == group).to_numpy(np.bool_))


def unknown(study: Expression) -> Iterator[Cell]:
    """The faces whose group is not known, of every grouping that has any."""
    for grouping, groups in study.groupings.items():
        if groups.isna().any():
            yield Cell(grouping, NOT_KNOWN, groups.isna().to_numpy(np.bool_))


def by_grouping(study: Expression, *, crossed: bool = True) -> dict[str, list[Cell]]:
    """The cells of `cells`, grouping by grouping."""
    groupings: dict[str, list[Cell]] = {}
    for cell in cells(study, crossed=crossed):
        groupings.setdefault(cell.grouping, []).append(cell)
    return groupings


def needed(study: Expression) -> Reference:
    """The reference of a study.

    Raises:
        MissingDataError: there is none.
    """
    if study.reference is None:
        raise MissingDataError("nobody labeled the faces and nobody was asked: it is not known what is right of any")
    return study.reference


def share(hits: Numbers | Faces, weights: Numbers, units: Codes) -> Interval:
    """The share of hits among faces (n,) that count by weights (n,), with its interval."""
    there = weights > 0
    return rate(hits[there].astype(np.float64), units[there], weights[there])


def rest(of: Interval) -> Interval:
    """The share of those that are no hits."""
    return replace(of, estimate=1 - of.estimate, low=1 - of.high, high=1 - of.low)


def evenly(parts: Numbers) -> Numbers:
    """Weights with which faces count as each emotion, (n, k), so that every emotion that there is counts the same;
    together as many as the faces that would say as much if all weighed the same.

    Source: L. Kish, "Survey Sampling" (1965), 11.7.
    """
    total = parts.sum(axis=0)
    shares: Numbers = parts / np.where(total > 0, total, 1)
    weights = shares.sum(axis=1)
    squares = float((weights**2).sum())
    return shares * weights.sum() / squares if squares > 0 else shares


def too_few(study: Expression, weights: Numbers, *, people: bool | None = None) -> str:
    """The reason for which the faces that count by weights (n,) are too few for a difference, or "".

    people: whether people are the reference, so that there must be enough of them, too; as in the study by default.
    """
    if weights.sum() < SMALLEST:
        return f"fewer than {SMALLEST} faces"
    people = study.reference is not None and study.reference.of == PEOPLE if people is None else people
    if people and study.raters(weights > 0) < study.k:
        return f"fewer than {study.k} participants"
    return ""


def columns(of: Interval, study: Expression, prefix: str = "") -> dict[str, Any]:
    """The cells low, high and interval of a row; the last says what was left out in turn."""
    values = of.columns(prefix)
    values[f"{prefix}interval"] = in_units(str(values[f"{prefix}interval"]), study)
    return values


def in_units(words: str, study: Expression) -> str:
    """The method of an interval in words, with what a unit of dependence is in this study."""
    return words.replace("batches", study.left_out)


def tidy(n: float) -> float:
    """A sum of shares without the noise of its last bits."""
    return round(float(n), 6)
