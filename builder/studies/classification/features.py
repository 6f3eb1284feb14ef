"""The features of a network: what its last dense layer sees."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from builder.errors import StudyError
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches


def penultimate(
    name: str, network: nn.Module, images: Images, runtime: Runtime, micro_batch: int
) -> npt.NDArray[np.float32]:
    """The features (n, d) of images (n, h, w, 3), n >= 1. name: of the classifier, for errors.

    Raises:
        StudyError: the network has no dense layer.
    """
    last = last_dense(name, network)
    slot = threading.local()  # micro-batches run in several threads

    def keep(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        slot.features = inputs[0]

    def run(pixels: torch.Tensor) -> torch.Tensor:
        network(pixels.permute(0, 3, 1, 2).to(torch.float32).contiguous() / 255)
        features: torch.Tensor = slot.features
        return features

    hook = last.register_forward_pre_hook(keep)
    try:
        features: npt.NDArray[np.float32] = in_micro_batches(run, images, size=micro_batch, runtime=runtime)
    finally:
        hook.remove()
    return features


def last_dense(name: str, network: nn.Module) -> nn.Linear:
    """The last dense layer of a network.

    Raises:
        StudyError: it has none.
    """
    dense = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise StudyError(
            f"assignment.classifier = {name!r}: its network has no dense layer (torch.nn.Linear), whose input is what "
            "its examples are compared by; name another classifier"
        )
    return dense[-1]
