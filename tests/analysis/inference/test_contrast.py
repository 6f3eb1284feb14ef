"""Differences and ratios of two figures against closed forms and statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.inference import Interval, wilson
from analysis.inference.contrast import difference, p_value, ratio


def of(successes: int, n: int) -> Interval:
    low, high = wilson(successes, n)
    return Interval(successes / n, low, high, "Wilson", n)


@pytest.mark.parametrize(("a", "m", "b", "n"), [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (2, 300, 9, 400)])
def test_of_wilsons_intervals_a_difference_is_newcombes(a, m, b, n):
    found = difference(of(a, m), of(b, n))
    theirs = confint_proportions_2indep(a, m, b, n, method="newcomb", compare="diff")
    assert found.estimate == pytest.approx(a / m - b / n)
    assert (found.low, found.high) == pytest.approx(theirs)


def test_a_difference_by_hand():
    found = difference(Interval(0.5, 0.4, 0.7, "a", 10), Interval(0.3, 0.1, 0.35, "b", 8))
    assert found.low == pytest.approx(0.2 - np.hypot(0.1, 0.05))
    assert found.high == pytest.approx(0.2 + np.hypot(0.2, 0.2))
    assert found.n == 8


def test_a_ratio_by_hand():
    found = ratio(Interval(0.8, 0.4, 1.0, "a", 10), Interval(0.4, 0.2, 0.8, "b", 10))
    assert found.estimate == 2
    assert found.low == pytest.approx(2 * np.exp(-np.hypot(np.log(2), np.log(2))))
    assert found.high == pytest.approx(2 * np.exp(np.hypot(np.log(1.25), np.log(2))))


def test_p_is_five_percent_where_the_interval_ends_at_the_null():
    assert p_value(0.2, 0.0, 0.5, 0.0, 7) == pytest.approx(0.05)
    assert p_value(-0.2, -0.5, 0.0, 0.0, 7) == pytest.approx(0.05)
    assert p_value(0.2, 0.01, 0.5, 0.0, 7) < 0.05


def test_no_interval_says_why():
    lacking = Interval(0.5, np.nan, np.nan, "none", 2, "too few batches for an interval")
    known = Interval(0.4, 0.3, 0.5, "a", 8)
    assert difference(known, lacking).words() == "too few batches for an interval"
    assert ratio(known, Interval(0.0, 0.0, 0.1, "b", 8)).words() == "one of the two may be 0: no interval"
    assert np.isnan(ratio(known, Interval(0.0, 0.0, 0.1, "b", 8)).estimate)
