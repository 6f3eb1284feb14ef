"""Latent spaces."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from builder.errors import StudyError
from builder.generators import Latents


def euclidean(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Distance between the rows of `a` and `b`, (n, d) each, computed in float64: (n,)."""
    distances = np.linalg.norm(a.astype(np.float64) - b.astype(np.float64), axis=-1)
    return np.asarray(distances, dtype=np.float32)


@dataclass(frozen=True)
class EuclideanSpace:
    """Latents drawn from N(0, I) in `dim` dimensions, with straight lines and Euclidean distance.

    Computed in float64 and stored in float32, so that a stated share of the way is that share to 1e-7.
    """

    dim: int

    def interpolate(self, a: Latents, b: Latents, t: float) -> Latents:
        """The point at share `t` of the straight line from `a` to `b`."""
        start = a.astype(np.float64)
        return (start + t * (b.astype(np.float64) - start)).astype(np.float32)

    def step(self, base: Latents, g: npt.NDArray[np.float64], level: float) -> Latents:
        """`base + level * g` ("Exploring the Lands Between", positive samples)."""
        return (base.astype(np.float64) + level * g).astype(np.float32)

    def distance(self, a: Latents, b: Latents) -> npt.NDArray[np.float32]:
        """Euclidean distance between rows: (n, d), (n, d) -> (n,)."""
        return euclidean(a, b)

    def limit(self, latents: npt.NDArray[np.float64], max_norm: float) -> npt.NDArray[np.float64]:
        """Scales rows longer than `max_norm * sqrt(dim)` back to that length.

        sqrt(dim) is the norm that a draw from N(0, I) is expected to have.
        """
        norms = np.linalg.norm(latents, axis=-1, keepdims=True)
        longest = max_norm * np.sqrt(self.dim)
        return np.where(norms > longest, latents * (longest / np.maximum(norms, longest)), latents)


@dataclass(frozen=True)
class RepeatedSpace(EuclideanSpace):
    """StyleGAN2's W: `dim` numbers that are repeated for each of `layers` layers.

    The distance is over the repeated layers, sqrt(layers) times the one in `dim` numbers: this is what the
    printed latent distances of "Exploring the Lands Between" are.
    """

    layers: int

    def distance(self, a: Latents, b: Latents) -> npt.NDArray[np.float32]:
        """Euclidean distance between rows, each repeated `layers` times: (n, d), (n, d) -> (n,)."""
        return (super().distance(a, b).astype(np.float64) * math.sqrt(self.layers)).astype(np.float32)

    def limit(self, latents: npt.NDArray[np.float64], max_norm: float) -> npt.NDArray[np.float64]:
        """Refuses: w has no normal distribution that a norm could be expected of."""
        raise StudyError(
            "samples.optimized.max_norm: has no meaning in the latent space w; leave it out, or use space z"
        )
