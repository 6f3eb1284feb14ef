"""Distances of pictures from those that train a network, in its own features: how far a manipulation of the model has
to generalize.
"""

import threading

import numpy as np
import torch
from torch import nn

from builder.explainers.measures import Values
from builder.explainers.sanity import layers
from builder.generators import Images
from builder.runtime import AnyArray, Runtime, in_micro_batches


def nearest(network: nn.Module, images: Images, training: Images, micro_batch: int, runtime: Runtime) -> Values:
    """The Euclidean distance of each picture (n, h, w, 3) to the nearest of the training's (m, h, w, 3), m >= 1,
    between the inputs of the network's last layer with weights: (n,).
    """
    of_images, of_training = (
        features(network, each, micro_batch, runtime).astype(np.float64) for each in (images, training)
    )
    return np.array([np.sqrt(((of_training - each) ** 2).sum(axis=1)).min() for each in of_images])


def features(network: nn.Module, images: Images, micro_batch: int, runtime: Runtime) -> AnyArray:
    """The inputs of the network's last layer with weights, of so many pictures at a time: (n, d) float32."""
    last = network.get_submodule(layers(network)[0])

    slot = threading.local()  # micro-batches run in several threads

    def keep(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        slot.inputs = inputs[0]

    def run(pixels: torch.Tensor) -> torch.Tensor:
        network(pixels.permute(0, 3, 1, 2).to(torch.float32).contiguous() / 255)
        inputs: torch.Tensor = slot.inputs
        return inputs.flatten(1)

    hook = last.register_forward_pre_hook(keep)
    try:
        return in_micro_batches(run, images, size=micro_batch, runtime=runtime)
    finally:
        hook.remove()
