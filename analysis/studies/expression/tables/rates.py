"""True and false positives and negatives, one emotion against all others, by group; and how often all is right."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.expression.data import Expression
from analysis.studies.expression.references import RULES
from analysis.studies.expression.tables.cells import columns, needed, rest
from analysis.studies.expression.tables.measured import ACCURACY, FNR, FPR, TNR, TPR, Measured, measured


def rates(study: Expression, measures: Iterable[Measured]) -> pd.DataFrame:
    """The four rates of every classifier, emotion and group: of the faces that count as the emotion, the share that the
    classifier says shows it (TPR) or not (FNR); of those that count as another, the share that it says shows it (FPR)
    or not (TNR).

    A face counts by its shares of the emotions (see `references`); faces that count as none, and those in which a
    classifier found none, are in no rate. Groups are those of each grouping, of two together, and "all".

    Columns: classifier, grouping, group, emotion, rate, n (faces that it is of), value, low, high, interval (how it was
    made, or why there is none), labels (faces of the group that count as the emotion), predictions (those that the
    classifier says show it), at_equal_shares (the rate where every emotion that all groups of the grouping have counts
    the same; what is right of one emotion alone stays as it is), equal_low, equal_high, accuracy (of the classifier
    over the group), small (why the cell is too small for a difference, or ""), reason.
    """
    rows: list[dict[str, Any]] = []
    accuracy = float("nan")
    for each in measures:
        if each.rate == ACCURACY:
            accuracy = each.value.estimate
            continue
        for rate, turned in {TPR: ((TPR, False), (FNR, True)), FPR: ((FPR, False), (TNR, True))}[each.rate]:
            of, even = (rest(each.value), rest(each.even)) if turned else (each.value, each.even)
            row = _head(each) | {"rate": rate, "n": each.n, "value": of.estimate, **columns(of, study)}
            row |= {"labels": each.labels, "predictions": each.predictions, "at_equal_shares": even.estimate}
            row |= {"equal_low": even.low, "equal_high": even.high, "accuracy": accuracy, "small": each.small}
            rows.append(row | {"reason": "" if each.n else "no such face"})
    return pd.DataFrame(rows)


def accuracy(study: Expression, measures: Iterable[Measured]) -> pd.DataFrame:
    """The accuracy of every classifier, by group.

    Columns: classifier, grouping, group, n (faces), value, low, high, interval, balanced (the mean of the TPR of the
    emotions that faces of every group count as), balanced_low, balanced_high, emotions (that it is over), small,
    reason.
    """
    rows: list[dict[str, Any]] = []
    for each in measures:
        if each.rate == ACCURACY:
            row = _head(each) | {"n": each.n, "value": each.value.estimate, **columns(each.value, study)}
            row |= {"balanced": each.even.estimate, "balanced_low": each.even.low, "balanced_high": each.even.high}
            row |= {"emotions": each.emotions, "small": each.small}
            rows.append(row | {"reason": "" if each.n else "no such face"})
    return pd.DataFrame(rows).drop(columns="emotion")


def label_rules(study: Expression) -> pd.DataFrame:
    """TPR and FPR of every emotion, and the accuracy, by group, under every label rule.

    Columns: classifier, grouping, group, emotion ("all" of an accuracy), rate, rule, n, value, low, high, interval,
    labels, predictions (as in `rates`; of an accuracy faces that count), small.

    Raises:
        MissingDataError: it is not known what is right of any face, or labels come of no votes.
    """
    needed(study)
    if not study.rules:
        raise MissingDataError("the faces have one label each, and no votes: label rules make no difference")
    rows: list[dict[str, Any]] = []
    for rule in RULES:
        reference = study.under(rule)
        assert reference is not None  # noqa: S101 - there is one under the study's own rule
        for each in measured(study, reference, crossed=False):
            row = _head(each) | {"rate": each.rate, "rule": rule, "n": each.n, "value": each.value.estimate}
            row |= {**columns(each.value, study), "labels": each.labels, "predictions": each.predictions}
            rows.append(row | {"small": each.small})
    table, key = pd.DataFrame(rows), ["classifier", "grouping", "group", "emotion", "rate"]
    place = table.groupby(key, sort=False).ngroup()
    return table.loc[place.sort_values(kind="stable").index].reset_index(drop=True)


def _head(each: Measured) -> dict[str, Any]:
    return {
        "classifier": each.classifier,
        "grouping": each.grouping,
        "group": each.group,
        "emotion": each.emotion,
    }
