"""`conceal`: Dimanov et al., "You Shouldn't Trust Me: Learning Models Which Conceal Unfairness From Multiple
Explanation Methods" (2020).

A network of rows is trained further until its answers hardly change with the sensitive column near any row of the data,
while the answers stay: the column decides as before, and methods that look near a row do not see it.
"""

import copy
import time
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn
from torch.nn import functional

from builder import settings
from builder.explainers.measures import Values
from builder.explainers.tables import TableClassifier
from builder.explainers.tables.network import NetworkRows
from builder.manipulations.fine_tuning import Run, Weights, choose
from builder.manipulations.table import Table
from builder.runtime import reproducible

CPU = torch.device("cpu")


class Settings(settings.Settings):
    """The keys of `conceal`.

    derivative: by the sensitive column of the loss, as in the paper, or of the logit of class 1. weights: values of
    alpha, each of which is tried; of those that keep the accuracy, the one with the smallest derivative is taken; with
    0 it is the no-op of equal cost. accuracy_loss: the most that the accuracy may fall, 0..1. hidden: units of either
    hidden layer. epochs, more_epochs: of the network, and of its further training. learning_rate: Adam's. rows: of a
    step. seed: of weights and order.
    """

    derivative: Literal["loss", "logit"] = "loss"
    weights: Weights = (1.0,)
    accuracy_loss: Annotated[float, Field(ge=0, le=1)] = 0.02
    hidden: Annotated[int, Field(ge=1, le=4096)] = 32
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 40
    more_epochs: Annotated[int, Field(ge=1, le=10_000)] = 40
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    rows: Annotated[int, Field(ge=1, le=100_000)] = 64
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


@dataclass(frozen=True)
class Concealed:
    """The outcome.

    before: the network that was trained on the table. after: the one that conceals. settings: how both were made. runs:
    one for each alpha, `weight`; their penalty is the mean absolute derivative. chosen: index of the run that `after`
    is of. kept: whether it keeps the accuracy on the rows that choose.
    """

    before: TableClassifier
    after: TableClassifier
    settings: Settings
    runs: tuple[Run, ...]
    choice: int
    accurate: bool

    @property
    def run(self) -> Run:
        """The run whose network `after` is."""
        return self.runs[self.choice]


def manipulate(training: Table, held_out: Table, own: Settings) -> Concealed:
    """A network of the table, and one with its answers that hides the sensitive column.

    held_out: other rows: half of them choose alpha, the others measure the accuracy.
    """
    choosing, measuring = held_out.split(own.seed, 0.5)
    network = trained(training, own)
    accuracies = [_accuracy(network, each) for each in (choosing, measuring)]
    networks, runs = [], []
    for weight in own.weights:
        start = time.perf_counter()
        other, losses = _trained(network, training, weight, own)
        seconds = time.perf_counter() - start
        with reproducible(own.seed, CPU):
            penalty = _losses(other, *_tensors(choosing), training.sensitive, own)[1].item()
        numbers = [list(each.parameters()) for each in (network, other)]
        networks.append(other)
        runs.append(
            Run(
                weight=weight,
                cross_entropy=tuple(losses[:, 0].tolist()),
                penalty=tuple(losses[:, 1].tolist()),
                accuracy_before=accuracies[1],
                accuracy_after=_accuracy(other, measuring),
                chosen_by=(_accuracy(other, choosing), penalty),
                steps=own.more_epochs * -(-len(training.rows) // own.rows),
                changed=sum(int((a != b).sum()) for a, b in zip(*numbers, strict=True)),
                parameters=sum(each.numel() for each in network.parameters()),
                seconds=seconds,
            )
        )
    choice, accurate = choose(runs, accuracies[0] - own.accuracy_loss)
    return Concealed(NetworkRows(network), NetworkRows(networks[choice]), own, tuple(runs), choice, accurate)


def trained(training: Table, own: Settings) -> nn.Module:
    """The network of a table's rows, (n, d) to logits (n, 2), before anything is concealed."""
    return _trained(None, training, 0.0, own)[0]


def _trained(start: nn.Module | None, table: Table, weight: float, own: Settings) -> tuple[nn.Module, Values]:
    """A network, trained from nothing or further; and the means of both losses, (epochs, 2)."""
    rows, labels = _tensors(table)
    epochs = own.epochs if start is None else own.more_epochs
    means = np.zeros((epochs, 2))
    with reproducible(own.seed, CPU):
        network = _untrained(rows.shape[1], own.hidden) if start is None else copy.deepcopy(start)
        network.requires_grad_()
        optimizer = torch.optim.Adam(network.parameters(), own.learning_rate)
        for epoch in range(epochs):
            steps = torch.randperm(len(rows)).split(own.rows)  # type: ignore[no-untyped-call]
            for batch in steps:
                entropy, penalty = _losses(network, rows[batch], labels[batch], table.sensitive, own)
                optimizer.zero_grad()
                (entropy + weight * penalty).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                means[epoch] += np.array([entropy.item(), penalty.item()]) * len(batch) / len(rows)
    return network.eval().requires_grad_(False), means


def _losses(
    network: nn.Module, rows: torch.Tensor, labels: torch.Tensor, column: int, own: Settings
) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean cross-entropy, and the mean absolute derivative by a column."""
    rows = rows.clone().requires_grad_()
    logits = network(rows)
    entropies = functional.cross_entropy(logits, labels, reduction="none")
    derived = entropies if own.derivative == "loss" else logits[:, 1]
    (slopes,) = torch.autograd.grad(derived.sum(), rows, create_graph=True)
    # Dimanov et al., equation 3: L' = L + alpha / n || d L / d X_j ||_p, here with p = 1.
    return entropies.mean(), slopes[:, column].abs().mean()


def _untrained(columns: int, hidden: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(columns, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2)
    )


def _tensors(table: Table) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(table.rows), torch.from_numpy(table.labels)


def _accuracy(network: nn.Module, table: Table) -> float:
    return float((NetworkRows(network).probabilities(table.rows).argmax(axis=1) == table.labels).mean())
