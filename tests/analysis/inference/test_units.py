import numpy as np
import pandas as pd

from analysis.inference import independent, left_out


def test_one_column_is_its_values() -> None:
    assert independent(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]
    assert independent(np.array([], int)).tolist() == []


def test_units_within_a_batch_change_nothing() -> None:
    units = pd.DataFrame({"batch": [0, 0, 1, 1, 2], "base": ["a", "b", "c", "c", "d"]})
    assert independent(units).tolist() == [0, 0, 1, 1, 2]


def test_a_rater_of_two_batches_makes_them_one() -> None:
    units = pd.DataFrame({"batch": [0, 0, 1, 1, 2], "rater": ["r", "s", "t", "r", "u"]})
    assert independent(units).tolist() == [0, 0, 0, 0, 1]


def test_null_is_shared_with_nobody() -> None:
    assert independent(pd.Series([None, "a", None, "a"])).tolist() == [1, 0, 2, 0]
    units = pd.DataFrame({"batch": [0, 0, 1], "model": [None, None, None]})
    assert independent(units).tolist() == [0, 0, 1]


def test_many_batches_are_left_out_in_groups() -> None:
    groups = left_out(np.arange(1000))
    assert np.bincount(groups).tolist() == [10] * 100
    assert left_out(np.array([5, 5, 7])).tolist() == [0, 0, 1]
