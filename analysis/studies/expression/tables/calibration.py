"""Whether a classifier is right as often as it is confident, by group."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.inference import PLAIN, jackknife, weighted_mean
from analysis.studies.expression.data import Expression
from analysis.studies.expression.tables.cells import SMALLEST, Cell, cells, columns, needed, share, tidy, too_few
from analysis.studies.expression.tables.measured import counted_faces

MOST_BINS = 10


def calibration_by_group(study: Expression) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The probability that each classifier gives its class against how often that is right, by group.

    Returns:
        In up to ten bins with as many faces each, at least 30: classifier, grouping, group, from, to (probabilities,
        inclusive), n, confidence (its mean), accuracy, low, high, interval (the bins' edges count as fixed). And over
        all of a group: classifier, grouping, group, n, confidence, accuracy, overconfidence (confidence minus
        accuracy), low, high, interval (of it), calibration_error (mean of the bins' distances of confidence and
        accuracy, by their faces; above 0 by chance alone, the more so the fewer faces), small.

    Raises:
        MissingDataError: it is not known what is right of any face, or no classifier says how confident it is.
    """
    reference = needed(study)
    bins: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    for name in study.classifiers:
        confidence = study.confidence(name)
        decisions = study.decisions[name]
        for cell in cells(study, crossed=False):
            counted = counted_faces(study, reference, name, cell) & np.isfinite(confidence)
            weights = reference.weight * counted
            of_said = np.where(
                decisions >= 0, reference.shares[np.arange(len(decisions)), np.maximum(decisions, 0)], 0.0
            )
            right = of_said / np.where(weights > 0, reference.weight, 1)
            if counted.any():
                of_cell = _bins(study, cell, name, confidence, right, weights)
                bins += of_cell
                whole.append(_whole(study, cell, name, confidence, right, weights, of_cell))
    if not whole:
        raise MissingDataError("no classifier says how confident it is of a face of which it is known what is right")
    return pd.DataFrame(bins), pd.DataFrame(whole)


def _bins(
    study: Expression, cell: Cell, name: str, confidence: Numbers, right: Numbers, weights: Numbers
) -> list[dict[str, Any]]:
    counted = weights > 0
    most = max(1, min(MOST_BINS, int(counted.sum()) // SMALLEST))
    place = pd.qcut(pd.Series(np.where(counted, confidence, np.nan)), most, labels=False, duplicates="drop")
    place = place.fillna(0) if place.isna().all() else place  # of all the same confidence
    rows = []
    for number in range(int(place.max()) + 1):
        inside = weights * (place == number).to_numpy(bool)
        interval = share(right, inside, study.units)
        at = confidence[inside > 0]
        row = {"classifier": name, **cell.head, "from": at.min(), "to": at.max(), "n": tidy(inside.sum())}
        row |= {"confidence": float(np.average(at, weights=inside[inside > 0])), "accuracy": interval.estimate}
        rows.append(row | columns(interval, study))
    return rows


def _whole(
    study: Expression,
    cell: Cell,
    name: str,
    confidence: Numbers,
    right: Numbers,
    weights: Numbers,
    bins: list[dict[str, Any]],
) -> dict[str, Any]:
    there = weights > 0
    weights_there = weights[there]
    mean = weighted_mean((confidence - right)[there])
    interval = jackknife(lambda each: mean(each * weights_there), study.units[there], PLAIN)
    row = {"classifier": name, **cell.head, "n": tidy(weights.sum())}
    row |= {"confidence": float(np.average(confidence[there], weights=weights_there))}
    row |= {"accuracy": float(np.average(right[there], weights=weights_there)), "overconfidence": interval.estimate}
    gaps = [abs(each["confidence"] - each["accuracy"]) for each in bins]
    error = float(np.average(gaps, weights=[each["n"] for each in bins]))
    return row | columns(interval, study) | {"calibration_error": error, "small": too_few(study, weights)}
