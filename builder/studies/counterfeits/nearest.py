"""The training image that is nearest to a picture: in pixels, in the classifier's features, and by LPIPS."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builder import assets
from builder.distances.lpips import CONVOLUTIONS, HEADS, LPIPS
from builder.explainers.measures import pictures
from builder.explainers.measures.pictures import enlarged
from builder.generators import Images
from builder.runtime import Runtime
from builder.studies.counterfeits.inverted import Floats
from builder.studies.counterfeits.schema import MEASURES
from builder.studies.counterfeits.spread import distances

NET = "alex"
"""The network of LPIPS."""

BLOCK = 200
"""Pictures that are compared with all training images at a time."""


class Nearest(NamedTuple):
    """The nearest training image of n pictures: its place, (n,), and its distance, (n,)."""

    places: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]


class TrainingImages:
    """The training images, as every measure sees them."""

    def __init__(self, images: Images, features: Floats, runtime: Runtime) -> None:
        """images: (m, h, w, 3), m >= 1. features: (m, d).

        Raises:
            AssetError: LPIPS's weights cannot be fetched.
        """
        self.images, self.features = images, features
        shown = enlarged(images)
        convolutions, heads = assets.paths([CONVOLUTIONS[NET], HEADS[NET]])
        self._lpips = LPIPS(NET, convolutions, heads, shown.shape[1:3], runtime)
        self._pixels = _flat(images)
        self._vectors = self._lpips.vectors(shown)

    def nearest(self, images: Images, features: Floats) -> dict[str, Nearest]:
        """The nearest training image of each picture (n, h, w, 3) with features (n, d), by measure."""
        parts = [self._block(images[at : at + BLOCK], features[at : at + BLOCK]) for at in range(0, len(images), BLOCK)]
        return {
            measure: Nearest(*(np.concatenate(both) for both in zip(*(part[measure] for part in parts), strict=True)))
            for measure in MEASURES
        }

    def _block(self, images: Images, features: Floats) -> dict[str, Nearest]:
        vectors = self._lpips.vectors(enlarged(images))
        squares = np.square(vectors).sum(axis=1)[:, None] + np.square(self._vectors).sum(axis=1)[None]
        by_lpips = (squares - 2 * vectors @ self._vectors.T).argmin(axis=1)
        exact = pictures.lpips(self._lpips, images, self.images[by_lpips])
        return {
            "pixels": _least(distances(_flat(images), self._pixels)),
            "features": _least(distances(features.astype(np.float64), self.features.astype(np.float64))),
            "lpips": Nearest(by_lpips.astype(np.int64), exact),
        }


def _least(table: npt.NDArray[np.float64]) -> Nearest:
    return Nearest(table.argmin(axis=1).astype(np.int64), table.min(axis=1))


def _flat(images: Images) -> npt.NDArray[np.float64]:
    return images.reshape(len(images), -1).astype(np.float64) / 255
