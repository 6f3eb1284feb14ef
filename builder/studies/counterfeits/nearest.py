"""The training image that is nearest to a picture: in pixels, in the classifier's features, and by LPIPS."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from builder import assets
from builder.distances.lpips import CONVOLUTIONS, HEADS, LPIPS
from builder.explainers.measures.pictures import enlarged
from builder.generators import Images
from builder.runtime import Runtime
from builder.studies.counterfeits.inverted import Floats
from builder.studies.counterfeits.schema import MEASURES
from builder.studies.counterfeits.spread import distances

NET = "alex"
"""The network of LPIPS."""

BLOCK = 200
"""Pictures that are compared with as many training images at a time, as float64."""

LEVELS = 255

Numbers = npt.NDArray[np.float64]


class Nearest(NamedTuple):
    """The nearest training image of n pictures: its place, (n,), and its distance, (n,)."""

    places: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]


class TrainingImages:
    """The training images, as every measure sees them. Of an image they hold its bytes, its features, and the vector
    of LPIPS: 127 kB at 64 x 64 pixels.
    """

    def __init__(self, images: Images, features: Floats, runtime: Runtime) -> None:
        """images: (m, h, w, 3), m >= 1. features: (m, d).

        Raises:
            AssetError: LPIPS's weights cannot be fetched.
        """
        self.images, self.features = images, features
        shown = enlarged(images)
        convolutions, heads = assets.paths([CONVOLUTIONS[NET], HEADS[NET]])
        self._lpips = LPIPS(NET, convolutions, heads, shown.shape[1:3], runtime)
        self._vectors = self._lpips.vectors(shown)
        self._squares = np.square(self._vectors).sum(axis=1)

    def nearest(self, images: Images, features: Floats) -> dict[str, Nearest]:
        """The nearest training image of each picture (n, h, w, 3) with features (n, d), by measure."""
        parts = [self._block(images[at : at + BLOCK], features[at : at + BLOCK]) for at in range(0, len(images), BLOCK)]
        return {
            measure: Nearest(*(np.concatenate(both) for both in zip(*(part[measure] for part in parts), strict=True)))
            for measure in MEASURES
        }

    def _block(self, images: Images, features: Floats) -> dict[str, Nearest]:
        return {
            "pixels": _least(self._in_pixels(images)),
            "features": _least(distances(features.astype(np.float64), self.features.astype(np.float64))),
            "lpips": self._by_lpips(images),
        }

    def _in_pixels(self, images: Images) -> Numbers:
        """(n, m), Euclidean. Sums of gray levels' squares are whole numbers: no order of adding makes another."""
        blocks = [self.images[at : at + BLOCK] for at in range(0, len(self.images), BLOCK)]
        return np.hstack([distances(_flat(images), _flat(block)) for block in blocks]) / LEVELS

    def _by_lpips(self, images: Images) -> Nearest:
        vectors = self._lpips.vectors(enlarged(images))
        products = (torch.from_numpy(vectors) @ torch.from_numpy(self._vectors).T).numpy()  # on one thread
        places = (self._squares - 2 * products).argmin(axis=1).astype(np.int64)
        return Nearest(places, np.square(vectors - self._vectors[places]).sum(axis=1, dtype=np.float64))


def _least(table: Numbers) -> Nearest:
    return Nearest(table.argmin(axis=1).astype(np.int64), table.min(axis=1))


def _flat(images: Images) -> Numbers:
    return images.reshape(len(images), -1).astype(np.float64)
