"""Measures between two 8-bit pictures, in units of 0..1: how visible a change is."""

import numpy as np
from PIL import Image

from builder.distances import Distance
from builder.explainers.measures import Measure, Values
from builder.generators import Images

LPIPS_SMALLEST, LPIPS_ENLARGED, LPIPS_FILTER = 32, 64, "bicubic"
"""Pictures with a side of fewer pixels than LPIPS takes are enlarged to that side, by Pillow's filter of that name."""


def l_inf(a: Images, b: Images) -> Values:
    """The largest difference of a value, 0..1: max |a - b|."""
    largest: Values = _differences(a, b).max(axis=1)
    return largest


def l_2(a: Images, b: Images) -> Values:
    """The Euclidean distance, 0..sqrt(3 h w): sqrt(sum (a - b)^2) over pixels and channels."""
    distance: Values = np.sqrt((_differences(a, b) ** 2).sum(axis=1))
    return distance


def lpips(distance: Distance) -> Measure:
    """LPIPS (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018), 0 for equal
    pictures, the larger the more they differ; small pictures are enlarged first, both alike.

    Their equation 1, as their code has it: sum_l 1/(H_l W_l) sum_hw sum_c w_lc (y_lhwc - y'_lhwc)^2, of a network's
    features y at layers l, those of each place divided by their length, and learned weights w.

    distance: `lpips_alex` or `lpips_vgg` of `builder.distances`.
    """

    def between(a: Images, b: Images) -> Values:
        return distance.between(enlarged(a), enlarged(b)).astype(np.float64)

    return Measure("lpips", 0, np.inf, "low", between)


def enlarged(images: Images) -> Images:
    """The pictures as LPIPS sees them: those below 32 pixels with 64 along the shorter side. (n, h, w, 3)."""
    height, width = images.shape[1:3]
    if min(height, width) >= LPIPS_SMALLEST:
        return images
    scale = LPIPS_ENLARGED / min(height, width)
    size, method = (round(width * scale), round(height * scale)), Image.Resampling[LPIPS_FILTER.upper()]
    return np.stack([np.asarray(Image.fromarray(image).resize(size, method)) for image in images])


PICTURE_MEASURES = (
    Measure("l_inf", 0, 1, "low", l_inf),
    Measure("l_2", 0, np.inf, "low", l_2),
)
"""LPIPS needs a network, with which `lpips` makes it one of them."""


def _differences(a: Images, b: Images) -> Values:
    """(n, h w 3), absolute."""
    return np.abs(a.astype(np.float64) - b).reshape(len(a), -1) / 255
