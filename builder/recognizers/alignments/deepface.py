"""`deepface`: faces as DeepFace finds and turns them by default, with OpenCV's cascades.

Crops have the size of the face in the image, each its own; recognizers of DeepFace scale them to what they want.
"""

from typing import Any

import cv2
import numpy as np

from builder.generators import Images
from builder.recognizers import Faces
from builder.recognizers.deepface import import_deepface
from builder.runtime import Runtime

DETECTOR = "opencv"
"""The default of `DeepFace.verify`."""


class DeepFaceAlignment:
    """Takes the largest face; `crops` is an array of n objects, each an image (h, w, 3) uint8."""

    def __init__(self) -> None:
        self._detection = import_deepface("deepface.modules.detection")
        self._not_found = import_deepface("deepface.modules.exceptions").FaceNotDetected

    def align(self, images: Images) -> Faces:
        """(n, h, w, 3) -> crops, boxes landmarks (n, 2, 2): the eyes, NaN where they were not found."""
        count = len(images)
        crops = np.empty(count, dtype=object)
        crops[:] = [np.zeros((2, 2, 3), np.uint8) for _ in range(count)]
        faces = Faces(
            crops,
            np.zeros(count, np.bool_),
            np.zeros((count, 4), np.float32),
            np.full((count, 2, 2), np.nan, np.float32),
        )
        for row, image in enumerate(images):
            self._align_one(image, faces, row)
        return faces

    def _align_one(self, image: Images, faces: Faces, row: int) -> None:
        try:
            detections: list[dict[str, Any]] = self._detection.extract_faces(
                image[:, :, ::-1], detector_backend=DETECTOR, normalize_face=False
            )
        except self._not_found:
            return
        face = max(detections, key=lambda each: each["facial_area"]["w"] * each["facial_area"]["h"])
        area = face["facial_area"]
        faces.crops[row] = np.ascontiguousarray(face["face"])
        faces.found[row] = True
        faces.boxes[row] = area["x"], area["y"], area["x"] + area["w"], area["y"] + area["h"]
        for point, eye in enumerate(("right_eye", "left_eye")):
            if area.get(eye):
                faces.landmarks[row, point] = area[eye]


def load(runtime: Runtime) -> DeepFaceAlignment:
    """The alignment, on one thread as DeepFace is."""
    cv2.setNumThreads(1)  # OpenCV's own threads would be beside those that the runtime counts
    return DeepFaceAlignment()
