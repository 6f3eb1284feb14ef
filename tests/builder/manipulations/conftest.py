"""The digits and their classifier, which the tests of manipulations share."""

import numpy as np
import pytest

from builder import registry
from builder.classifiers import digits
from builder.manipulations.fine_tuning import Labeled


@pytest.fixture(scope="module")
def classifier(runtime):
    return digits.CNN.load(None, digits.CNN.Settings(), runtime)


@pytest.fixture(scope="module")
def labeled(runtime):
    """So many digits of a part of `mnist-5k`, with their classes, spread over all classes."""
    module = registry.load("images", "mnist-5k")

    def drawn(part, count):
        source = module.load(part, module.Settings(), runtime)
        rows = range(0, source.rows(), source.rows() // count)[:count]
        return Labeled(np.stack([source.image(row) for row in rows]), np.array([source.label(row) for row in rows]))

    return drawn
