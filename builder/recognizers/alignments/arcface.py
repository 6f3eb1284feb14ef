"""`arcface`: faces found as by `hog`, then turned and scaled to the ArcFace template, 112 x 112.

The template has five points: eyes, nose, corners of the mouth (Deng et al., "ArcFace", 2019; the numbers are
InsightFace's `arcface_dst`). dlib's five landmarks are the corners of the eyes and the base of the nose, so
that the eyes are what both have; their two centers fix the similarity.
"""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from builder import assets
from builder.generators import Images
from builder.recognizers.alignments.hog import HogAlignment
from builder.recognizers.dlib import LANDMARKS
from builder.runtime import Runtime

if TYPE_CHECKING:
    import dlib

SIDE = 112
"""Pixels of the crop."""

EYES = ((38.2946, 51.6963), (73.5318, 51.5014))
"""Centers of the eyes in the template, x and y in pixels: left and right in the image."""

_RIGHT_EYE, _LEFT_EYE = (0, 1), (2, 3)
"""Corners among dlib's landmarks, by side of the image."""


def load(runtime: Runtime) -> HogAlignment:
    """The alignment with dlib's published landmark predictor."""
    return HogAlignment(assets.path(LANDMARKS), runtime, _cut, SIDE)


def _cut(image: Images, landmarks: "dlib.full_object_detection") -> Images:
    """Points as complex numbers: the similarity that takes template to image is z -> turn * z + shift."""
    points = [complex(point.x, point.y) for point in landmarks.parts()]
    left, right = (sum(points[corner] for corner in eye) / 2 for eye in (_LEFT_EYE, _RIGHT_EYE))
    template_left, template_right = (complex(*eye) for eye in EYES)
    turn = (right - left) / (template_right - template_left)
    shift = left - turn * template_left
    to_image = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    crop = Image.fromarray(image).transform((SIDE, SIDE), Image.Transform.AFFINE, to_image, Image.Resampling.BICUBIC)
    return np.asarray(crop)
