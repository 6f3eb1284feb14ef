"""Classifiers of rows that are a torch module."""

import torch
from torch import nn

from builder.explainers.tables import Rows


class NetworkRows:
    """Satisfies `builder.explainers.tables.TableClassifier`: the softmax of its network's logits."""

    def __init__(self, network: nn.Module) -> None:
        """network: in evaluation mode, on the CPU."""
        self.network: nn.Module | None = network
        self._network = network

    def probabilities(self, rows: Rows) -> Rows:
        """(n, d) -> (n, k)."""
        with torch.inference_mode():
            probabilities: Rows = self._network(torch.from_numpy(rows)).softmax(dim=1).numpy()
        return probabilities
