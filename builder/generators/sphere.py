"""The latent space of diffusion models: Gaussian noise, which lies near a sphere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from builder.generators import Latents
from builder.generators.space import EuclideanSpace

_LEAST_SINE = 1e-6
"""Least sine of the angle between two latents; below it their float32 rounding, not they, would choose the way round.
"""

Vectors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SphereSpace(EuclideanSpace):
    """Latents drawn from N(0, I) in `dim` dimensions, moved along the sphere on which they nearly lie.

    The norm of a draw is about sqrt(dim), with a standard deviation of 0.7 whatever `dim` is, and a diffusion model
    was trained on nothing else: the middle of a straight line between two draws, shorter by a factor of sqrt(2), is
    to it noise of another strength. Hence spherical interpolation, as in Song, Meng, Ermon, "Denoising Diffusion
    Implicit Models" (2020), section 5.3. Distances are Euclidean. Computed in float64 and stored in float32.
    """

    def interpolate(self, a: Latents, b: Latents, t: float) -> Latents:
        """The latent at share `t` (0..1) of the angle and of the change in norm from `a` to `b`.

        Shoemake, "Animating Rotation with Quaternion Curves" (1985), in any dimension. Rows that
        point the same way, or opposite ways, or are zero, have no one arc between them and take the straight line.

        Args:
            a: (d,) or (n, d).
            b: the shape of `a`.
            t: 0 gives `a`, 1 gives `b`.

        Returns:
            The shape of `a`.
        """
        start, end = a.astype(np.float64), b.astype(np.float64)
        (start_norm, u), (end_norm, v) = _polar(start), _polar(end)
        # Not arccos(u . v), whose error grows without bound for small angles (Kahan, "How Futile are Mindless
        # Assessments of Roundoff", 2006, "Mangled Angles").
        angle = 2 * np.arctan2(_norm(u - v), _norm(u + v))
        sine = np.sin(angle)
        arc = (sine > _LEAST_SINE) & (start_norm > 0) & (end_norm > 0)
        direction = (np.sin((1 - t) * angle) * u + np.sin(t * angle) * v) / np.where(arc, sine, 1)
        norm = (1 - t) * start_norm + t * end_norm
        return np.where(arc, norm * direction, (1 - t) * start + t * end).astype(np.float32)

    def step(self, base: Latents, g: npt.NDArray[np.float64], level: float) -> Latents:
        """`base + level * g`, scaled back to the norm of `base`.

        `g` is nearly orthogonal to `base`, so the sum alone is longer by sqrt(1 + level^2), 17 % at level 0.6:
        off the sphere, as noise of a strength that the model never saw. Scaled back, a step is a turn, by about
        arctan(level), and what changes with the level is the picture and not the amount of noise.
        """
        start = base.astype(np.float64)
        _, direction = _polar(start + level * g)
        return (_norm(start) * direction).astype(np.float32)


def _norm(vectors: Vectors) -> Vectors:
    """(..., d) -> (..., 1)."""
    norms: Vectors = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return norms


def _polar(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Norms (..., 1) and directions (..., d); the direction of zero is zero."""
    norms = _norm(vectors)
    return norms, vectors / np.where(norms > 0, norms, 1)
