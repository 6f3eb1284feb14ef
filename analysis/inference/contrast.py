"""The contrast of two figures, from the interval of each: the method of variance estimates recovery (MOVER).

Each side of the interval of a difference is the root of the sum of the squares of the sides of the two intervals that
matter there. What holds of the intervals of the two figures carries over, near 0 and 1 too, where a jackknife of the
difference is too narrow. Figures that share units count as independent: where these move both the same way, the
interval is too wide, never too narrow.

Source: G. Y. Zou, A. Donner, "Construction of confidence limits about effect measures: a general approach", Statistics
in Medicine 27 (2008); of two rates with Wilson's intervals it is R. G. Newcombe's tenth method, ibid. 17 (1998).
"""

import numpy as np
from scipy import stats

from analysis.inference.interval import CONFIDENCE, Interval, without_interval

METHOD = "MOVER"


def difference(first: Interval, second: Interval) -> Interval:
    """The first figure minus the second, and p of no difference, as the interval says it."""
    estimate, n = first.estimate - second.estimate, min(first.n, second.n)
    if not np.isfinite([first.low, first.high, second.low, second.high]).all():
        return without_interval(estimate, n, _lacking(first, second))
    low = estimate - np.hypot(first.estimate - first.low, second.high - second.estimate)
    high = estimate + np.hypot(first.high - first.estimate, second.estimate - second.low)
    p = p_value(estimate, low, high, 0.0, n - 1)
    return Interval(estimate, float(low), float(high), METHOD, n, _note(first, second), p)


def ratio(first: Interval, second: Interval) -> Interval:
    """The first figure by the second, both above 0: as `difference` on the scale of logarithms."""
    n = min(first.n, second.n)
    estimate = first.estimate / second.estimate if second.estimate > 0 else np.nan
    if not np.isfinite([first.low, first.high, second.low, second.high]).all():
        return without_interval(estimate, n, _lacking(first, second))
    if not (first.low > 0 and second.low > 0):
        return without_interval(estimate, n, "one of the two may be 0: no interval")
    center = np.log(estimate)
    below = np.hypot(np.log(first.estimate / first.low), np.log(second.high / second.estimate))
    above = np.hypot(np.log(first.high / first.estimate), np.log(second.estimate / second.low))
    low, high = float(np.exp(center - below)), float(np.exp(center + above))
    return Interval(estimate, low, high, METHOD, n, _note(first, second), p_value(estimate, low, high, 1.0, n - 1))


def p_value(estimate: float, low: float, high: float, null: float, freedom: int) -> float:
    """Two-sided p that a figure is `null`, as its interval says it: Student's t with `freedom`."""
    side = estimate - low if estimate > null else high - estimate
    if not np.isfinite(side) or side <= 0 or freedom < 1:
        return np.nan
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
    return float(2 * stats.t.sf(abs(estimate - null) / side * reach, freedom))


def _note(first: Interval, second: Interval) -> str:
    return first.note or second.note


def _lacking(first: Interval, second: Interval) -> str:
    return first.note if not np.isfinite(first.low) else second.note
