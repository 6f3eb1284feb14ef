"""The error of a model that predicts groups, where people rated gender, and what it does to the rates."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers
from analysis.inference import PLAIN, Interval, from_replicates, independent, left_out, without_interval
from analysis.inference.units import Codes
from analysis.studies.expression.data import SEEN, UNSURE, Expression
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import Cell, cells_of, columns, needed, share, tidy
from analysis.studies.expression.tables.measured import ACCURACY, FPR, TPR, counted_faces

GENDERS = ("female", "male")
"""Genders as people are asked for them."""

_WORDS = {"female": "female", "woman": "female", "women": "female", "male": "male", "man": "male", "men": "male"}
"""The words of sources and models for them, in small letters."""

NOT_FOUND = "no face found"

LEAST_INFORMATION = 0.1
"""The least distance of the shares of a gender among the two predicted groups: with less, the prediction says next
to nothing of what people see, and the correction would be noise."""


def gender(word: object) -> str | None:
    """The gender that a word is for, as people are asked for it; None where it is for none of both."""
    return _WORDS.get(str(word).strip().lower())


def group_error(study: Expression) -> pd.DataFrame:
    """The share of faces that most people see as each gender, by group of what a model predicts of their gender.

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
                interval = share(hits, weights, study.units)
                row: dict[str, Any] = {"grouping": grouping, "predicted": cell.group, "perceived": perceived}
                row |= {"n": int(weights @ hits), "n_predicted": int(weights.sum()), "share": interval.estimate}
                rows.append(row | columns(interval, study))
    return pd.DataFrame(rows)


def corrected_rates(study: Expression) -> pd.DataFrame:
    """TPR and FPR by gender as a model predicts it, as people see it, and by prediction with the error taken out.

    The correction: the rate of a predicted group is a mixture of the rates of both genders, by the shares in which most
    people see them in that group, among the faces that the rate is of; the two mixtures of the two predicted groups are
    solved for the two rates. It takes for granted that what the classifier of emotions says does not depend on the
    prediction once gender and emotion are known, and leaves out faces of which model or people are unsure. A corrected
    rate is kept within 0 and 1. Its interval makes the shares and the rates anew without each unit.

    Columns: classifier, grouping, gender, emotion ("all" of an accuracy), rate, n (faces), by_prediction, labels (faces
    of the gender by prediction that count as the emotion), predictions (those that the classifier says show it),
    corrected, low, high, interval, by_people, people_labels, people_predictions (the same of the gender that people
    see), people_low, people_high, reason.

    Source: misclassification matrices, as in S. Greenland, "Variance estimation for epidemiologic effect estimates
    under misclassification", Statistics in Medicine 7 (1988).

    Raises:
        MissingDataError: people did not rate gender, no model predicts it, or it is not known what is right.
    """
    reference, seen = needed(study), _seen(study)
    rows: list[dict[str, Any]] = []
    for grouping, groups in _predicted(study):
        codes = [_codes(column) for column in (groups, seen)]
        for name in study.classifiers:
            everyone = Cell(grouping, "all", np.ones(len(study.items), np.bool_))
            parts = reference.shares * counted_faces(study, reference, name, everyone)[:, None]
            for of in _rates(study, name, parts):
                correction, observed, reason = corrected(of.hits, of.weights, study.units, codes[0], codes[1])
                for place, each in enumerate(GENDERS):
                    predicted, perceived = (codes[0] == place) & (codes[1] >= 0), codes[1] == place
                    own = share(of.hits, of.weights * perceived, study.units)
                    row: dict[str, Any] = {"classifier": name, "grouping": grouping, "gender": each}
                    row |= {"emotion": of.emotion, "rate": of.rate}
                    row |= {"n": int(((of.weights > 0) & (codes[0] >= 0) & (codes[1] >= 0)).sum())}
                    row |= {"by_prediction": observed[place], **of.counts(predicted)}
                    row |= {"corrected": correction[place].estimate, **columns(correction[place], study)}
                    row |= {"by_people": own.estimate, **of.counts(perceived, "people_"), "people_low": own.low}
                    rows.append(row | {"people_high": own.high, "reason": reason})
    return pd.DataFrame(rows)


