import numpy as np

from analysis.inference import holm


def test_holm_by_hand() -> None:
    """.01 * 4, .02 * 3, then .03 * 2 raised to what came before, .5; NaN belongs to no family."""
    np.testing.assert_allclose(holm([0.02, np.nan, 0.01, 0.5, 0.03]), [0.06, np.nan, 0.04, 0.5, 0.06])


def test_nothing_to_adjust() -> None:
    assert np.isnan(holm([np.nan, np.nan])).all()
    assert holm([]).tolist() == []
