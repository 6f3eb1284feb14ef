import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import geometric_slerp
from scipy.spatial.distance import cdist

from builder.generators.sphere import SphereSpace

SPACE = SphereSpace(100)
RNG = np.random.default_rng(1)
A, B = RNG.standard_normal((2, 5, 100)).astype(np.float32)


def unit(vectors):
    vectors = vectors.astype(np.float64)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def norm(vectors):
    return np.linalg.norm(vectors.astype(np.float64), axis=-1)


def test_distance_is_scipys():
    assert SPACE.distance(A, B).dtype == np.float32
    np.testing.assert_allclose(SPACE.distance(A, B), np.diag(cdist(A, B)), rtol=1e-6)


@given(st.floats(0, 1))
def test_directions_are_interpolated_as_scipy_does_it_and_norms_linearly(t):
    between = SPACE.interpolate(A, B, t)
    assert between.dtype == np.float32
    wanted = [geometric_slerp(a, b, t) for a, b in zip(unit(A), unit(B), strict=True)]
    np.testing.assert_allclose(unit(between), wanted, atol=1e-6)
    np.testing.assert_allclose(norm(between), (1 - t) * norm(A) + t * norm(B), rtol=1e-6)


def test_the_ends_are_the_latents():
    np.testing.assert_allclose(SPACE.interpolate(A, B, 0), A, atol=1e-6)
    np.testing.assert_allclose(SPACE.interpolate(A, B, 1), B, atol=1e-6)


@given(st.floats(0, 1))
def test_both_directions_meet(t):
    np.testing.assert_allclose(SPACE.interpolate(A, B, t), SPACE.interpolate(B, A, 1 - t), rtol=3e-7, atol=1e-7)


def test_a_row_does_not_depend_on_the_others():
    one = SPACE.interpolate(A[2], B[2], 0.3)
    assert one.shape == (100,)
    np.testing.assert_array_equal(one, SPACE.interpolate(A, B, 0.3)[2])


@pytest.mark.parametrize("end", [A, -A, 2 * A, -3 * A, 0 * A], ids=["same", "opposite", "longer", "far side", "zero"])
def test_where_there_is_no_one_arc_the_line_is_straight(end):
    np.testing.assert_allclose(SPACE.interpolate(A, end, 0.25), 0.75 * A + 0.25 * end, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("angle", [1e-7, 1e-5, 1e-3, np.pi - 1e-3, np.pi - 1e-5])
def test_it_is_continuous_towards_latents_without_an_arc(angle):
    """In the plane of two axes, where an angle of any size is exact to float32."""
    start, end = np.zeros((2, 100), np.float32)
    start[0] = 10
    end[:2] = 10 * np.cos(angle), 10 * np.sin(angle)
    for t in (0.25, 0.5, 0.9):
        between = SPACE.interpolate(start, end, t)
        # The sine of an angle near pi is known to about 1e-7 of the latents' norm, the way along it only as well.
        wanted = 10 * np.cos(t * angle), 10 * np.sin(t * angle)
        np.testing.assert_allclose(between[:2], wanted, atol=1e-5)


@pytest.mark.parametrize("level", [0.2, 0.6, 5.0])
def test_a_step_points_where_the_sum_points_and_stays_on_the_sphere(level):
    g = RNG.standard_normal(100)
    stepped = SPACE.step(A, g, level)
    assert stepped.dtype == np.float32
    np.testing.assert_allclose(norm(stepped), norm(A), rtol=1e-6)
    np.testing.assert_allclose(unit(stepped), unit(A + level * g), atol=1e-6)
    np.testing.assert_array_equal(SPACE.step(A[1], g, level), stepped[1])


def test_limit_scales_only_what_is_longer_and_keeps_its_direction():
    latents = np.array([np.full(100, 0.5), np.full(100, 3.0), np.zeros(100)])  # norms 5, 30, 0
    limited = SPACE.limit(latents, 1.2)
    np.testing.assert_array_equal(limited[[0, 2]], latents[[0, 2]])
    np.testing.assert_allclose(limited[1], np.full(100, 1.2), rtol=1e-12)  # norm 12 = 1.2 sqrt(100)
