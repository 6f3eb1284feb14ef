"""The way from a network's output to pixels, which the generators that are networks share."""

import torch

from builder.errors import BuildError


def finite(images: torch.Tensor) -> torch.Tensor:
    """The same images, of any shape.

    Raises:
        BuildError: a number is not finite; as a pixel it would be some color, and nobody would know.
    """
    if not images.isfinite().all():
        raise BuildError("the network gave pixels that are not finite; are its weights whole?")
    return images
