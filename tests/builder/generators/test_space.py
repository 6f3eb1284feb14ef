import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from builder.generators.space import EuclideanSpace

SPACE = EuclideanSpace(100)
RNG = np.random.default_rng(1)
A, B = RNG.standard_normal((2, 5, 100)).astype(np.float32)


def test_distance_is_scipys():
    np.testing.assert_allclose(SPACE.distance(A, B), np.diag(cdist(A, B)), rtol=1e-6)


@given(st.floats(0, 1))
def test_a_point_at_t_is_that_share_of_the_way(t):
    point = SPACE.interpolate(A, B, t)
    np.testing.assert_allclose(SPACE.distance(A, point), t * SPACE.distance(A, B), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(SPACE.distance(point, B), (1 - t) * SPACE.distance(A, B), rtol=1e-5, atol=1e-5)


def test_a_step_is_level_times_the_draw():
    g = RNG.standard_normal(100)
    assert SPACE.step(A[0], g, 0.4) == pytest.approx(A[0] + 0.4 * g, rel=1e-6, abs=1e-6)


def test_limit_scales_only_what_is_longer_and_keeps_its_direction():
    latents = np.array([np.full(100, 0.5), np.full(100, 3.0), np.zeros(100)])  # norms 5, 30, 0
    limited = SPACE.limit(latents, 1.2)
    np.testing.assert_array_equal(limited[[0, 2]], latents[[0, 2]])
    np.testing.assert_allclose(limited[1], np.full(100, 1.2), rtol=1e-12)  # norm 12 = 1.2 sqrt(100)
