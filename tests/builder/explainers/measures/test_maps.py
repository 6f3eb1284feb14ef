"""Measures between maps: by hand, and against scipy, scikit-image and scikit-learn where those mean the same."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from skimage.metrics import mean_squared_error

from builder.errors import StudyError
from builder.explainers.measures import maps as measures
from builder.explainers.measures.maps import ABSOLUTE_MEASURES, MAP_MEASURES


def drawn(n=6, side=24, seed=0):
    return np.random.default_rng(seed).normal(size=(n, side, side)).astype(np.float32)


def small(*rows):
    return np.array(rows, np.float32)[None]


@pytest.mark.parametrize("measure", MAP_MEASURES, ids=lambda measure: measure.name)
def test_equal_maps_are_at_their_end_of_the_range_and_others_within_it(measure):
    a, b = drawn(), drawn(seed=1)
    alike = {"low": measure.low, "high": measure.high}[measure.alike]
    np.testing.assert_allclose(measure.between(a, a), alike, atol=1e-12)
    for other in (b, -a, np.abs(a)):
        values = measure.between(a, other)
        assert values.shape == (6,)
        assert ((measure.low <= values) & (values <= measure.high)).all()
        np.testing.assert_allclose(measure.between(other, a), values, atol=1e-12)
    assert (np.abs(measure.between(a, b) - alike) > 0.05).all()


@pytest.mark.parametrize("measure", MAP_MEASURES, ids=lambda measure: measure.name)
def test_the_unit_of_a_map_does_not_matter_and_its_sign_does(measure):
    a, b = drawn(), drawn(seed=1)
    np.testing.assert_allclose(measure.between(1000 * a, b / 50), measure.between(a, b), atol=1e-6)
    if measure.name not in ("top_k", "hog_pearson"):  # which see absolute values, and directions without their sign
        assert (measure.between(a, -a) != measure.between(a, a)).all()


def test_the_most_different_maps_reach_the_other_end():
    a = drawn()
    np.testing.assert_allclose(measures.spearman(a, -a), -1)
    np.testing.assert_allclose(measures.pearson(a, -a), -1)
    np.testing.assert_allclose(measures.mse(np.ones((1, 2, 2)), -np.ones((1, 2, 2))), 4)
    assert measures.top_k(small([4, 3, 0, 0]), small([0, 0, 3, 4]), k=2) == 0


def test_correlations_are_scipys():
    a, b = drawn(), (drawn(seed=1) + drawn()).round(1)  # rounded: many are equal
    np.testing.assert_allclose(
        measures.spearman(a, b), [spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)]
    )
    np.testing.assert_allclose(
        measures.pearson(a, b), [pearsonr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)]
    )


def test_correlations_by_hand():
    """Ranks of (1, 10, 100, 50) are 1, 2, 4, 3, of (2, 1, 4, 3) those: rho = 1 - 6 (1 + 1) / (4 . 15)."""
    assert measures.spearman(small([1, 10], [100, 50]), small([2, 1], [4, 3])) == pytest.approx(0.8)
    # (-1, 0, 1) and (-1, 1, 0): 1 / 2.
    assert measures.pearson(small([1, 2, 3]), small([1, 3, 2])) == pytest.approx(0.5)
    constant = np.ones((1, 3, 3), np.float32)
    assert np.isnan(measures.spearman(constant, drawn(1, 3)))
    assert np.isnan(measures.pearson(drawn(1, 3), 0 * constant))


def test_the_top_k_by_hand():
    a, b = small([9, -8, 1], [0, 2, 7]), small([5, 0, -9], [1, 0, 8])
    # By absolute value: 9, 8, 7 at 0, 1, 5; and 9, 8, 5 at 2, 5, 0.
    assert measures.top_k(a, b, k=3) == pytest.approx(2 / 3)
    assert measures.top_k(a, b, k=1) == 0
    # 5 % of 400 pixels are 20.
    first = np.arange(400, dtype=np.float32).reshape(1, 20, 20)
    second = np.roll(first.ravel(), 5).reshape(1, 20, 20)
    assert measures.top_k(first, second) == pytest.approx(15 / 20)
    # Of equal ones the first count.
    assert measures.top_k(small([1, 1, 1, 1]), small([1, 1, 0, 0]), k=2) == 1


def test_mse_is_that_of_maps_whose_largest_value_is_1():
    a, b = small([2, -1], [0, 1]), small([0, 3], [0, -3])
    # (1, -.5, 0, .5) and (0, 1, 0, -1): (1 + 2.25 + 0 + 2.25) / 4.
    assert measures.mse(a, b) == pytest.approx(5.5 / 4)
    normalized = [measures.normalized(drawn(seed=seed)) for seed in (0, 1)]
    wanted = [mean_squared_error(x, y) for x, y in zip(*normalized, strict=True)]
    np.testing.assert_allclose(measures.mse(drawn(), drawn(seed=1)), wanted)


def test_ssim_is_wangs():
    """Written out: equation 13 with Gaussian windows of 11 pixels that lie within the image."""
    a, b = drawn(1, 12), drawn(1, 12, 1)
    x, y = measures.normalized(a)[0], measures.normalized(b)[0]
    line = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    values = []
    for top in range(2):
        for left in range(2):
            p, q = (each[top : top + 11, left : left + 11] for each in (x, y))
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
            values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    assert measures.ssim(a, b) == pytest.approx(np.mean(values), abs=1e-9)
    with pytest.raises(StudyError, match="ssim needs maps of at least 11 x 11 pixels, these have 10"):
        measures.ssim(drawn(1, 10), drawn(1, 10))


def test_the_histogram_of_gradients_sees_directions():
    """Stripes along one axis are alike wherever they begin, and unlike those along the other."""
    upright = np.tile(np.sin(np.arange(32) / 2), (32, 1))[None].astype(np.float32)
    moved, lying = np.roll(upright, 3, axis=2), upright.transpose(0, 2, 1)
    assert measures.hog_pearson(upright, moved) > 0.9
    assert measures.hog_pearson(upright, lying) < 0
    with pytest.raises(StudyError, match="hog_pearson needs maps of at least 16"):
        measures.hog_pearson(drawn(1, 15), drawn(1, 15))
    assert np.isnan(measures.hog_pearson(np.ones((1, 16, 16), np.float32), drawn(1, 16)))


def test_histograms_of_gradients_by_hand():
    """One block of 2 x 2 cells. Every pixel of a ramp has one direction, so each cell has one bin, and the block's unit
    vector has 1/2 there, which L2-Hys clips to .2 and scales back to 1/2; for the ramp along the other axis another
    bin. Of 36 numbers, four are 1/2 in each: r = (0 - 36 m^2) / (1 - 36 m^2) with m = 2 / 36.
    """
    ramp = np.tile(np.arange(16.0), (16, 1))[None].astype(np.float32)
    m = 2 / 36
    wanted = (0 - 36 * m**2) / (1 - 36 * m**2)
    assert measures.hog_pearson(ramp, ramp.transpose(0, 2, 1)) == pytest.approx(wanted, abs=1e-6)


def test_absolute_measures_do_not_see_signs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 16, 16)).astype(np.float32)
    assert [each.name for each in ABSOLUTE_MEASURES] == [
        f"{name}_absolute" for name in ("spearman", "pearson", "ssim", "hog_pearson", "mse")
    ]
    for measure in ABSOLUTE_MEASURES:
        of_one = measure.between(a, -a)
        np.testing.assert_allclose(of_one, measure.low if measure.alike == "low" else measure.high, atol=1e-12)
        assert (measure.between(a, b) <= measure.high).all()
    pearson = {each.name: each for each in ABSOLUTE_MEASURES}["pearson_absolute"]
    wanted = [pearsonr(np.abs(x).ravel(), np.abs(y).ravel()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(pearson.between(a, b), wanted, atol=1e-6)
