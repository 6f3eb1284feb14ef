"""`hog_coarse`: as `hog`, but faces are looked for in a small copy of the image first, and in the whole where none is.

Detection from coarse to fine (Fleuret and Geman, "Coarse-to-fine face detection", 2001): a face that fills the image is
found at a seventh of the cost. Landmarks and crop come from the image itself, or from the small copy where that has
more pixels. The result depends on nothing but the image, and finds a face wherever `hog` does; how far its distances
are from those of `hog` stands in benchmarks/README.md.
"""

import dlib
import numpy as np
from PIL import Image

from builder import assets
from builder.generators import Images
from builder.recognizers.alignments.hog import CHIP_SIDE, ENLARGEMENT, SMALLEST_SIDE, HogAlignment, chip, enlarge
from builder.recognizers.dlib import LANDMARKS
from builder.runtime import Runtime

COARSE_SIDE = round(SMALLEST_SIDE * (5 / 6) ** 5)
"""Pixels of the small copy's shorter side, 103: the fifth of the detector's own reductions, each to five sixths, of
what `hog` enlarges to. There its window of 80 pixels spans a face that fills 0.7 of the image."""

_REDUCING_GAP = 3.0
"""Pillow first averages over whole pixels down to so many times the size asked for; what it makes looks the same."""


class CoarseHogAlignment(HogAlignment):
    """Looks at the small copy, and where that shows no face, does all as `HogAlignment`."""

    def _detect(self, image: Images) -> "tuple[Images, dlib.rectangle | None]":
        fine = enlarge(image, COARSE_SIDE)
        coarse = _reduced(fine)
        box = self._largest(coarse)
        if box is None:
            return super()._detect(image)
        return fine, dlib.scale_rect(box, fine.shape[0] / coarse.shape[0])


def load(runtime: Runtime) -> CoarseHogAlignment:
    """The alignment with dlib's published landmark predictor."""
    return CoarseHogAlignment(assets.path(LANDMARKS), runtime, chip, CHIP_SIDE)


def _reduced(image: Images) -> Images:
    """An image (h, w, 3) of at least 103 pixels a side, reduced to that."""
    height, width, _ = image.shape
    if min(height, width) == COARSE_SIDE:
        return image
    scale = COARSE_SIDE / min(height, width)
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(image).resize(size, ENLARGEMENT, reducing_gap=_REDUCING_GAP))
