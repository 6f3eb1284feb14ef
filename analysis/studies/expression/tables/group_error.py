"""The error of a model that predicts groups, where people rated gender, and what it does to the rates."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers
from analysis.inference import PLAIN, Interval, from_replicates, independent, left_out, without_interval
from analysis.studies.expression.data import SEEN, UNSURE, Expression
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import Cell, cells_of, columns, needed, share
from analysis.studies.expression.tables.measured import ACCURACY, FPR, TPR, counted_faces

GENDERS = ("female", "male")
"""Genders as people are asked for them."""

_WORDS = {"female": "female", "woman": "female", "women": "female", "male": "male", "man": "male", "men": "male"}
"""The words of sources and models for them, in small letters."""

NOT_FOUND = "no face found"

LEAST_INFORMATION = 0.1
"""How far the shares of a gender among the two predicted groups lie apart at least: with less, the prediction says next
to nothing of what people see, and the correction would be noise."""


def gender(word: object) -> str | None:
    """The gender that a word is for, as people are asked for it; None where it is for none of both."""
    return _WORDS.get(str(word).strip().lower())


def group_error(study: Expression) -> pd.DataFrame:
    """Of the faces of each group by what a model predicts of their gender, the share that most people see as each
    gender.

    Columns: grouping, predicted, perceived ("female", "male", "unsure"), n, n_predicted (faces of the group that were
    rated), share, low, high, interval.

    Raises:
        MissingDataError: people did not rate gender, or no model predicts it.
    """
    seen = _seen(study)
    rows: list[dict[str, Any]] = []
    for grouping, groups in _predicted(study):
        for cell in cells_of(grouping, groups.fillna(NOT_FOUND)):
            weights = (cell.faces & seen.notna().to_numpy(bool)).astype(np.float64)
            for perceived in (*GENDERS, UNSURE):
                hits = (seen == perceived).to_numpy(bool)
                found = share(hits, weights, study.units)
                row: dict[str, Any] = {"grouping": grouping, "predicted": cell.group, "perceived": perceived}
                row |= {"n": int(weights @ hits), "n_predicted": int(weights.sum()), "share": found.estimate}
                rows.append(row | columns(found, study))
    return pd.DataFrame(rows)


def corrected_rates(study: Expression) -> pd.DataFrame:
    """TPR and FPR by gender as a model predicts it, as people see it, and by prediction with the error taken out.

    The correction: the rate of a predicted group is a mixture of the rates of both genders, by the shares in which most
    people see them in that group, among the faces that the rate is of; the two mixtures of the two predicted groups are
    solved for the two rates. It takes for granted that what the classifier of emotions says does not depend on the
    prediction once gender and emotion are known, and leaves out faces of which model or people are unsure. A corrected
    rate is kept within 0 and 1. Its interval makes the shares and the rates anew without each unit.

    Columns: classifier, grouping, gender, emotion ("all" of an accuracy), rate, n (faces), by_prediction, corrected,
    low, high, interval, by_people, people_low, people_high, reason.

    Source: misclassification matrices, as in S. Greenland, "Variance estimation for epidemiologic effect estimates
    under misclassification", Statistics in Medicine 7 (1988).

    Raises:
        MissingDataError: people did not rate gender, no model predicts it, or it is not known what is right.
    """
    reference, seen = needed(study), _seen(study)
    rows: list[dict[str, Any]] = []
    for grouping, groups in _predicted(study):
        predicted = groups.map(gender)
        for name in study.classifiers:
            everyone = Cell(grouping, "all", np.ones(len(study.items), np.bool_))
            parts = reference.shares * counted_faces(study, reference, name, everyone)[:, None]
            for emotion, rate, hits, weights in _rates(study, name, parts):
                mixture = _Mixture.of(study, hits, weights, predicted, seen)
                for place, each in enumerate(GENDERS):
                    row = {"classifier": name, "grouping": grouping, "gender": each, "emotion": emotion, "rate": rate}
                    rows.append(row | mixture.row(study, place))
    return pd.DataFrame(rows)


class _Mixture(NamedTuple):
    """A rate of two predicted groups as mixtures of those of two genders.

    sums: (g, 2, 4), per group of units and predicted group the weight, the hits, and the weight of each gender.
    seen: the rate by people's own word, of each gender. n: faces.
    """

    sums: Numbers
    seen: tuple[Interval, Interval]
    n: int

    @classmethod
    def of(cls, study: Expression, hits: Numbers, weights: Numbers, predicted: Column, seen: Column) -> "_Mixture":
        inside = (weights > 0) & predicted.isin(GENDERS).to_numpy(bool) & seen.isin(GENDERS).to_numpy(bool)
        batches = left_out(independent(study.units[inside])) if inside.any() else np.zeros(0, np.intp)
        g = int(batches.max(initial=-1)) + 1
        sums = np.zeros((g, 2, 4))
        for place, name in enumerate(GENDERS):
            of_group = (predicted[inside] == name).to_numpy(np.float64) * weights[inside]
            genders = [of_group * (seen[inside] == each).to_numpy(np.float64) for each in GENDERS]
            for column, counted in enumerate([of_group, of_group * hits[inside], *genders]):
                sums[:, place, column] = np.bincount(batches, counted, g)
        own = [share(hits, weights * (seen == each).to_numpy(np.float64), study.units) for each in GENDERS]
        return cls(sums, (own[0], own[1]), int(inside.sum()))

    def row(self, study: Expression, place: int) -> dict[str, Any]:
        """The cells of one gender's row."""
        total = self.sums.sum(axis=0)
        value, determinant = _solved(total[None])
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = float(total[place, 1] / total[place, 0])
        reason = ""
        found = without_interval(np.nan, len(self.sums), "not known")
        if not np.isfinite(determinant[0]):
            reason = "a predicted group has no such face that people rated"
        elif abs(determinant[0]) < LEAST_INFORMATION:
            reason = "the prediction says next to nothing of the gender that people see"
        else:
            without, _ = _solved(total[None] - self.sums)
            found = from_replicates(float(value[0, place]), without[:, place], PLAIN)
            low, high = _clipped(found.low), _clipped(found.high)
            found = replace(found, estimate=_clipped(found.estimate), low=low, high=high)
        row = {"n": self.n, "by_prediction": observed, "corrected": found.estimate, **columns(found, study)}
        own = self.seen[place]
        row |= {"by_people": own.estimate, "people_low": own.low, "people_high": own.high}
        return row | {"reason": reason}


