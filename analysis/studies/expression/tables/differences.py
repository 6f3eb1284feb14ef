"""Differences between the rates of groups: every two of them, all at once, and how much of it is imbalance."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MissingDataError
from analysis.inference import CONFIDENCE, Interval, holm
from analysis.inference.contrast import difference, ratio
from analysis.studies.expression.data import ALL, UNSURE, Expression
from analysis.studies.expression.tables.cells import columns, rest
from analysis.studies.expression.tables.measured import FPR, TPR, Measured
from analysis.tables.groups import OTHERS


def differences(study: Expression, measures: Iterable[Measured]) -> pd.DataFrame:
    """Every two groups of each grouping: difference and ratio of TPR, FPR and accuracy. Of two groupings together those
    that share a group of either, such as women and men of one race: others differ in two things at once.

    Cells that are marked as too small are in none, nor are "unsure" and merged groups. FNR and TNR differ as TPR and
    FPR do, with the sign turned; their ratios are others, and stand beside. `p_holm` knows all differences of single
    groupings as one family, and all of two groupings together as another.

    Columns: classifier, grouping, rate, emotion ("all" of an accuracy), first, second (the groups), n_first, n_second,
    labels_first, labels_second, predictions_first, predictions_second (faces of the group that count as the emotion,
    and those that the classifier says show it), first_value, second_value, difference (first minus second), low, high,
    interval, p, p_holm, family (how many it corrects for), ratio (first by second), ratio_low, ratio_high, rest_ratio
    (that of the FNR beside a TPR, of the TNR beside an FPR, of the errors beside an accuracy), rest_low, rest_high,
    at_equal_shares (the difference where every emotion counts the same that all groups have), equal_low, equal_high,
    by_imbalance (difference minus at_equal_shares).

    Raises:
        MissingDataError: no two groups are large enough.
    """
    families = _families(each for each in measures if each.grouping != ALL)
    rows = [_row(study, *couple) for family in families for couple in _couples(study, family)]
    if not rows:
        raise MissingDataError("no two groups have faces enough for a difference")
    table = pd.DataFrame(rows)
    of_each = table["p"].groupby(table["grouping"].isin(study.crossed))
    place = list(table.columns).index("p") + 1
    table.insert(place, "family", of_each.transform("count").astype(int))
    table.insert(place, "p_holm", of_each.transform(lambda p: holm(p)))
    return table


def _couples(study: Expression, family: Sequence[Measured]) -> Iterator[tuple[Measured, Measured]]:
    """Every two groups; of two groupings together those that share a group of either."""
    parts = study.parts.get(family[0].grouping)
    for first, second in itertools.combinations(family, 2):
        if parts is None or any(a == b for a, b in zip(parts[first.group], parts[second.group], strict=True)):
            yield first, second


def _row(study: Expression, first: Measured, second: Measured) -> dict[str, Any]:
    apart, by, by_rest, even = (
        difference(first.value, second.value),
        ratio(first.value, second.value),
        ratio(rest(first.value), rest(second.value)),
        difference(first.even, second.even),
    )
    row: dict[str, Any] = {"classifier": first.classifier, "grouping": first.grouping, "rate": first.rate}
    row |= {"emotion": first.emotion, "first": first.group, "second": second.group}
    row |= {"n_first": first.n, "n_second": second.n, "labels_first": first.labels, "labels_second": second.labels}
    row |= {"predictions_first": first.predictions, "predictions_second": second.predictions}
    row |= {"first_value": first.value.estimate, "second_value": second.value.estimate}
    row |= {"difference": apart.estimate, **columns(apart, study), "p": apart.p}
    row |= {"ratio": by.estimate, "ratio_low": by.low, "ratio_high": by.high}
    row |= {"rest_ratio": by_rest.estimate, "rest_low": by_rest.low, "rest_high": by_rest.high}
    row |= {"at_equal_shares": even.estimate, "equal_low": even.low, "equal_high": even.high}
    return row | {"by_imbalance": apart.estimate - even.estimate}


def equalized_odds(study: Expression, measures: Iterable[Measured]) -> pd.DataFrame:
    """The distance of the groups of a grouping, emotion by emotion: the largest difference of TPR, that of FPR, and
    the larger of both, which is 0 where a classifier has equalized odds (M. Hardt, E. Price, N. Srebro, "Equality of
    opportunity in supervised learning", 2016).

    The largest of several differences is above 0 by chance alone. Its interval is made of those of all couples of
    groups and both rates, together 95 % by Bonferroni's inequality: the true one is at least the largest lower and at
    most the largest upper bound. It covers more than 95 % where groups are equal or many. Cells that are marked as too
    small are left out, as are "unsure" and merged groups.

    Columns: classifier, grouping, emotion, n_groups, tpr_difference, fpr_difference, equalized_odds, low, high,
    interval, tpr_ratio (smallest by largest), fpr_ratio, reason.

    Raises:
        MissingDataError: no two groups are large enough.
    """
    both: dict[tuple[str, str, str], dict[str, list[Measured]]] = {}
    for family in _families(each for each in measures if each.rate in (TPR, FPR) and each.grouping != ALL):
        key = (family[0].classifier, family[0].grouping, family[0].emotion)
        both.setdefault(key, {})[family[0].rate] = family
    rows: list[dict[str, Any]] = []
    for (classifier, grouping, emotion), by_rate in both.items():
        head = {"classifier": classifier, "grouping": grouping, "emotion": emotion}
        there = set.intersection(*({each.group for each in by_rate.get(rate, [])} for rate in (TPR, FPR)))
        if len(there) < 2:
            rows.append(head | {"n_groups": len(there), "reason": "fewer than two groups with faces enough"})
            continue
        spreads = [Spread.of([each.value for each in by_rate[rate] if each.group in there]) for rate in (TPR, FPR)]
        row: dict[str, Any] = {"n_groups": len(there), "tpr_difference": spreads[0].size}
        row |= {"fpr_difference": spreads[1].size, "equalized_odds": max(each.size for each in spreads)}
        row |= columns(largest(spreads), study)
        row |= {"tpr_ratio": spreads[0].ratio, "fpr_ratio": spreads[1].ratio, "reason": ""}
        rows.append(head | row)
    if not any("equalized_odds" in row for row in rows):
        raise MissingDataError("no two groups have faces enough for a difference")
    order = ["classifier", "grouping", "emotion", "n_groups", "tpr_difference", "fpr_difference", "equalized_odds"]
    order += ["low", "high", "interval", "tpr_ratio", "fpr_ratio", "reason"]
    return pd.DataFrame(rows, columns=order).fillna({"interval": ""})


@dataclass(frozen=True)
class Spread:
    """The largest less the smallest of a rate of several groups, and the differences of every two."""

    size: float
    ratio: float
    couples: Sequence[Interval]

    @classmethod
    def of(cls, groups: Sequence[Interval]) -> "Spread":
        """The estimate of the rate of each group."""
        values = [each.estimate for each in groups]
        couples = [difference(a, b) for a, b in itertools.combinations(groups, 2)]
        ratio_of = min(values) / max(values) if max(values) > 0 else np.nan
        return cls(max(values) - min(values), ratio_of, couples)


def largest(spreads: Sequence[Spread]) -> Interval:
    """The larger of several spreads, with an interval by Bonferroni's inequality over all couples."""
    couples = [each for spread in spreads for each in spread.couples]
    estimate, n = max(each.size for each in spreads), min(each.n for each in couples)
    lacking = next((each for each in couples if not np.isfinite(each.low)), None)
    if lacking is not None:
        return Interval(estimate, np.nan, np.nan, "none", n, lacking.note)
    level = [stats.t.ppf(1 - tail, n - 1) for tail in ((1 - CONFIDENCE) / (2 * len(couples)), (1 - CONFIDENCE) / 2)]
    wider = float(level[0] / level[1])
    low, high = 0.0, 0.0
    for each in couples:
        apart = abs(each.estimate)
        down, up = each.estimate - each.low, each.high - each.estimate
        if each.estimate < 0:
            down, up = up, down
        low, high = max(low, apart - wider * down), max(high, apart + wider * up)
    return Interval(estimate, low, min(high, 1.0), "Bonferroni's MOVER", n)


def _families(measures: Iterable[Measured]) -> list[list[Measured]]:
    """The groups that can be compared, by classifier, grouping, rate and emotion."""
    families: dict[tuple[str, str, str, str], list[Measured]] = {}
    for each in measures:
        if each.group not in (UNSURE, OTHERS) and not each.small and np.isfinite(each.value.estimate):
            families.setdefault((each.classifier, each.grouping, each.rate, each.emotion), []).append(each)
    return list(families.values())
