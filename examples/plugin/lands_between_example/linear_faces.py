"""`linear_faces:FOLDER`: the mean of a folder's images plus a weighted sum of their principal components.

Turk and Pentland, "Eigenfaces for Recognition" (1991). The folder is a path, relative to where the build runs.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from PIL import Image, ImageOps
from pydantic import Field

from builder import settings
from builder.errors import StudyError
from builder.generators import Generator, Images, Latents, LatentSpace
from builder.generators.space import EuclideanSpace
from builder.runtime import Runtime, in_micro_batches

SIDE = 64
"""Pixels; height and width of what is learned from and of what is rendered."""

SUFFIXES = (".jpeg", ".jpg", ".png")


class Settings(settings.Settings):
    """What this generator adds to `[generator]`.

    components: principal components, the numbers in a latent; fewer than there are images.
    """

    components: Annotated[int, Field(ge=1)] = 20


class LinearFaces:
    """Satisfies `builder.generators.Generator` with latents from N(0, I), one number per principal component."""

    micro_batch = 32
    image_shape = (SIDE, SIDE)

    def __init__(self, images: Images, components: int, runtime: Runtime) -> None:
        """Learns from images, (n, 64, 64, 3) with n > components."""
        pixels = images.reshape(len(images), -1).astype(np.float64)
        mean = pixels.mean(axis=0)
        _, lengths, directions = np.linalg.svd(pixels - mean, full_matrices=False)
        deviations = lengths[:components] / math.sqrt(len(images) - 1)
        axes = deviations[:, None] * directions[:components]
        self.space: LatentSpace = EuclideanSpace(components)
        self._runtime = runtime
        self._mean = torch.from_numpy(mean).to(runtime.device, torch.float32)
        self._axes = torch.from_numpy(axes).to(runtime.device, torch.float32)

    def sample(self, seeds: Sequence[int]) -> Latents:
        """One latent per seed, (n, components): `numpy.random.RandomState(seed).randn(components)`."""
        draws = [np.random.RandomState(seed).randn(self.space.dim) for seed in seeds]
        return np.asarray(draws, np.float32).reshape(len(seeds), self.space.dim)

    def render(self, latents: Latents) -> Images:
        """(n, components) -> (n, 64, 64, 3) RGB, 0..255; what lies beyond is clipped."""
        return np.asarray(
            in_micro_batches(self._render, latents, size=self.micro_batch, runtime=self._runtime), np.uint8
        )

    def _render(self, latents: torch.Tensor) -> torch.Tensor:
        pixels = torch.addmm(self._mean, latents, self._axes)
        return pixels.round().clamp(0, 255).to(torch.uint8).reshape(-1, SIDE, SIDE, 3)


def load(argument: str | None, own: Settings, runtime: Runtime) -> Generator:
    """The generator, learned from the images in the folder `argument`.

    Raises:
        StudyError: there is no such folder, or it holds too few images or one that cannot be read.
    """
    model = f"generator.model = 'linear_faces:{argument or ''}'"
    if not argument or not Path(argument).is_dir():
        raise StudyError(f"{model}: there is no such folder; name one with images to learn from: linear_faces:FOLDER")
    # Sorted, because the order in which a folder is listed differs between machines and changes the last bits.
    files = sorted(path for path in Path(argument).iterdir() if path.suffix.lower() in SUFFIXES)
    if len(files) < 2:
        raise StudyError(f"{model}: {len(files)} images ({', '.join(SUFFIXES)}) there; add some, at least 2 are needed")
    if own.components >= len(files):
        raise StudyError(
            f"generator.components = {own.components}: must be at most {len(files) - 1}, one less than the images in "
            f"{argument}; lower it, or add images"
        )
    return LinearFaces(np.stack([_read(file) for file in files]), own.components, runtime)


def _read(file: Path) -> Images:
    """An image's middle, scaled: (64, 64, 3)."""
    try:
        with Image.open(file) as image:
            return np.asarray(ImageOps.fit(image.convert("RGB"), (SIDE, SIDE)), np.uint8)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise StudyError(f"{file}: cannot be read as an image; remove or replace it ({error})") from error
