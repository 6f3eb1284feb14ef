"""Psychometric functions: how the share of people who say yes falls with a model's score, who answers at random apart.

With the score d, a share 2 l of the answers is given at random and the others follow a logistic function:
p(d) = l + (1 - 2 l) / (1 + exp(slope (d - threshold))).

Source: F. A. Wichmann, N. J. Hill, "The psychometric function: I. Fitting, sampling, and goodness of fit", Perception &
Psychophysics 63 (2001).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special
from threadpoolctl import threadpool_limits

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.inference import LEAST, Interval, from_replicates, independent, left_out, together, without_interval
from analysis.tables.deciders import ALL

MOST_LAPSES = 0.1
"""Largest l: with more, whoever answers at random could not be told from people who disagree."""

STEEPEST = 50.0
"""Steepest slope, log odds per standard deviation of the scores: beyond, one score parts all answers."""

LEAST_ITEMS = 8


class Curve(NamedTuple):
    """A fitted function: its threshold and slope in units of the score, and its lapse rate l."""

    threshold: float
    slope: float
    lapse: float

    def share(self, score: Numbers) -> Numbers:
        """The share who say yes (n,) at scores (n,)."""
        falling: Numbers = special.expit(-self.slope * (score - self.threshold))
        return self.lapse + (1 - 2 * self.lapse) * falling


def psychometric(
    items: pd.DataFrame,
    *,
    scores: Mapping[str, str],
    rate: str,
    answers: str,
    units: Sequence[str],
    condition: str | None = None,
) -> pd.DataFrame:
    """The psychometric function of each model's score, over all items and within each condition.

    items, scores, rate, answers, units: see `analysis.tables.calibration.calibration`; each answer counts once.
    condition: a column of `items`, such as the sample kind.

    Columns: model, condition ("all", or a value of that column), n (items), n_answers, from, to (the smallest and the
    largest score), threshold (the score at which
    half say yes), threshold_low, threshold_high, slope (log odds per unit of the score, of those who do not answer at
    random; positive where more say no the larger the score is), slope_low, slope_high, lapse (l, 0 to 0.1), interval
    (how those of threshold and slope were made, or why there are none), reason (why there is no function).

    Raises:
        MissingDataError: no item has both a score and an answer.
    """
    rows = []
    for name, column in scores.items():
        with_answers = items[items[column].notna() & items[rate].notna()]
        for value, cell in _conditions(with_answers, condition):
            score, share, n = (cell[each].to_numpy(np.float64) for each in (column, rate, answers))
            rows.append({"model": name, "condition": value} | _row(score, share, n, cell[list(units)]))
    if not rows:
        raise MissingDataError(f"no item has both a score and an answer ({rate})")
    return pd.DataFrame(rows)


def fitted(score: Numbers, rate: Numbers, n: Numbers) -> tuple[Curve | None, str]:
    """The curve of the largest likelihood, items (n,) with n answers each; None, and why, where there is none."""
    if len(score) < LEAST_ITEMS:
        return None, f"fewer than {LEAST_ITEMS} items"
    if np.ptp(score) == 0 or np.all(rate == 0) or np.all(rate == 1):
        return None, "the score, or the answer, is the same of all items"
    middle, scale = float(score.mean()), float(score.std())
    z = (score - middle) / scale
    yes = float(np.average(rate, weights=n))
    starts = [(special.logit(np.clip(yes, 0.05, 0.95)), steep, 0.01) for steep in (1.0, 4.0)]
    bounds = [(-STEEPEST * 4, STEEPEST * 4), (-STEEPEST, STEEPEST), (0.0, MOST_LAPSES)]
    weight = n / n.sum()
    with threadpool_limits(1):  # systems of three equations: threads would only wait for one another
        curves = [
            optimize.minimize(_cost, start, (z, rate, weight), method="L-BFGS-B", jac=True, bounds=bounds)
            for start in starts
        ]
    intercept, steep, lapse = min(curves, key=lambda each: float(each.fun)).x
    if abs(steep) > 0.999 * STEEPEST:
        return None, "one score parts all answers"
    if abs(steep) < 1e-6:
        return None, "the answers do not follow the score"
    curve = Curve(middle + scale * intercept / steep, steep / scale, float(lapse))
    if not score.min() <= curve.threshold <= score.max():
        return None, "half of the people is reached at no score that there is"
    return curve, ""


def _cost(parameters: Numbers, z: Numbers, rate: Numbers, weight: Numbers) -> tuple[float, Numbers]:
    """The mean negative log likelihood of an answer, and its gradient."""
    intercept, steep, lapse = parameters
    falling = special.expit(intercept - steep * z)
    p = np.clip(lapse + (1 - 2 * lapse) * falling, 1e-9, 1 - 1e-9)
    cost = -(weight * (special.xlogy(rate, p) + special.xlogy(1 - rate, 1 - p))).sum()
    by_p = -weight * (rate / p - (1 - rate) / (1 - p))
    by_odds = by_p * (1 - 2 * lapse) * falling * (1 - falling)
    return float(cost), np.array([by_odds.sum(), -(by_odds * z).sum(), (by_p * (1 - 2 * falling)).sum()])


def with_intervals(
    score: Numbers, rate: Numbers, n: Numbers, units: npt.ArrayLike | pd.DataFrame, least: int = LEAST
) -> tuple[Curve | None, str, dict[str, Interval]]:
    """The values of `fitted` with intervals of threshold and slope, from curves that are fitted without each batch."""
    curve, reason = fitted(score, rate, n)
    if curve is None:
        return curve, reason, {name: without_interval(np.nan, 0, "no function") for name in ("threshold", "slope")}
    batches = left_out(independent(units))
    g = int(batches.max()) + 1
    others = [batches != batch for batch in range(g)] if g >= least else []
    curves = [fitted(score[each], rate[each], n[each])[0] for each in others]
    intervals = {}
    for name in ("threshold", "slope"):
        without = np.array([getattr(each, name) if each else np.nan for each in curves])
        intervals[name] = from_replicates(getattr(curve, name), without, least=least)
    return curve, reason, intervals


def _row(score: Numbers, rate: Numbers, n: Numbers, units: pd.DataFrame) -> dict[str, Any]:
    curve, reason, intervals = with_intervals(score, rate, n, units)
    row: dict[str, Any] = {"n": len(score), "n_answers": int(n.sum()), "from": score.min(), "to": score.max()}
    for name, interval in intervals.items():
        value = getattr(curve, name) if curve else np.nan
        row |= {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row | {"lapse": curve.lapse if curve else np.nan, "interval": together(**intervals), "reason": reason}


def _conditions(items: pd.DataFrame, column: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    if len(items):
        yield ALL, items
        if column is not None:
            yield from ((str(value), cell) for value, cell in items.groupby(column, observed=True))
