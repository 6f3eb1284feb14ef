"""The nearest training image by brute force."""

import numpy as np

from builder.explainers.measures.pictures import enlarged
from builder.runtime import Runtime
from builder.studies.counterfeits.nearest import TrainingImages

RNG = np.random.default_rng(0)


def test_the_nearest_training_image_is_that_of_all_pairs(runtime: Runtime):
    images = RNG.integers(0, 256, (12, 20, 20, 3), np.uint8)
    features = RNG.standard_normal((12, 5)).astype(np.float32)
    known = TrainingImages(images[:8], features[:8], runtime)
    found = known.nearest(images[8:], features[8:])
    first, second = np.repeat(images[8:], 8, axis=0), np.tile(images[:8], (4, 1, 1, 1))
    by_lpips = known._lpips.between(enlarged(first), enlarged(second)).reshape(4, 8)
    in_pixels = np.linalg.norm((first / 255 - second / 255).reshape(32, -1), axis=1).reshape(4, 8)
    in_features = np.linalg.norm(features[8:, None] - features[None, :8], axis=2)
    for measure, table in {"pixels": in_pixels, "features": in_features, "lpips": by_lpips}.items():
        np.testing.assert_array_equal(found[measure].places, table.argmin(axis=1))
        np.testing.assert_allclose(found[measure].distances, table.min(axis=1), rtol=1e-5)
