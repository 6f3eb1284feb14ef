"""AOPC: whether the classifier needs the pixels that an explanation marks."""

import numpy as np

from builder.classifiers import Classifier
from builder.explainers import Classes, Maps
from builder.explainers.measures import Values
from builder.explainers.superpixels import answers, grid
from builder.generators import Images

CELLS = 7
"""Regions along the longer side. Samek et al. have 9 x 9 pixels in images of 224 to 256."""


def aopc(
    classifier: Classifier,
    images: Images,
    classes: Classes,
    maps: Maps,
    steps: int | None = None,
    cells: int = CELLS,
    seed: int = 0,
) -> Values:
    """The area over the perturbation curve of the class's probability, -1..1: the higher, the more it hangs on what is
    marked (Samek et al., "Evaluating the Visualization of What a Deep Neural Network Has Learned", 2017).

    Regions are covered one after the other, the most relevant first, with values drawn from a uniform distribution:
    AOPC = 1 / (L + 1) sum_{k = 0..L} f(x_0) - f(x_k).

    Args:
        classifier: f is its probability of the class.
        images: (n, h, w, 3), 8-bit.
        classes: (n,).
        maps: (n, h, w), signed: a region's relevance is the sum of its pixels.
        steps: L, by default all regions but one.
        cells: regions along the longer side.
        seed: of the values that cover.

    Returns:
        (n,).
    """
    regions = grid(images.shape[1], images.shape[2], cells)
    count = int(regions.max()) + 1
    steps = count - 1 if steps is None else steps
    relevance = np.stack([np.bincount(regions.ravel(), each.ravel(), count) for each in maps.astype(np.float64)])
    place = (-relevance).argsort(axis=1, kind="stable").argsort(axis=1)
    masks = [each >= np.arange(steps + 1)[:, None] for each in place]
    noise = np.random.default_rng(seed).integers(0, 256, images.shape[1:], np.uint8)
    curves = np.stack(answers(classifier, images, classes, len(images) * [regions], masks, noise)).astype(np.float64)
    area: Values = (curves[:, :1] - curves).mean(axis=1)
    return area