def corrected(
    hits: Numbers, weights: Numbers, units: Codes, predicted: Codes, seen: Codes
) -> tuple[list[Interval], list[float], str]:
    """The rate of each of GENDERS with the error of the prediction taken out, the rate of each predicted group, and why
    there is no correction, or "".

    hits, weights: (n,), of the rate. units: (n, k). predicted, seen: (n,), places in GENDERS; -1 for neither.
    """
    inside = (weights > 0) & (predicted >= 0) & (seen >= 0)
    batches = left_out(independent(units[inside])) if inside.any() else np.zeros(0, np.intp)
    g = int(batches.max(initial=-1)) + 1
    sums = np.zeros((g, 2, 4))
    for place in range(2):
        of_group = (predicted[inside] == place) * weights[inside]
        genders = [of_group * (seen[inside] == each) for each in range(2)]
        for column, counted in enumerate([of_group, of_group * hits[inside], *genders]):
            sums[:, place, column] = np.bincount(batches, counted, g)
    total = sums.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = [float(each) for each in total[:, 1] / total[:, 0]]
    values, determinant = _solved(total[None])
    reason = ""
    if not np.isfinite(determinant[0]):
        reason = "a predicted group has no such face that people rated"
    elif abs(determinant[0]) < LEAST_INFORMATION:
        reason = "the prediction says next to nothing of the gender that people see"
    if reason:
        return [without_interval(np.nan, g, reason)] * 2, observed, reason
    without, _ = _solved(total[None] - sums)
    interval = [from_replicates(float(values[0, place]), without[:, place], PLAIN) for place in range(2)]
    return [_within(each) for each in interval], observed, ""


def _solved(sums: Numbers) -> tuple[Numbers, Numbers]:
    """The rates of both genders, (r, 2), and how far the prediction tells them apart, (r,), from sums (r, 2, 4)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = sums[:, :, 1] / sums[:, :, 0]
        of_gender = sums[:, :, 2:] / sums[:, :, :1]
        determinant = of_gender[:, 0, 0] - of_gender[:, 1, 0]
        first = (observed[:, 0] * of_gender[:, 1, 1] - observed[:, 1] * of_gender[:, 0, 1]) / determinant
        second = (observed[:, 1] * of_gender[:, 0, 0] - observed[:, 0] * of_gender[:, 1, 0]) / determinant
    return np.stack([first, second], axis=1), determinant


class _Rate(NamedTuple):
    """A rate of an emotion, and (n,) each: hits, weights, by how much faces count as it and are said to show it."""

    emotion: str
    rate: str
    hits: Numbers
    weights: Numbers
    labels: Numbers
    predictions: Numbers

    def counts(self, faces: npt.NDArray[np.bool_], prefix: str = "") -> dict[str, float]:
        """The numbers of labels and predictions among faces, (n,)."""
        return {
            f"{prefix}labels": tidy(self.labels[faces].sum()),
            f"{prefix}predictions": tidy(self.predictions[faces].sum()),
        }


def _rates(study: Expression, name: str, parts: Numbers) -> Iterator[_Rate]:
    """The accuracy, and each emotion's TPR and FPR."""
    decisions, total = study.decisions[name], parts.sum(axis=1)
    of_said = np.where(decisions >= 0, parts[np.arange(len(decisions)), np.maximum(decisions, 0)], 0.0)
    yield _Rate("all", ACCURACY, of_said / np.where(total > 0, total, 1), total, total, total)
    for place, emotion in enumerate(EMOTIONS):
        hits = (decisions == place).astype(np.float64)
        labels, predictions = parts[:, place], hits * total
        yield _Rate(emotion, TPR, hits, labels, labels, predictions)
        yield _Rate(emotion, FPR, hits, np.maximum(total - labels, 0), labels, predictions)


def _seen(study: Expression) -> Column:
    if study.perceived is None:
        raise MissingDataError("people did not rate gender: the error of who predicts it is not known")
    return study.perceived


def _predicted(study: Expression) -> list[tuple[str, Column]]:
    """The groupings by what a model predicts of gender."""
    predicted = {name: groups for name, groups in study.groupings.items() if name != SEEN and "(predicted)" in name}
    groupings = [
        (name, groups) for name, groups in predicted.items() if set(GENDERS) <= set(groups.dropna().map(gender))
    ]
    if not groupings:
        raise MissingDataError("no model predicts the gender of the faces")
    return groupings


def _codes(column: Column) -> Codes:
    """Places in GENDERS, (n,); -1 for another word or none."""
    place = {each: number for number, each in enumerate(GENDERS)}
    return np.asarray(column.map(gender, na_action="ignore").map(place).fillna(-1), np.intp)


def _within(of: Interval) -> Interval:
    """The figure kept within 0 and 1."""
    estimate, low, high = (float(np.clip(each, 0, 1)) for each in (of.estimate, of.low, of.high))
    return replace(of, estimate=estimate, low=low, high=high)
