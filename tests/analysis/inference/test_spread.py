import itertools

import numpy as np
import pytest
from scipy import stats

from analysis.inference import TOO_FEW, chance_spread, spread


def test_two_groups_are_a_difference_of_students() -> None:
    """Each batch has one row of each group: the jackknife's error is that of the paired t test."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(2, 1, 8), rng.normal(0, 1, 8)
    found = spread(np.concatenate([first, second]), np.repeat([0, 1], 8), np.tile(np.arange(8), 2))
    oracle = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(oracle))
    assert found.estimate == pytest.approx(first.mean() - second.mean())
    assert found.note == ""


def test_equal_groups_are_0_apart_in_95_of_100_studies() -> None:
    """Of 600 studies of 3 groups without a difference; the figure itself is never 0."""
    rng = np.random.default_rng(1)
    batch, group = np.repeat(np.arange(6), 9), np.tile(np.repeat(np.arange(3), 3), 6)
    found = [spread(rng.normal(size=54), group, batch) for _ in range(600)]
    assert all(each.estimate > 0 and each.note == "conservative" for each in found)
    assert 0.93 < np.mean([each.low == 0 for each in found]) <= 0.99


def test_what_has_no_interval() -> None:
    values, groups = np.arange(6.0), np.array([0, 0, 0, 1, 1, 1])
    assert spread(values, groups, [0, 1, 0, 1, 0, 1]).note == TOO_FEW
    assert spread(values, groups, [0, 1, 2, 3, 3, 3]).note == "a group is in one batch alone: no interval"


def test_chance_by_all_permutations() -> None:
    """Six people of one batch, two in the first group: of 15 ways to choose them, how many are as far apart."""
    values = np.array([0.9, 0.8, 0.5, 0.4, 0.2, 0.1])
    groups = np.array([0, 0, 1, 1, 1, 1])
    ways = []
    for chosen in itertools.combinations(range(6), 2):
        inside = np.isin(np.arange(6), chosen)
        ways.append(abs(values[inside].mean() - values[~inside].mean()))
    quantile, p = chance_spread(values, groups, np.arange(6), np.zeros(6, np.intp))
    assert p == pytest.approx(np.mean(np.array(ways) >= ways[0] - 1e-12), abs=0.03)
    assert quantile == pytest.approx(max(ways), abs=1e-9)


def test_people_change_places_within_their_batch() -> None:
    """Batches differ, and each has one person of either group: only a swap within a batch may count."""
    values = np.array([0.0, 0.1, 10, 10.1, 20, 20.1])
    _, p = chance_spread(values, np.array([0, 1] * 3), np.arange(6), np.repeat([0, 1, 2], 2))
    assert p == pytest.approx(2 / 8, abs=0.05)  # of eight ways, this one and its mirror image
    apart = chance_spread(values, np.array([0, 0, 1, 1, 1, 1]), np.arange(6), np.repeat([0, 1, 2], 2))
    assert np.isnan(apart).all()
