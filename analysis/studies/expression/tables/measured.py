"""Rates of classifiers, one emotion against all others, group by group: what several tables are made of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.frames import Numbers
from analysis.inference import Interval
from analysis.studies.expression.data import ALL, Expression
from analysis.studies.expression.references import EMOTIONS, Reference
from analysis.studies.expression.tables.cells import Cell, Faces, by_grouping, evenly, share, tidy, too_few

TPR, FPR, TNR, FNR = RATES = ("TPR", "FPR", "TNR", "FNR")

ACCURACY = "accuracy"


@dataclass(frozen=True)
class Measured:
    """A rate of one classifier in one group.

    rate: TPR (of the faces that count as the emotion, the share that the classifier says shows it), FPR (of those that
        count as another, the share that it says shows it), or ACCURACY (how often it is right), whose emotion is ALL.
    value: over the faces as they are. even: where every emotion counts the same that all groups of the grouping have;
        a TPR stays as it is, and of an accuracy it is the mean of the TPR.
    n: faces that it is of. labels, predictions: faces of the group that count as the emotion, and those that the
        classifier says show it; of all emotions, faces that count.
    emotions: how many count in `even`. small: why the cell is too small for a difference, or "".
    """

    classifier: str
    grouping: str
    group: str
    emotion: str
    rate: str
    value: Interval
    even: Interval
    n: float
    labels: float
    predictions: int
    emotions: int
    small: str


def measured(study: Expression, reference: Reference, *, crossed: bool = True) -> Iterator[Measured]:
    """Every rate of every classifier: over all faces, in the groups of each grouping and, with `crossed`, of two
    groupings together.
    """
    for name in study.classifiers:
        for cells in by_grouping(study, crossed=crossed).values():
            common = _common(study, reference, name, cells)
            for cell in cells:
                yield from _of_cell(study, reference, name, cell, common)


def counted_faces(study: Expression, reference: Reference, name: str, cell: Cell) -> Faces:
    """The faces of a group that count as an emotion and in which the classifier found a face, (n,)."""
    return cell.faces & reference.has_label & (study.decisions[name] > -2)


def right(study: Expression, name: str, parts: Numbers) -> Interval:
    """The rate of right answers of a classifier on faces that count as each emotion by parts (n, 7)."""
    decisions, weights = study.decisions[name], parts.sum(axis=1)
    of_said = np.where(decisions >= 0, parts[np.arange(len(decisions)), np.maximum(decisions, 0)], 0.0)
    return share(of_said / np.where(weights > 0, weights, 1), weights, study.units)


def _common(study: Expression, reference: Reference, name: str, cells: list[Cell]) -> Faces:
    """The emotions, (7,), that faces of every group count as; groups without a face that counts apart."""
    totals = np.array([reference.shares[counted_faces(study, reference, name, cell)].sum(axis=0) for cell in cells])
    there = totals[totals.sum(axis=1) > 0]
    return np.asarray((there > 0).all(axis=0)) if len(there) else np.zeros(len(EMOTIONS), np.bool_)


def _of_cell(study: Expression, reference: Reference, name: str, cell: Cell, common: Faces) -> Iterator[Measured]:
    parts = reference.shares * counted_faces(study, reference, name, cell)[:, None]
    total, small = parts.sum(axis=1), too_few(study, parts.sum(axis=1))
    head = (name, cell.grouping, cell.group)
    n = tidy(total.sum())
    whole, even = right(study, name, parts), right(study, name, evenly(parts * common))
    k = int(common.sum())
    yield Measured(*head, ALL, ACCURACY, whole, even, n, n, int((total > 0).sum()), k, small)
    for place, emotion in enumerate(EMOTIONS):
        hits = study.decisions[name] == place
        positive = parts[:, place]
        negative = np.maximum(total - positive, 0)
        labels, predictions = tidy(positive.sum()), int((hits & (total > 0)).sum())
        others = common & (np.arange(len(EMOTIONS)) != place)
        among = share(hits, positive, study.units)
        counts = (labels, labels, predictions)
        yield Measured(*head, emotion, TPR, among, among, *counts, k, too_few(study, positive))
        even = share(hits, evenly(parts * others).sum(axis=1), study.units)
        among, counts = share(hits, negative, study.units), (tidy(negative.sum()), labels, predictions)
        yield Measured(*head, emotion, FPR, among, even, *counts, int(others.sum()), too_few(study, negative))
