"""`hog`: dlib's HOG face detector, its 5-point landmarks and its face chip.

dlib releases the GIL while it works, so images are aligned in threads.
"""

import threading
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import dlib
import numpy as np
from PIL import Image

from builder import assets
from builder.generators import Images
from builder.recognizers import Faces
from builder.recognizers.dlib import LANDMARKS
from builder.runtime import Runtime

CHIP_SIDE, CHIP_PADDING = 150, 0.25
"""dlib's `get_face_chip_details` as `face_recognition_model_v1` calls it."""

SMALLEST_SIDE = 256
"""Pixels. dlib's detector looks for faces of at least about 80; smaller images are enlarged to this."""

ENLARGEMENT = Image.Resampling.LANCZOS

POINTS = 5
"""Landmarks of a face."""

_BYTES_PER_PIXEL = 12
"""Bytes of an image's pixel (enlarged) and of what the detector holds while it looks at it: 8.7, measured at 1024
pixels a side."""


class HogAlignment:
    """Detects without upsampling, takes the largest box, finds five landmarks and cuts a crop by them."""

    def __init__(
        self,
        landmarks: Path,
        runtime: Runtime,
        cut: Callable[[Images, "dlib.full_object_detection"], Images],
        side: int,
    ) -> None:
        """landmarks: dlib's 5-point predictor; cut: from an image and its landmarks to a crop of `side` pixels."""
        self._cut, self._side = cut, side
        self._predictor = dlib.shape_predictor(str(landmarks))
        self._own = threading.local()
        self._runtime = runtime

    def align(self, images: Images) -> Faces:
        """(n, h, w, 3) -> crops (n, side, side, 3), boxes, landmarks (n, 5, 2)."""
        count = len(images)
        faces = Faces(
            np.zeros((count, self._side, self._side, 3), np.uint8),
            np.zeros(count, np.bool_),
            np.zeros((count, 4), np.float32),
            np.zeros((count, POINTS, 2), np.float32),
        )
        rows = iter(range(count))

        def stream() -> None:
            for row in rows:
                self._align_one(images[row], faces, row)

        scale = max(1, SMALLEST_SIDE / min(images.shape[1:3]))
        streams = self._runtime.streams(int(_BYTES_PER_PIXEL * scale**2 * images.shape[1] * images.shape[2]))
        doing = [self._runtime.pool.submit(stream) for _ in range(min(streams, count))]
        wait(doing)
        for each in doing:
            each.result()
        return faces

    def _align_one(self, image: Images, faces: Faces, row: int) -> None:
        enlarged, box = self._detect(image)
        if box is None:
            return
        shape = self._predictor(enlarged, box)
        scale = enlarged.shape[0] / image.shape[0]
        faces.crops[row] = self._cut(enlarged, shape)
        faces.found[row] = True
        faces.boxes[row] = np.array([box.left(), box.top(), box.right(), box.bottom()]) / scale
        faces.landmarks[row] = np.array([(point.x, point.y) for point in shape.parts()]) / scale

    def _detect(self, image: Images) -> "tuple[Images, dlib.rectangle | None]":
        """The picture of a face that landmarks are looked for in, and its box there; None where there is none."""
        enlarged = enlarge(image)
        return enlarged, self._largest(enlarged)

    def _largest(self, image: Images) -> "dlib.rectangle | None":
        """The largest box that the detector finds in an image as it is."""
        return max(self._detector()(image, 0), key=lambda box: box.area(), default=None)

    def _detector(self) -> "dlib.fhog_object_detector":
        """One per thread: a detector keeps its image pyramid between calls."""
        if not hasattr(self._own, "detector"):
            self._own.detector = dlib.get_frontal_face_detector()
        return self._own.detector


def load(runtime: Runtime) -> HogAlignment:
    """The alignment with dlib's published landmark predictor."""
    return HogAlignment(assets.path(LANDMARKS), runtime, chip, CHIP_SIDE)


def chip(image: Images, landmarks: "dlib.full_object_detection") -> Images:
    """dlib's aligned face, 150 x 150."""
    cut: Images = dlib.get_face_chip(image, landmarks, size=CHIP_SIDE, padding=CHIP_PADDING)
    return cut


def enlarge(image: Images, side: int = SMALLEST_SIDE) -> Images:
    """An image (h, w, 3) whose shorter side is at least `side` pixels, made so with a Lanczos filter."""
    height, width, _ = image.shape
    scale = side / min(height, width)
    if scale <= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(image).resize(size, ENLARGEMENT))
