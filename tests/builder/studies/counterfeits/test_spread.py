import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import pdist

from builder.studies.counterfeits.schema import SPREAD
from builder.studies.counterfeits.spread import couples, frechet, spread

RNG = np.random.default_rng(0)


def test_couples_are_scipys():
    rows = RNG.standard_normal((9, 5))
    np.testing.assert_allclose(couples(rows), pdist(rows), atol=1e-9)


def test_the_frechet_distance_is_its_formula_with_scipys_root():
    a, b = RNG.standard_normal((50, 4)), RNG.standard_normal((40, 4)) @ RNG.standard_normal((4, 4)) + 1
    of_a, of_b = np.cov(a.T, bias=True), np.cov(b.T, bias=True)
    apart = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    assert frechet(a, b) == pytest.approx(apart + np.trace(of_a + of_b - 2 * np.real(sqrtm(of_a @ of_b))))


def test_the_frechet_distance_of_shifted_rows_is_the_shift_squared():
    rows = RNG.standard_normal((6, 20))  # fewer rows than numbers
    assert frechet(rows, rows + 0.5) == pytest.approx(20 * 0.25)
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-6)


def test_the_spread_of_three_pictures_by_hand():
    images = np.zeros((3, 2, 2, 3), np.uint8)
    images[1, 0, 0], images[2] = 255, 255
    features = np.array([[0.0], [3.0], [4.0]], np.float32)
    found = spread(images, features, features)
    assert set(found) == set(SPREAD)
    assert found["pixels"] == pytest.approx((3**0.5 + 12**0.5 + 9**0.5) / 3)
    assert found["nearest_pixels"] == pytest.approx(3**0.5)
    assert (found["features"], found["nearest_features"]) == pytest.approx((8 / 3, 1))
    assert found["percentile_features"] == pytest.approx(1 + 0.02 * 2)
    assert found["frechet"] == pytest.approx(0, abs=1e-6)
