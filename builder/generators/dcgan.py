"""`dcgan-digiface`: a DCGAN trained on DigiFace-1M, 64 x 64 synthetic faces from z in R^100.

Architecture: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (2016), with the widths that the checkpoint has.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import nn

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.errors import AssetError, StudyError
from builder.generators import Images, Latents
from builder.generators.pixels import finite
from builder.generators.space import EuclideanSpace
from builder.runtime import Runtime, in_micro_batches

CHECKPOINT = Asset(
    "dcgan-digiface.pt",
    Package("gan_face_generate", "1.1.1", "24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569"),
    "gan_face_generate/weights.tar",
    14_322_251,
    "0c3b90b138cfc4e8a73310b9fd5ce2a8f1f3a542a037de277412307fcd28771f",
    "MIT; trained on DigiFace-1M (synthetic faces, research use)",
)
ASSETS = (CHECKPOINT,)

WIDTHS = (100, 512, 256, 128, 64, 3)
"""Channels from the latent to RGB; each transposed convolution after the first doubles the side, 4 -> 64."""


BYTES_PER_IMAGE = 2_000_000
"""Memory of the network while it renders one image, measured in micro-batches of 16."""


class DCGAN:
    """The generator; satisfies `builder.generators.Generator` with d = 100 and 64 x 64 images."""

    image_shape = (64, 64)

    def __init__(self, weights: Path, runtime: Runtime) -> None:
        """Reads the checkpoint at `weights` as data.

        Raises:
            AssetError: the file is not a checkpoint of this network.
        """
        self.space = EuclideanSpace(WIDTHS[0])
        self._runtime = runtime
        self.micro_batch = runtime.micro_batch(16, BYTES_PER_IMAGE)
        self._network = _network()
        try:
            state = torch.load(weights, weights_only=True, map_location="cpu")["netG_state_dict"]
            self._network.load_state_dict({key.removeprefix("main."): value for key, value in state.items()})
        except (RuntimeError, KeyError, ValueError, OSError, UnpicklingError) as error:
            raise AssetError(f"{weights}: not the checkpoint of dcgan-digiface ({error})") from error
        self._network.eval().to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def sample(self, seeds: Sequence[int]) -> Latents:
        """A z per seed, (n, 100): `numpy.random.RandomState(seed).randn(100)`."""
        draws = [np.random.RandomState(seed).randn(self.space.dim) for seed in seeds]
        return np.asarray(draws, dtype=np.float32).reshape(len(seeds), self.space.dim)

    def render(self, latents: Latents) -> Images:
        """(n, 100) -> (n, 64, 64, 3) RGB, the tanh output -1..1 rounded to 0..255.

        Raises:
            BuildError: the network gave numbers that are not finite.
        """
        images: Images = in_micro_batches(
            self._render, latents, size=self.micro_batch, runtime=self._runtime, row_bytes=BYTES_PER_IMAGE
        )
        return images

    def _render(self, latents: torch.Tensor) -> torch.Tensor:
        images = finite(self._network(latents[:, :, None, None]))
        return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


class Settings(settings.Settings):
    """`[generator]` has no keys besides `model`."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> DCGAN:
    """The generator with its embedded weights."""
    if argument is not None:
        raise StudyError(f"generator.model = 'dcgan-digiface:{argument}': dcgan-digiface takes no argument")
    return DCGAN(assets.path(CHECKPOINT), runtime)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [embedded(name, ASSETS, runtime)]


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    last = len(WIDTHS) - 2
    for step, (width_in, width_out) in enumerate(itertools.pairwise(WIDTHS)):
        stride, padding = (1, 0) if step == 0 else (2, 1)
        layers.append(nn.ConvTranspose2d(width_in, width_out, 4, stride, padding, bias=False))
        layers += [nn.Tanh()] if step == last else [nn.BatchNorm2d(width_out), nn.ReLU()]
    return nn.Sequential(*layers)
