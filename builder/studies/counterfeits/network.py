"""The generator G(z | c): a convolutional network from a latent and a condition to images; one for each conditioning.

A condition of `soft` or `one_hot` is a vector that stands beside z. That of `hot_matrix` is an N x N matrix, N the
number of classes, with ones in the row and the column of the class; it stands beside the feature map of that size,
deeper in the network, in as many copies as that has channels: beside 64 others a single one is not learned from.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from builder.errors import StudyError
from builder.studies.counterfeits.study import Conditioning, GeneratorSettings

SMALLEST = 7
"""Pixels of the first feature map's shorter side, about."""

SLOPE, GROUPS = 0.2, 4
"""The slope of Leaky-ReLU; groups of channels that are normalized together. Batches would make an image depend on
others.
"""


class Generator(nn.Module):
    """z (n, latent) and conditions (n, k) -> images (n, channels, h, w) in 0..1.

    In training it leaves feature maps out and adds noise, drawn by torch; else an image is a function of z and c.
    """

    def __init__(
        self, conditioning: Conditioning, classes: int, shape: tuple[int, int], channels: int, own: GeneratorSettings
    ) -> None:
        """shape: h, w of the images. channels: 1 for gray ones, or 3.

        Raises:
            StudyError: there is no room for a feature map of the conditioning, or `enlarge` does not fit.
        """
        super().__init__()
        self.own, self.matrix, self.shape = own, conditioning == "hot_matrix", shape
        self.sizes, self.deeper = sizes_of(shape, classes, own.enlarge, self.matrix)
        widths = [max(GROUPS, own.width // 2 ** max(0, at - 1)) // GROUPS * GROUPS for at in range(len(self.sizes))]
        rows, columns = self.sizes[0]
        self.first = nn.Linear(own.latent + (0 if self.matrix else classes), widths[0] * rows * columns)
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, width) for width in widths)
        joined = [width * 2 if self.matrix and at == self.deeper else width for at, width in enumerate(widths)]
        pairs = zip(joined[:-1], widths[1:], strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(before, width, 3, padding=1) for before, width in pairs)
        self.last = nn.Conv2d(joined[-1], channels, 3, padding=1)

    def forward(self, latents: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """(n, latent), (n, k) -> (n, channels, h, w)."""
        vector = latents if self.matrix else torch.cat([latents, conditions], dim=1)
        maps = self._finished(self.first(vector).unflatten(1, (-1, *self.sizes[0])), 0, conditions)
        for at, convolution in enumerate(self.convolutions, start=1):
            maps = functional.interpolate(maps, size=self.sizes[at], mode="nearest")
            maps = self._finished(convolution(maps), at, conditions)
        images: torch.Tensor = torch.sigmoid(self.last(maps))
        if self.own.enlarge > 1:
            images = functional.interpolate(images, size=self.shape, mode="bilinear", align_corners=False)
        return images

    def _finished(self, maps: torch.Tensor, at: int, conditions: torch.Tensor) -> torch.Tensor:
        """The feature map of a stage: normalized, in training disturbed, with the matrix where it has its size."""
        maps = self.norms[at](maps)
        if self.training and self.own.noise:
            maps = maps + self.own.noise * torch.randn_like(maps)
        maps = functional.leaky_relu(maps, SLOPE)
        maps = functional.dropout2d(maps, self.own.dropout, self.training)
        if self.matrix and at == self.deeper:
            maps = torch.cat([maps, hot_matrix(conditions)[:, None].expand_as(maps)], dim=1)
        return maps


def hot_matrix(conditions: torch.Tensor) -> torch.Tensor:
    """One-hot conditions (n, k) -> (n, k, k), 1 in the row and in the column of the class, else 0."""
    return torch.maximum(conditions[:, :, None], conditions[:, None, :])


def sizes_of(
    shape: tuple[int, int], classes: int, enlarge: int, matrix: bool
) -> tuple[list[tuple[int, int]], int | None]:
    """Height and width of every feature map, from the first to the images', and which one is classes x classes.

    Where the conditioning is no matrix, there is such a map, too, if there is room: generators differ in nothing else.

    Raises:
        StudyError: there is none where it is needed, or `enlarge` is no divisor of the images' sides.
    """
    if shape[0] % enlarge or shape[1] % enlarge:
        raise StudyError(
            f"generator.enlarge = {enlarge}: must divide the sides of the images, {shape[1]} x {shape[0]} pixels"
        )
    canvas = shape[0] // enlarge, shape[1] // enlarge
    doublings = max(1, round(math.log2(min(canvas) / SMALLEST)))
    steps = [2**step for step in range(doublings, -1, -1)]
    sizes = [(-(-canvas[0] // step), -(-canvas[1] // step)) for step in steps]
    square = (classes, classes)
    if square in sizes[:-1]:
        return sizes, sizes.index(square)
    if classes < min(canvas):
        sizes = sorted([*sizes, square], key=lambda size: min(size))
        return sizes, sizes.index(square)
    if matrix:
        raise StudyError(
            f'conditionings: "hot_matrix" needs a feature map of {classes} x {classes}, a row for each class, and the '
            f"generator draws {canvas[1]} x {canvas[0]} pixels; name fewer classes, or leave it out"
        )
    return sizes, None
