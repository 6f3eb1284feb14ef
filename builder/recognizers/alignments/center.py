"""`center`: the largest centered square, for generators whose images are aligned already.

Something is found in every image, because nothing is looked for. A recognizer that was trained on another
alignment answers with other distances: on faces of `dcgan-digiface`, dlib's median distance between
strangers is 0.55 here and 0.68 after `hog`, so its threshold does not carry over.
"""

import numpy as np
import torch
from torch.nn import functional

from builder.generators import Images
from builder.recognizers import Faces
from builder.runtime import Runtime, in_micro_batches

CROP_SIDE = 150
"""Pixels; the side of dlib's face chip."""

MICRO_BATCH = 32

BYTES_PER_PIXEL = 18
"""Bytes of an image's pixel while it is scaled."""


class CenterAlignment:
    """Crops the middle of every image and scales it to 150 x 150, bilinear."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def align(self, images: Images) -> Faces:
        """(n, h, w, 3), n >= 1 -> a crop for every image; no landmarks."""
        count, height, width, _ = images.shape
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        squares = images[:, top : top + side, left : left + side]
        row_bytes = BYTES_PER_PIXEL * side**2
        size = self._runtime.micro_batch(MICRO_BATCH, row_bytes, side**2)  # an image's crop does not depend on it
        crops: Images = in_micro_batches(_scaled, squares, size=size, runtime=self._runtime, row_bytes=row_bytes)
        boxes = np.tile(np.array([left, top, left + side, top + side], np.float32), (count, 1))
        return Faces(crops, np.ones(count, np.bool_), boxes, np.zeros((count, 0, 2), np.float32))


def load(runtime: Runtime) -> CenterAlignment:
    """The alignment."""
    return CenterAlignment(runtime)


def _scaled(squares: torch.Tensor) -> torch.Tensor:
    pixels = squares.permute(0, 3, 1, 2).to(torch.float32)
    pixels = functional.interpolate(pixels, size=(CROP_SIDE, CROP_SIDE), mode="bilinear", antialias=True)
    return pixels.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
