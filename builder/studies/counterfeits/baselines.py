"""Pictures that traditional methods make: scaled noise, and targeted IFGSM on images of the world.

Kurakin, Goodfellow, Bengio, "Adversarial Examples in the Physical World" (2017), section 2.3, with the wanted class in
place of the least likely one, and without a bound: x_0 = x, x_(t+1) = clip(x_t - step * sign(d loss(x_t, class) / d x),
0, 1).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from builder.classifiers.gradient_sign import LEVELS, stepped
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches
from builder.studies.counterfeits.inverted import Inverted
from builder.studies.counterfeits.study import BaselineSettings


class Driven(NamedTuple):
    """Pictures that were driven towards classes, (n, h, w, 3) uint8 each.

    first: at the first step at which the stored picture has the class, else at the last. last: after all steps.
    """

    first: Images
    last: Images


def noise(count: int, shape: tuple[int, ...], gray: bool, rng: np.random.Generator) -> Images:
    """Scaled noise (count, h, w, 3): each value uniform between 0 and the picture's own scale, uniform in 0..255."""
    channels = 1 if gray else shape[2]
    scale = rng.uniform(0, LEVELS, (count, 1, 1, 1))
    pixels = np.round(scale * rng.random((count, *shape[:2], channels))).astype(np.uint8)
    return np.repeat(pixels, shape[2], axis=3) if gray else pixels


def drive(
    inverted: Inverted,
    images: Images,
    places: npt.NDArray[np.int64],
    own: BaselineSettings,
    gray: bool,
    runtime: Runtime,
    micro_batch: int,
) -> Driven:
    """Drives pictures (n, h, w, 3), n >= 1, towards classes, whose places among f's outputs are (n,).

    gray: whether they stay gray; the step is then along the sign of the mean gradient of the channels.
    """

    def run(pixels: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            return _descend(inverted, pixels.clone(), classes.clone(), own, gray)

    both = in_micro_batches(run, images, places, size=micro_batch, runtime=runtime)
    return Driven(both[:, 0], both[:, 1])


def _descend(
    inverted: Inverted, pixels: torch.Tensor, classes: torch.Tensor, own: BaselineSettings, gray: bool
) -> torch.Tensor:
    """(n, h, w, 3), (n,) -> (n, 2, h, w, 3) uint8."""
    x = pixels.permute(0, 3, 1, 2).to(torch.float32) / LEVELS
    network = _Gray(inverted.network) if gray else inverted.network
    x = x[:, :1] if gray else x
    first, waiting = x, torch.ones(len(x), dtype=torch.bool, device=x.device)
    for _ in range(own.iterations):
        x = stepped(network, x, classes, -own.step)
        first = torch.where(waiting[:, None, None, None], x, first)
        if not waiting.any():
            continue
        with torch.no_grad():
            waiting &= network((x * LEVELS).round() / LEVELS).argmax(dim=1) != classes
    both = torch.stack([first, x], dim=1).expand(-1, -1, 3, -1, -1)
    return (both * LEVELS).round().to(torch.uint8).permute(0, 1, 3, 4, 2)


class _Gray(torch.nn.Module):
    """A network that sees gray pictures (n, 1, h, w) in its three channels."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 1, h, w) -> (n, outputs)."""
        logits: torch.Tensor = self.network(images.expand(-1, 3, -1, -1))
        return logits
