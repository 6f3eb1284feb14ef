import numpy as np
import pytest

from builder.runtime import Runtime
from builder.studies.counterfeits.baselines import drive, noise
from builder.studies.counterfeits.study import BaselineSettings
from tests.builder.studies.counterfeits.test_training import sides


def test_noise_has_a_scale_of_its_own_in_every_picture():
    images = noise(400, (6, 6, 3), gray=True, rng=np.random.default_rng(0))
    assert images.shape == (400, 6, 6, 3)
    assert (images == images[..., :1]).all()
    largest = images.max(axis=(1, 2, 3))
    assert largest.mean() == pytest.approx(255 / 2, rel=0.1)
    assert largest.min() < 10 < 240 < largest.max()
    assert not (noise(5, (6, 6, 3), gray=False, rng=np.random.default_rng(0))[..., 0] == images[:5, ..., 0]).all()


def test_a_picture_is_driven_until_it_has_the_class_and_then_on(runtime: Runtime):
    """The left is brighter by .2, and each step moves either side by .02, so that the fifth is even and the sixth turns
    it.
    """
    picture = np.full((1, 8, 8, 3), 51, np.uint8)
    picture[:, :, :4] = 102
    own = BaselineSettings(step=0.02, iterations=9)
    driven = drive(sides(), picture, np.array([1]), own, True, runtime, 2)
    left, right = (driven.first[0, 0, at, 0] / 255 for at in (0, 7))
    assert (left, right) == pytest.approx((0.4 - 6 * 0.02, 0.2 + 6 * 0.02), abs=0.003)
    left, right = (driven.last[0, 0, at, 0] / 255 for at in (0, 7))
    assert (left, right) == pytest.approx((0.4 - 9 * 0.02, 0.2 + 9 * 0.02), abs=0.003)
    assert (driven.last == driven.last[..., :1]).all()
