"""`dlib`: dlib's ResNet-29 face recognition network, run in PyTorch from its published weights.

The network is that of dlib's `dnn_face_recognition_ex.cpp` (King, 2017): 128 numbers from an aligned
150-pixel face; two faces are one person where their Euclidean distance is at most 0.6. The same
arithmetic in torch is many times faster on a CPU than dlib's own runtime (benchmarks/README.md).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.errors import AssetError, StudyError
from builder.generators import Images
from builder.generators.space import euclidean
from builder.recognizers import Embeddings
from builder.recognizers.dlib_format import Layer, Network, read_network
from builder.runtime import Runtime, in_micro_batches

_PACKAGE = Package(
    "face_recognition_models", "0.3.0", "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
)
_MODELS = "face_recognition_models-0.3.0/face_recognition_models/models"

NETWORK = Asset(
    "dlib-resnet29.dat",
    _PACKAGE,
    f"{_MODELS}/dlib_face_recognition_resnet_model_v1.dat",
    22_466_066,
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "CC0-1.0",
)
LANDMARKS = Asset(
    "dlib-5-landmarks.dat",
    _PACKAGE,
    f"{_MODELS}/shape_predictor_5_face_landmarks.dat",
    9_150_489,
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    "CC0-1.0",
)
"""The predictor of five landmarks, by which the alignments `hog` and `arcface` crop."""

ASSETS = (NETWORK, LANDMARKS)

THRESHOLD = 0.6
"""dlib's `dnn_face_recognition_ex.cpp`: distances of at most 0.6 are one person."""

SIDE = 150
"""Pixels of the face chips that the network was trained on."""

BYTES_PER_CHIP = 3_500_000
"""Memory of the network while it embeds one chip, measured in micro-batches of 16."""

INPUT_SCALE = 256.0
"""dlib's `input_rgb_image_sized` divides by 256, not 255."""