def _solved(sums: Numbers) -> tuple[Numbers, Numbers]:
    """The rates of both genders, (r, 2), and how far the prediction tells them apart, (r,), from sums (r, 2, 4)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = sums[:, :, 1] / sums[:, :, 0]
        of_gender = sums[:, :, 2:] / sums[:, :, :1]
        determinant = of_gender[:, 0, 0] - of_gender[:, 1, 0]
        first = (observed[:, 0] * of_gender[:, 1, 1] - observed[:, 1] * of_gender[:, 0, 1]) / determinant
        second = (observed[:, 1] * of_gender[:, 0, 0] - observed[:, 0] * of_gender[:, 1, 0]) / determinant
    return np.stack([first, second], axis=1), determinant


def _rates(study: Expression, name: str, parts: Numbers) -> Iterator[tuple[str, str, Numbers, Numbers]]:
    """Emotion, rate, hits and weights (n,) of each rate."""
    said, total = study.said[name], parts.sum(axis=1)
    of_said = np.where(said >= 0, parts[np.arange(len(said)), np.maximum(said, 0)], 0.0)
    yield "all", ACCURACY, of_said / np.where(total > 0, total, 1), total
    for place, emotion in enumerate(EMOTIONS):
        hits = (said == place).astype(np.float64)
        yield emotion, TPR, hits, parts[:, place]
        yield emotion, FPR, hits, np.maximum(total - parts[:, place], 0)


def _seen(study: Expression) -> Column:
    if study.perceived is None:
        raise MissingDataError("people did not rate gender: the error of who predicts it is not known")
    return study.perceived


def _predicted(study: Expression) -> list[tuple[str, Column]]:
    """The groupings by what a model predicts of gender."""
    predicted = {name: groups for name, groups in study.groupings.items() if name != SEEN and "(predicted)" in name}
    found = [(name, groups) for name, groups in predicted.items() if set(GENDERS) <= set(groups.dropna().map(gender))]
    if not found:
        raise MissingDataError("no model predicts the gender of the faces")
    return found


def _clipped(value: float) -> float:
    return float(np.clip(value, 0, 1))
