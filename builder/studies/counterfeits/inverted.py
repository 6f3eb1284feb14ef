"""The classifier that is inverted: its network, frozen, with the features that its last dense layer sees."""

import copy
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from builder.errors import StudyError
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches

Floats = npt.NDArray[np.float32]


class Inverted:
    """A network from images (n, 3, h, w) in 0..1 to logits (n, outputs), and its features.

    layer: its last dense layer, by name.
    """

    def __init__(self, name: str, network: nn.Module, *, rejects: bool = False) -> None:
        """name: of the classifier, for errors. rejects: whether its last output is the class of counterfeits.

        Raises:
            StudyError: it has no dense layer.
        """
        dense = [path for path, module in network.named_modules() if isinstance(module, nn.Linear)]
        if not dense:
            raise StudyError(
                f"classifier {name!r}: its network has no dense layer (torch.nn.Linear), whose input is what this "
                "study takes for the features of an image; name another classifier"
            )
        self.name, self.rejects, self.layer = name, rejects, dense[-1]
        self.network = network.eval().requires_grad_(False)
        self._kept = threading.local()  # micro-batches run in several threads
        last = self._last(network)
        self._hook = last.register_forward_pre_hook(self._keep)
        self.outputs, self.dimensions = last.out_features, last.in_features

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 3, h, w) -> logits (n, outputs) and features (n, d)."""
        logits: torch.Tensor = self.network(images)
        return logits, self._kept.features

    def answers(self, images: Images, runtime: Runtime, micro_batch: int) -> tuple[Floats, Floats]:
        """Stored pictures (n, h, w, 3) uint8, n >= 1 -> logits (n, outputs) and features (n, d)."""

        def run(pixels: torch.Tensor) -> torch.Tensor:
            return torch.cat(self(pixels.permute(0, 3, 1, 2).to(torch.float32).contiguous() / 255), dim=1)

        both = in_micro_batches(run, images, size=micro_batch, runtime=runtime)
        return both[:, : self.outputs], both[:, self.outputs :]

    def with_reject_class(self) -> nn.Module:
        """A copy of the network with one more output, which begins as the mean of the others; where it has it already,
        as it is.
        """
        self._hook.remove()  # it belongs to this object, and is not copied
        network = copy.deepcopy(self.network)
        self._hook = self._last(self.network).register_forward_pre_hook(self._keep)
        last = self._last(network)
        if self.rejects:
            return network
        more = nn.Linear(last.in_features, last.out_features + 1, device=last.weight.device)
        bias = last.bias if last.bias is not None else last.weight.new_zeros(last.out_features)
        with torch.no_grad():
            more.weight.copy_(torch.cat([last.weight, last.weight.mean(dim=0, keepdim=True)]))
            more.bias.copy_(torch.cat([bias, bias.mean(dim=0, keepdim=True)]))
        parent, _, own = self.layer.rpartition(".")
        setattr(network.get_submodule(parent), own, more)
        return network

    def _last(self, network: nn.Module) -> nn.Linear:
        layer: nn.Linear = network.get_submodule(self.layer)  # type: ignore[assignment]
        return layer

    def _keep(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._kept.features = inputs[0]
