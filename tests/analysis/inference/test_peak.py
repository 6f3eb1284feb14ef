from collections.abc import Callable

import numpy as np
import pytest

from analysis.inference import TOO_FEW, peak


def curve_of(heights: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda weights: weights @ heights / weights.sum(axis=1, keepdims=True)


def test_places_that_are_as_high_are_in_the_interval() -> None:
    """Four batches of one row: the second place is below the third by 1 +- .5, the first by as much as it varies."""
    heights = np.array([[0, 2, 3, 0.0], [3, 2.5, 3, 0], [0, 1.5, 3, 0], [5, 2, 3, 0]])
    found = peak(np.array([1.0, 2, 3, 4]), curve_of(heights), np.arange(4))
    assert (found.estimate, found.low, found.high) == (3, 1, 3)  # t is 2.35: 1 / (.41 / 2) is beyond, 1 / (2.4 / 2) not
    assert found.words() == "one-sided t tests of 4 batches, conservative"


def test_no_place_is_no_peak() -> None:
    heights = np.array([[1.0, 0], [1, 0.1], [1, 0.2]])
    found = peak(np.array([np.nan, 5]), curve_of(heights), np.arange(3))
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert found.note == "the peak is at no place"
    assert peak(np.array([1.0, 2]), curve_of(heights[:2]), np.arange(2)).note == TOO_FEW


@pytest.mark.parametrize("seed", range(3))
def test_the_highest_place_is_within(seed: int) -> None:
    heights = np.random.default_rng(seed).normal(size=(6, 9))
    found = peak(np.arange(9.0), curve_of(heights), np.arange(6))
    assert found.low <= found.estimate == heights.mean(axis=0).argmax() <= found.high