class DlibRecognizer:
    """Satisfies `builder.recognizers.Recognizer`: crops of 150 x 150, embeddings of 128 numbers."""

    alignment = "hog"
    threshold = THRESHOLD
    metric = "euclidean"
    dimensions = 128

    def __init__(self, weights: Path, runtime: Runtime) -> None:
        """Reads dlib's `.dat` file at `weights`.

        Raises:
            AssetError: the file is not such a network.
        """
        self._runtime = runtime
        self.micro_batch = runtime.micro_batch(16, BYTES_PER_CHIP)
        network = read_network(weights)
        try:
            self._network = _ResNet(network).eval()
        except (ValueError, StopIteration, RuntimeError) as error:
            raise AssetError(f"{weights}: not dlib's face recognition network: {error}") from error
        self._network.to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def embed(self, crops: Images) -> Embeddings:
        """(n, 150, 150, 3) -> (n, 128).

        Raises:
            StudyError: crops of another size.
        """
        if crops.shape[1:] != (SIDE, SIDE, 3):
            raise StudyError("dlib takes crops of 150 pixels: alignment must be hog, hog_coarse or center")
        embeddings: Embeddings = in_micro_batches(
            self._network, crops, size=self.micro_batch, runtime=self._runtime, row_bytes=BYTES_PER_CHIP
        )
        return embeddings

    def distance(self, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """Euclidean distance between rows: (n,), 0 for the same image; strangers: about 0.7."""
        return euclidean(a, b)


class Settings(settings.Settings):
    """`[[recognizers]]` has no keys for dlib besides those that every recognizer has."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> DlibRecognizer:
    """The recognizer with dlib's published weights."""
    if argument is not None:
        raise StudyError(f"recognizers.model = 'dlib:{argument}': dlib takes no argument")
    network, _ = assets.paths(ASSETS)
    return DlibRecognizer(network, runtime)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [embedded(name, ASSETS, runtime)]


class _ResNet(nn.Module):
    """Stem, residual blocks, mean over the image, dense layer; built from the layers in stored order."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        layers = iter(network.layers)
        self.register_buffer("mean_rgb", torch.tensor(network.mean_rgb).view(1, 3, 1, 1))
        self.stem = _convolution(layers)
        _expect(next(layers), "relu")
        self.pool = _pool(next(layers), "max_pool")
        blocks = []
        while (block := _Block.read(layers)) is not None:
            blocks.append(block)
        self.blocks = nn.Sequential(*blocks)
        dense = next(layers)
        _expect(dense, "fc")
        outputs, inputs = dense.settings
        self.register_buffer("dense", torch.from_numpy(dense.parameters.reshape(inputs, outputs).copy()))

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """(n, 150, 150, 3) uint8 -> (n, 128)."""
        pixels = crops.permute(0, 3, 1, 2).to(torch.float32)
        features = (pixels - self.get_buffer("mean_rgb")) / INPUT_SCALE
        features = self.blocks(self.pool(functional.relu(self.stem(features))))
        embeddings: torch.Tensor = features.mean(dim=(2, 3)) @ self.get_buffer("dense")
        return embeddings


class _Block(nn.Module):
    """relu(convolutions(x) + shortcut(x)); where the sides or channels differ, the smaller is padded with
    zeros at the end, as dlib's `add_prev` does.
    """

    def __init__(self, first: nn.Conv2d, second: nn.Conv2d, shortcut: nn.Module) -> None:
        super().__init__()
        self.first, self.second, self.shortcut = first, second, shortcut

    @classmethod
    def read(cls, layers: Iterator[Layer]) -> "_Block | None":
        """The next block; None where the pool over the whole image follows instead."""
        head = next(layers)
        if head.name == "avg_pool" and head.settings[:2] == (0, 0):
            return None
        first = _convolution(layers, head)
        _expect(next(layers), "relu")
        second = _convolution(layers)
        joint = next(layers)
        shortcut: nn.Module = nn.Identity()
        if joint.name == "avg_pool":
            joint, shortcut = next(layers), _pool(joint, "avg_pool")
        _expect(joint, "add_prev")
        _expect(next(layers), "relu")
        return cls(first, second, shortcut)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) -> the same, or with more channels at half the side."""
        short = self.shortcut(features)
        long = self.second(functional.relu(self.first(features), inplace=True))
        if short.shape != long.shape:
            shape = [max(sides) for sides in zip(short.shape, long.shape, strict=True)]
            short, long = _zero_padded(short, shape), _zero_padded(long, shape)
        return functional.relu(long + short, inplace=True)


def _zero_padded(features: torch.Tensor, shape: list[int]) -> torch.Tensor:
    _, channels, rows, columns = (wanted - has for wanted, has in zip(shape, features.shape, strict=True))
    return functional.pad(features, (0, columns, 0, rows, 0, channels))


def _convolution(layers: Iterator[Layer], convolution: Layer | None = None) -> nn.Conv2d:
    """A convolution and the affine layer behind it (its frozen batch normalization), folded into one."""
    convolution = convolution or next(layers)
    affine = next(layers)
    _expect(convolution, "con")
    _expect(affine, "affine")
    filters, rows, columns, stride_y, stride_x, padding_y, padding_x = convolution.settings
    weights = convolution.parameters[:-filters].reshape(filters, -1, rows, columns).astype(np.float64)
    bias = convolution.parameters[-filters:].astype(np.float64)
    scale, offset = affine.parameters.astype(np.float64).reshape(2, filters)
    folded = nn.Conv2d(weights.shape[1], filters, (rows, columns), (stride_y, stride_x), (padding_y, padding_x))
    with torch.no_grad():
        folded.weight.copy_(torch.from_numpy(weights * scale[:, None, None, None]))
        folded.get_parameter("bias").copy_(torch.from_numpy(bias * scale + offset))
    return folded


def _pool(layer: Layer, name: str) -> nn.Module:
    _expect(layer, name)
    rows, columns, stride_y, stride_x, padding_y, padding_x = layer.settings
    kind = nn.MaxPool2d if name == "max_pool" else nn.AvgPool2d
    return kind((rows, columns), (stride_y, stride_x), (padding_y, padding_x))


def _expect(layer: Layer, name: str) -> None:
    if layer.name != name:
        raise ValueError(f"a layer {layer.name!r} where {name!r} belongs")
