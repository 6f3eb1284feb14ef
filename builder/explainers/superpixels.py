"""Superpixels: an image in segments, each shown or hidden, and what a classifier answers to many such versions."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from builder import settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Explanations, Maps
from builder.generators import Images

try:
    from skimage import segmentation
except ImportError as error:
    raise ImportError(f"{error}; superpixels need pip install 'lands-between[explainers]'") from error

Segments = npt.NDArray[np.int32]
"""(h, w), the superpixel of each pixel, from 0, none left out."""

Masks = npt.NDArray[np.bool_]
"""(m, d), m versions of an image of d superpixels: whether each is shown."""

MOST_BYTES = 2**25
"""Bytes of the versions of images that are made before the classifier sees them."""


class Settings(settings.Settings):
    """The keys of explainers that hide superpixels.

    superpixels: `slic`, `quickshift` (both of scikit-image) or a `grid`. segments: how many SLIC aims at. compactness:
    of SLIC's. kernel_size, max_dist, ratio: of quickshift. grid: cells along the longer side. hidden: the gray level,
    0..255, of what is hidden. seed: of all that is drawn.
    """

    superpixels: Literal["slic", "quickshift", "grid"] = "slic"
    segments: Annotated[int, Field(ge=2, le=2000)] = 50
    compactness: Annotated[float, Field(gt=0, le=1e4)] = 10.0
    kernel_size: Annotated[float, Field(gt=0, le=100)] = 4.0
    max_dist: Annotated[float, Field(gt=0, le=1e4)] = 200.0
    ratio: Annotated[float, Field(ge=0, le=1)] = 0.2
    grid: Annotated[int, Field(ge=2, le=64)] = 7
    hidden: Annotated[int, Field(ge=0, le=255)] = 127
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


def segment(image: Images, own: Settings) -> Segments:
    """The superpixels of one image (h, w, 3)."""
    if own.superpixels == "grid":
        return grid(image.shape[0], image.shape[1], own.grid)
    if own.superpixels == "slic":
        # Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods" (2012).
        labels = segmentation.slic(image, own.segments, own.compactness, start_label=0, channel_axis=-1)
    else:
        # Vedaldi, Soatto, "Quick Shift and Kernel Methods for Mode Seeking" (2008).
        labels = segmentation.quickshift(  # type: ignore[no-untyped-call]
            image, own.ratio, own.kernel_size, max_dist=own.max_dist, rng=own.seed, channel_axis=-1
        )
    _, labels = np.unique(labels, return_inverse=True)
    numbered: Segments = labels.reshape(image.shape[:2]).astype(np.int32)
    return numbered


def grid(height: int, width: int, cells: int) -> Segments:
    """Square cells from the upper left, `cells` along the longer side; those at the far edges may be smaller."""
    side = -(-max(height, width) // cells)
    rows, columns = np.arange(height) // side, np.arange(width) // side
    cell: Segments = (rows[:, None] * (columns[-1] + 1) + columns).astype(np.int32)
    return cell


def answers(
    classifier: Classifier,
    images: Images,
    classes: Classes,
    segments: Sequence[Segments],
    masks: Sequence[Masks],
    hidden: int | Images,
) -> list[npt.NDArray[np.float32]]:
    """The probability of each image's class for each of its versions, (m,) an image.

    The versions of all images are one stream, which fills the classifier's micro-batches whatever image they are of.

    Args:
        classifier: the one that is asked.
        images: (n, h, w, 3).
        classes: (n,).
        segments: of each image.
        masks: of each image.
        hidden: the gray level of what is hidden, or the picture (h, w, 3) behind it.
    """
    block = classifier.micro_batch * max(1, MOST_BYTES // (classifier.micro_batch * images[0].nbytes))
    counts = [len(each) for each in masks]
    of_image = np.repeat(np.arange(len(images)), counts)
    versions = _versions(images, segments, masks, hidden, block)
    outputs = [classifier.probabilities(each) for each in versions]
    probabilities = np.concatenate(outputs)[np.arange(len(of_image)), classes[of_image]]
    return np.split(probabilities, np.cumsum(counts)[:-1])


def painted(segments: Sequence[Segments], weights: Sequence[npt.NDArray[np.floating]]) -> Explanations:
    """Maps in which every pixel has the weight of its superpixel."""
    maps: Maps = np.stack([w.astype(np.float32)[s] for s, w in zip(segments, weights, strict=True)])
    return Explanations(maps, np.stack(segments))


def _versions(
    images: Images, segments: Sequence[Segments], masks: Sequence[Masks], hidden: int | Images, block: int
) -> Iterator[Images]:
    """Blocks of `block` versions, the last one smaller."""
    behind = np.asarray(hidden, np.uint8)
    pending: list[Images] = []
    missing = block
    for image, labels, rows in zip(images, segments, masks, strict=True):
        while len(rows):
            now, rows = rows[:missing], rows[missing:]
            pending.append(np.where(now[:, labels][..., None], image, behind))
            missing -= len(now)
            if not missing:
                yield np.concatenate(pending)
                pending, missing = [], block
    if pending:
        yield np.concatenate(pending)
