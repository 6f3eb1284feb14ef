"""Measures between pictures, AOPC, the fooling success rate, and the two views: by hand."""

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import mean_squared_error

from builder.distances import lpips as lpips_distance
from builder.explainers import views
from builder.explainers.measures import pictures
from builder.explainers.measures.faithfulness import aopc
from builder.explainers.measures.success import Interval, fooling_success_rate, threshold
from tests.builder.explainers.test_superpixels import Answers, quarters, white


def test_distances_of_pictures_are_in_units_of_0_to_1():
    a = np.zeros((2, 4, 4, 3), np.uint8)
    b = a.copy()
    b[0, 0, 0] = (51, 0, 102)
    b[1] = 255
    assert pictures.l_inf(a, b).tolist() == pytest.approx([0.4, 1])
    assert pictures.l_2(a, b).tolist() == pytest.approx([np.hypot(0.2, 0.4), np.sqrt(48)])
    assert pictures.l_inf(b, a).tolist() == pytest.approx([0.4, 1])  # no number wraps around
    c = np.random.default_rng(0).integers(0, 256, (1, 9, 7, 3), np.uint8)
    wanted = np.sqrt(mean_squared_error(c[0] / 255, np.zeros((9, 7, 3))) * 9 * 7 * 3)
    assert pictures.l_2(c, 0 * c)[0] == pytest.approx(wanted)


@pytest.mark.parametrize("measure", pictures.PICTURE_MEASURES, ids=lambda each: each.name)
def test_equal_pictures_are_at_their_end_of_the_range_and_the_most_different_at_the_other(measure):
    black, white = np.zeros((1, 4, 4, 3), np.uint8), np.full((1, 4, 4, 3), 255, np.uint8)
    assert (measure.low, measure.alike) == (0, "low")
    assert measure.between(white, white).tolist() == [0]
    assert measure.between(black, white).tolist() == [min(measure.high, np.sqrt(3 * 4 * 4))]


def test_lpips_sees_small_pictures_enlarged(images, generator, runtime):
    class Recorded:
        def between(self, a, b):
            self.shapes = a.shape, b.shape
            return distance.between(a, b)

    distance, recorded = lpips_distance.load("lpips_alex", generator, runtime), Recorded()
    small = np.stack([np.asarray(Image.fromarray(image).resize((28, 28))) for image in images[:2]])
    measure = pictures.lpips(recorded)
    values = measure.between(small, small[::-1])
    assert recorded.shapes == ((2, 64, 64, 3), (2, 64, 64, 3))
    assert values[0] == pytest.approx(values[1], rel=1e-4)
    assert values[0] > 0.01
    assert measure.between(small, small).tolist() == [0, 0]
    assert (measure.name, measure.low, measure.high, measure.alike) == ("lpips", 0, np.inf, "low")
    wanted = np.asarray(Image.fromarray(small[0]).resize((64, 64), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(pictures.enlarged(small)[0], wanted)
    assert pictures.enlarged(images) is images
    assert pictures.enlarged(small[:, :, :14]).shape == (2, 128, 64, 3)


def test_aopc_by_hand(monkeypatch):
    """p = .5 a + .3 b + .1 c for the lightness of the quarters; covered with black: f = .9, .4, .1, 0 in the right
    order, and .9, .9, .8, .5 in the reverse one.
    """
    classifier = Answers(lambda image: quarters(image) @ [0.5, 0.3, 0.1, 0.0])
    right = np.kron(np.array([[4.0, 3.0], [2.0, 1.0]]), np.ones((4, 4)))[None].astype(np.float32)
    black = type("Black", (), {"integers": lambda self, low, high, shape, dtype: np.zeros(shape, dtype)})
    monkeypatch.setattr(np.random, "default_rng", lambda seed: black())

    def of(maps, **keys):
        return aopc(classifier, white(1), np.array([1]), maps, cells=2, **keys)[0]

    assert of(right) == pytest.approx((0 + 0.5 + 0.8 + 0.9) / 4, abs=1e-6)
    assert of(-right) == pytest.approx((0 + 0 + 0.1 + 0.4) / 4, abs=1e-6)
    assert of(right, steps=1) == pytest.approx((0 + 0.5) / 2, abs=1e-6)
    # The sum in a region counts: one large pixel in the last quarter leads.
    one = 0 * right
    one[0, 7, 7] = 1
    assert of(one, steps=1) == pytest.approx(0, abs=1e-6)


def test_aopc_covers_with_noise_of_its_seed():
    classifier = Answers(lambda image: image.mean() / 255)
    marked = np.random.default_rng(1).normal(size=(2, 8, 8)).astype(np.float32)
    first, again, other = (
        aopc(classifier, white(2), np.array([1, 1]), marked, cells=2, seed=seed) for seed in (0, 0, 1)
    )
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    # White turns into the noise's mean lightness, a half: (0 + 1/8 + 2/8 + 3/8) / 4.
    assert first == pytest.approx([0.1875] * 2, abs=0.03)


def test_the_fooling_success_rate_has_a_threshold_per_explainer():
    values = {"lrp": np.array([0.1, 0.2, 0.5, np.nan]), "grad_cam": np.array([0.1, 0.35])}
    thresholds = {"lrp": Interval(0.2, 1), "grad_cam": Interval(0, 0.3), "unused": Interval(0, 1)}
    assert fooling_success_rate(values, thresholds) == {"lrp": 0.5, "grad_cam": 0.5}
    assert (threshold("grad_cam"), threshold("a_users")) == (Interval(-1, 0.56), Interval(-1, 0.5))


def test_the_two_views_of_a_map():
    maps = np.array([[[2.0, -1.0], [0.0, -2.0]], [[0, 0], [0, 0]]], np.float32)
    gray = views.absolute(maps)
    assert gray.dtype == np.uint8
    assert gray[0, :, :, 0].tolist() == [[255, 128], [0, 255]]
    assert gray[1].max() == 0
    colored = views.diverging(maps)
    assert colored[0, 0, 0].tolist() == list(views.FOR)
    assert colored[0, 1, 1].tolist() == list(views.AGAINST)
    assert colored[0, 1, 0].tolist() == [255, 255, 255]
    assert colored[0, 0, 1].tolist() == [144, 178, 214]  # half way from white
    assert colored[1].min() == 255
