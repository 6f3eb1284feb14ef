"""`stylegan2:ADDRESS`: StyleGAN2 with the user's own weights (see `builder.weights` for addresses)."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field

from builder import settings, weights
from builder.catalog import Entry
from builder.errors import StudyError
from builder.generators import Images, Latents, LatentSpace
from builder.generators.pixels import finite
from builder.generators.space import EuclideanSpace, RepeatedSpace
from builder.generators.stylegan2.checkpoints import build_network, read_weights
from builder.generators.stylegan2.network import Config
from builder.generators.stylegan2.rosinality import State
from builder.runtime import Runtime, in_micro_batches

_BYTES_PER_FEATURE = 26
"""Memory for each pixel and feature of the last layer while the network works, in float32: 0.8 GiB for an image
of 1024 pixels and 32 features, measured on a CPU."""

SOURCE = (
    "NVIDIA's networks, the paper's ffhq.pkl among them, are at "
    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/"
)


class Settings(settings.Settings):
    """`[generator]` for StyleGAN2.

    sha256: of the weight file. space: where latents live and steps, interpolation and search happen.
    truncation: psi, how far from the mean w; 1 leaves w as it is. noise: the checkpoint's own or none.
    label: class of a conditional generator.
    """

    sha256: weights.Sha256 | None = None
    space: Literal["w", "z"] = "w"
    truncation: Annotated[float, Field(ge=0, le=1)] = 1.0
    noise: Literal["const", "none"] = "const"
    label: Annotated[int, Field(ge=0)] | None = None


class StyleGAN2:
    """Satisfies `builder.generators.Generator`; latents are w or z, images square RGB of 8 to 1024 pixels.

    The same seed gives the same image as NVIDIA's `generate.py` with the same truncation and noise mode.
    """

    space: LatentSpace

    def __init__(self, config: Config, state: State, own: Settings, runtime: Runtime) -> None:
        """Raises StudyError where `label` does not fit the generator."""
        if (own.label is not None) != (config.c_dim > 0) or (own.label or 0) >= max(config.c_dim, 1):
            classes = f"one of 0 to {config.c_dim - 1}" if config.c_dim else "left out: the generator has no classes"
            raise StudyError(f"generator.label = {own.label}: must be {classes}")
        pixels = config.img_resolution**2
        self.image_shape = (config.img_resolution, config.img_resolution)
        self._row_bytes = _BYTES_PER_FEATURE * config.channels(config.img_resolution) * pixels
        self.micro_batch = runtime.micro_batch(16, self._row_bytes, pixels)
        self._config, self._own, self._runtime = config, own, runtime
        self._network = build_network(config, state)
        self._network.to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if own.space == "w":
            self.space = RepeatedSpace(config.w_dim, config.num_ws)
        else:
            self.space = EuclideanSpace(config.z_dim)

    def sample(self, seeds: Sequence[int]) -> Latents:
        """A latent per seed: z = `RandomState(seed).randn(z_dim)`, in `w` mapped and truncated."""
        draws = [np.random.RandomState(seed).randn(self._config.z_dim) for seed in seeds]
        z = np.asarray(draws, np.float32).reshape(len(seeds), self._config.z_dim)
        if self._own.space == "z" or not len(seeds):
            return z
        w: Latents = in_micro_batches(self._map, z, size=self.micro_batch, runtime=self._runtime)
        return w

    def render(self, latents: Latents) -> Images:
        """(n, d) -> (n, side, side, 3) RGB; -1..1 becomes 0..255 as in NVIDIA's `generate.py`.

        Raises:
            BuildError: the network gave numbers that are not finite.
        """
        images: Images = in_micro_batches(
            self._render, latents, size=self.micro_batch, runtime=self._runtime, row_bytes=self._row_bytes
        )
        return images

    def _map(self, z: torch.Tensor) -> torch.Tensor:
        labels = None
        if self._own.label is not None:
            labels = torch.zeros(len(z), self._config.c_dim, device=z.device)
            labels[:, self._own.label] = 1
        w: torch.Tensor = self._network.mapping(z, labels, self._own.truncation)
        return w

    def synthesize(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (n, d) to images (n, 3, side, side) float32, about -1..1."""
        w = latents if self._own.space == "w" else self._map(latents)
        ws = w[:, None].expand(-1, self._config.num_ws, -1)
        images: torch.Tensor = self._network.synthesis(ws, noise=self._own.noise == "const")
        return images

    def _render(self, latents: torch.Tensor) -> torch.Tensor:
        images = finite(self.synthesize(latents))
        return (images * 127.5 + 128).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def load(argument: str | None, own: Settings, runtime: Runtime) -> StyleGAN2:
    """The generator with the weights at the address `argument`.

    Raises:
        AssetError: they are absent, not those that `sha256` names, or no StyleGAN2 generator.
        StudyError: there is no address, no SHA-256, or a label that does not fit.
    """
    form = "stylegan2:PATH or stylegan2:hf://user/repo/file@revision"
    path = weights.locate(argument, own.sha256, "generator", form, SOURCE)
    config, state = read_weights(path, runtime.facts)
    return StyleGAN2(config, state, own, runtime)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    where = f"yours: {name}:PATH or {name}:hf://user/repo/file@revision, with sha256"
    return [Entry(name, "that of your weights; NVIDIA's are non-commercial", where, str(runtime.device))]
