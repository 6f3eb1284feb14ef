"""Generators: from a latent to an image. One file (or folder) per family.

A generator is registered under `lands_between.generators` as a module (or object) with `Settings`, the
pydantic model of the keys that it adds to `[generator]`, and `load(argument, settings, runtime) -> Generator`,
where `argument` is what stands behind the colon of `model`, or None.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Latents = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]


class LatentSpace(Protocol):
    """The geometry of a generator's latents: moves and distances."""

    @property
    def dim(self) -> int:
        """Numbers in a latent."""

    def interpolate(self, a: Latents, b: Latents, t: float) -> Latents:
        """The latent at share `t` (0..1) of the way from `a` to `b`; shape of `a`."""

    def step(self, base: Latents, g: npt.NDArray[np.float64], level: float) -> Latents:
        """`base` moved by `level` along a draw `g` from N(0, I); shape of `base`."""

    def distance(self, a: Latents, b: Latents) -> npt.NDArray[np.float32]:
        """Distance between the rows of `a` and `b`, both (n, d): (n,)."""

    def limit(self, latents: npt.NDArray[np.float64], max_norm: float) -> npt.NDArray[np.float64]:
        """`latents` (n, d), those longer than `max_norm` times the expected norm scaled back to it."""


class Generator(Protocol):
    """Draws latents from seeds and renders latents."""

    @property
    def space(self) -> LatentSpace:
        """The space of its latents."""

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of its images, in pixels."""

    micro_batch: int
    """Latents that it renders at a time. A study folder that exists sets it to what it was begun with."""

    def sample(self, seeds: Sequence[int]) -> Latents:
        """A latent per seed, (n, d), each a function of its seed alone."""

    def render(self, latents: Latents) -> Images:
        """(n, d) -> (n, h, w, 3) RGB, 0..255."""
