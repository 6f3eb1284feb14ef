"""Attribute vectors of images, and in what the two images of a pair differ."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
from scipy import ndimage

from analysis import frames
from analysis.dataset import Pictures
from analysis.frames import Table

_LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601."""

_SIDE = 256
"""Larger images are reduced to it, so that sharpness does not measure the number of pixels."""

_PIXELS = ("brightness", "contrast", "sharpness", "red", "green", "blue", "saturation", "saturation_std")
_POSE = ("roll", "eyes", "yaw", "pitch")


def image_attributes(images: Table, pictures: Pictures) -> pd.DataFrame:
    """One row per image, with its image_id: what can be measured without a model.

    From the pixels, of images reduced to at most 256 a side: brightness (mean luma, 0 to 1), contrast (its standard
    deviation), sharpness (variance of the Laplacian of luma), red, green, blue (their shares in the mean color),
    saturation (mean, 0 to 1) and saturation_std. From each `<alignment>_landmarks`, where it has five points (two
    corners of each eye, base of the nose) or two (the eyes): `<alignment>_roll` (degrees, of the line through the
    eyes), `_eyes` (distance between them as a share of the image's width), and with a nose `_yaw` and `_pitch`: where
    it stands from the middle of the eyes, along and across their line, in distances between them.

    Raises:
        AnalysisError: an image cannot be read.
    """
    rows = frames.frame(images)
    with ThreadPoolExecutor() as threads:  # decoding is most of it, and needs no lock
        attributes = pd.DataFrame(threads.map(lambda image_id: _pixels(pictures.decoded(image_id)), rows["image_id"]))
    attributes.insert(0, "image_id", rows["image_id"])
    for column in [str(column) for column in rows.columns if str(column).endswith("_landmarks")]:
        name = column.removesuffix("_landmarks")
        poses = pd.DataFrame(list(map(pose, rows[column], attributes["width"])))
        attributes = attributes.join(poses.dropna(axis="columns", how="all").add_prefix(f"{name}_"))
    return attributes.drop(columns="width")


def measured_names(images: pd.DataFrame) -> list[str]:
    """The columns that `image_attributes` may add to image_id; those of a pose that no image has are left out there."""
    alignments = [str(column).removesuffix("_landmarks") for column in images if str(column).endswith("_landmarks")]
    return [*_PIXELS, *(f"{alignment}_{angle}" for alignment in alignments for angle in _POSE)]


def joined(attributes: pd.DataFrame, others: pd.DataFrame | None) -> pd.DataFrame:
    """The attributes with the columns of `others` by image_id; where both have a column, that of `others` counts."""
    if others is None:
        return attributes
    twice = [name for name in others.columns if name in attributes and name != "image_id"]
    return attributes.drop(columns=twice).merge(others, on="image_id", how="left")


def _pixels(image: PIL.Image.Image) -> dict[str, float]:
    width = image.width
    image.thumbnail((_SIDE, _SIDE))
    color = np.asarray(image, np.float64) / 255
    luma = color @ _LUMA
    mean = color.mean(axis=(0, 1))
    shares = mean / mean.sum() if mean.sum() > 0 else np.full(3, 1 / 3)
    brightest, darkest = color.max(axis=2), color.min(axis=2)
    saturation = np.divide(brightest - darkest, brightest, out=np.zeros_like(brightest), where=brightest > 0)
    return {
        "width": width,
        "brightness": float(luma.mean()),
        "contrast": float(luma.std()),
        "sharpness": float(ndimage.laplace(luma, mode="nearest").var()),
        "red": float(shares[0]),
        "green": float(shares[1]),
        "blue": float(shares[2]),
        "saturation": float(saturation.mean()),
        "saturation_std": float(saturation.std()),
    }


def pose(landmarks: Any, width: float) -> dict[str, float]:
    """roll, eyes, yaw and pitch of a face by its landmarks (see `image_attributes`); NaN where they do not say."""
    unknown = {"roll": np.nan, "eyes": np.nan, "yaw": np.nan, "pitch": np.nan}
    if landmarks is None or len(landmarks) not in (2, 5):
        return unknown
    points = np.stack([np.asarray(point, np.float64) for point in landmarks])
    eyes = points if len(points) == 2 else np.stack([points[:2].mean(axis=0), points[2:4].mean(axis=0)])
    left, right = eyes[np.argsort(eyes[:, 0], kind="stable")]
    along = right - left
    apart = float(np.hypot(*along))
    if not np.isfinite(apart) or apart == 0:
        return unknown
    angles = {"roll": float(np.degrees(np.arctan2(along[1], along[0]))), "eyes": apart / width}
    if len(points) == 2:
        return unknown | angles
    nose = points[4] - (left + right) / 2
    across = np.array([-along[1], along[0]])
    return angles | {"yaw": float(nose @ along) / apart**2, "pitch": float(nose @ across) / apart**2}
