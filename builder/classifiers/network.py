"""Classifiers that are a torch module, and can be differentiated."""

import torch
from torch import nn

from builder.classifiers import Probabilities
from builder.errors import StudyError
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches


class NetworkClassifier:
    """Satisfies `builder.classifiers.Classifier`: the softmax of its network's logits."""

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        network: nn.Module,
        runtime: Runtime,
        *,
        row_bytes: int,
        side: int | None = None,
        micro_batch: int = 16,
    ) -> None:
        """name: as a study file has it, for errors. network: as in the contract. row_bytes: what it holds for an image
        while it works. side: of the only images that it takes, in pixels; None: it takes any. micro_batch: images at a
        time where memory is not short.
        """
        self.classes = classes
        self.network: nn.Module | None = network.eval().requires_grad_(False).to(runtime.device)
        self.micro_batch = runtime.micro_batch(micro_batch, row_bytes)
        self._name, self._side, self._runtime, self._row_bytes = name, side, runtime, row_bytes
        self._run = _Softmax(network)

    def probabilities(self, images: Images) -> Probabilities:
        """(n, h, w, 3) uint8, n >= 1 -> (n, k).

        Raises:
            StudyError: images of another size than the network's.
        """
        height, width = images.shape[1:3]
        if self._side and (height, width) != (self._side, self._side):
            raise StudyError(
                f"{self._name} takes images of {self._side} x {self._side} pixels, not of {width} x {height}; folders "
                f"of pictures give them so with the key side = {self._side}"
            )
        probabilities: Probabilities = in_micro_batches(
            self._run, images, size=self.micro_batch, runtime=self._runtime, row_bytes=self._row_bytes
        )
        return probabilities


class _Softmax(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, h, w, 3) uint8 -> (n, k)."""
        pixels = images.permute(0, 3, 1, 2).to(torch.float32) / 255
        probabilities: torch.Tensor = self._network(pixels.contiguous()).softmax(dim=1)
        return probabilities
