"""Fine-tuning, which manipulations of a model share: Heo, Joo, Moon, "Fooling Neural Network Interpretations via
Adversarial Model Manipulation" (2019), section 3.2.

A copy of the network is trained further with the cross-entropy of its labels plus lambda times a penalty on its maps.
With lambda 0 it is the no-op of equal cost: the penalty is computed, and counts nothing. The network stays in
evaluation mode, so that what a normalization knows of the data stays, and nothing is dropped out.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import nn
from torch.nn import functional

from builder import progress, settings
from builder.classifiers import Classifier
from builder.errors import StudyError
from builder.explainers import Classes, Maps
from builder.explainers.base import Attribution, NetworkExplainer, network_of
from builder.explainers.measures import Values
from builder.explainers.sanity import in_place_of
from builder.generators import Images
from builder.runtime import Runtime, reproducible

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Weights = Annotated[tuple[Weight, ...], Field(strict=False, min_length=1, max_length=20)]
"""Values of lambda."""


class Settings(settings.Settings):
    """The keys of every fine-tuning.

    weights: values of lambda, each of which is tried; of those that keep the accuracy, the one whose maps do best is
    taken. accuracy_loss: the most that the accuracy may fall, 0..1. epochs: how often the training pictures are seen.
    learning_rate: Adam's. pictures: how many a step sees, for the labels as for the maps. seed: of their order.
    """

    weights: Weights = (1.0,)
    accuracy_loss: Annotated[float, Field(ge=0, le=1)] = 0.02
    epochs: Annotated[int, Field(ge=1, le=1000)] = 5
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    pictures: Annotated[int, Field(ge=1, le=10_000)] = 32
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Labeled(NamedTuple):
    """Pictures (n, h, w, 3) uint8 and their classes (n,), as indices of the classifier's."""

    images: Images
    classes: Classes


class Sought(NamedTuple):
    """The maps that are changed, of n pictures and classes, and what a penalty compares each with, (n, h, w)."""

    images: Images
    classes: Classes
    targets: Maps


@dataclass(frozen=True)
class Goal:
    """The goal of a manipulation of a model.

    sought: of pictures, the maps that are to change. penalty: maps (n, h, w) and targets (n, h, w) -> (n,), the lower
    the better; it can be differentiated by the maps.
    """

    sought: Callable[[Labeled], Sought]
    penalty: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Run:
    """One fine-tuning.

    weight: lambda. cross_entropy, penalty: means of each epoch. accuracy_before, accuracy_after: of pictures that
    neither trained the network nor chose the run, 0..1. chosen_by: accuracy and mean penalty of those that choose.
    steps: of the optimizer. changed, parameters: how many numbers of the network changed, of how many. seconds: the
    training alone.
    """

    weight: float
    cross_entropy: tuple[float, ...]
    penalty: tuple[float, ...]
    accuracy_before: float
    accuracy_after: float
    chosen_by: tuple[float, float]
    steps: int
    changed: int
    parameters: int
    seconds: float


class ManipulatedModel(NamedTuple):
    """A classifier with changed weights.

    settings: how it was made. runs: one for each lambda, in the order of the settings. chosen: the index of the run
    whose weights the classifier has. kept: whether it keeps the accuracy on the pictures that choose; where no run
    does, the one that loses least was taken.
    """

    classifier: Classifier
    settings: Settings
    runs: tuple[Run, ...]
    choice: int
    accurate: bool

    @property
    def run(self) -> Run:
        """The run whose weights the classifier has."""
        return self.runs[self.choice]


def fine_tune(
    goal: Goal,
    own: Settings,
    classifier: Classifier,
    explainer: NetworkExplainer,
    training: Labeled,
    held_out: Labeled,
    runtime: Runtime,
) -> ManipulatedModel:
    """Manipulates a classifier so that its maps have a smaller penalty; the classifier itself stays as it is.

    Args:
        goal: what is sought of the maps.
        own: how it is trained.
        classifier: has a network.
        explainer: whose maps are changed.
        training: pictures to train on, those that the classifier was trained on or others.
        held_out: other pictures, two or more: every second one chooses lambda, the others measure the accuracy.
        runtime: where it is trained.

    Raises:
        StudyError: the classifier has no network, or one that the explainer cannot take; or there are no pictures.
    """
    if not len(training.images) or len(held_out.images) < 2:
        raise StudyError("a manipulation of a model needs training pictures, and two or more that are held out")
    network = network_of(classifier, explainer.name)
    choosing, measuring = (Labeled(held_out.images[at::2], held_out.classes[at::2]) for at in (0, 1))
    sought, compared = goal.sought(training), goal.sought(choosing)
    before = [accuracy(classifier, each) for each in (choosing, measuring)]
    tuned, runs = [], []
    for weight in own.weights:
        start = time.perf_counter()
        trained, losses = _trained(network, explainer, goal, sought, training, weight, own, runtime)
        seconds = time.perf_counter() - start
        other = in_place_of(classifier, trained, runtime)
        maps = explainer.explain(other, compared.images, compared.classes).maps
        penalty = float(goal.penalty(torch.from_numpy(maps), torch.from_numpy(compared.targets)).mean())
        tuned.append(other)
        runs.append(
            Run(
                weight=weight,
                cross_entropy=tuple(losses[:, 0].tolist()),
                penalty=tuple(losses[:, 1].tolist()),
                accuracy_before=before[1],
                accuracy_after=accuracy(other, measuring),
                chosen_by=(accuracy(other, choosing), penalty),
                steps=own.epochs * _steps(len(training.images), own.pictures),
                changed=sum(int((a != b).sum()) for a, b in zip(*map(_numbers, (network, trained)), strict=True)),
                parameters=sum(each.numel() for each in network.parameters()),
                seconds=seconds,
            )
        )
    choice, accurate = choose(runs, before[0] - own.accuracy_loss)
    return ManipulatedModel(tuned[choice], own, tuple(runs), choice, accurate)


_Settings = TypeVar("_Settings", bound=Settings)


@dataclass(frozen=True)
class Manipulation(Generic[_Settings]):
    """A manipulation of a model: it makes a classifier whose maps are as its goal has them.

    goal: of a classifier, an explainer and the manipulation's own settings.
    """

    goal: Callable[[Classifier, NetworkExplainer, _Settings], Goal]

    def __call__(
        self,
        classifier: Classifier,
        explainer: NetworkExplainer,
        training: Labeled,
        held_out: Labeled,
        own: _Settings,
        runtime: Runtime,
    ) -> ManipulatedModel:
        """The manipulated classifier; arguments as of `fine_tune`.

        Raises:
            StudyError: as `fine_tune`; or the goal cannot be had of this classifier.
        """
        goal = self.goal(classifier, explainer, own)
        return fine_tune(goal, own, classifier, explainer, training, held_out, runtime)


VANISHING = 0.1
"""The share of its strength at which a map counts half in a penalty."""


def presence(maps: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
    """The degree to which maps are there at all, beside their originals: (n,), 0 for maps of zeros, near 1 for such of
    strength.

    Without it a map that vanishes would lie nowhere that it should not be.
    """
    strength, original = maps.abs().sum(dim=(1, 2)), originals.abs().sum(dim=(1, 2))
    return strength / (strength + VANISHING * original).clamp(min=1e-12)


def accuracy(classifier: Classifier, pictures: Labeled) -> float:
    """The share of pictures that get their class, 0..1."""
    return float((classifier.probabilities(pictures.images).argmax(axis=1) == pictures.classes).mean())


def choose(runs: Sequence[Run], accurate: float) -> tuple[int, bool]:
    """The index of the run with the lowest penalty of those that are accurate, else of the most accurate; and whether
    it is.

    accurate: the least accuracy on the pictures that choose.
    """
    accurate_runs = [at for at, run in enumerate(runs) if run.chosen_by[0] >= accurate]
    if accurate_runs:
        return min(accurate_runs, key=lambda at: runs[at].chosen_by[1]), True
    return max(range(len(runs)), key=lambda at: runs[at].chosen_by[0]), False


def _numbers(network: nn.Module) -> list[torch.Tensor]:
    return [each.detach() for each in network.parameters()]


def _trained(
    network: nn.Module,
    explainer: NetworkExplainer,
    goal: Goal,
    sought: Sought,
    training: Labeled,
    weight: float,
    own: Settings,
    runtime: Runtime,
) -> tuple[nn.Module, Values]:
    """A copy of the network, trained with one lambda; and the means of both losses, (epochs, 2)."""
    steps = own.epochs * _steps(len(training.images), own.pictures)
    bar = progress.bar(steps, f"fine-tuning, lambda {weight:g}", "step", delay=progress.SLOW)
    with reproducible(own.seed, runtime.device), bar:
        tuned = copy.deepcopy(network).requires_grad_()
        attribution = explainer.attribution(tuned)
        optimizer = torch.optim.Adam(tuned.parameters(), own.learning_rate)
        per_epoch = _steps(len(training.images), own.pictures)
        labeled = _orders(len(training.images), own.pictures)
        explained = _orders(len(sought.images), own.pictures)
        losses = np.zeros((own.epochs, per_epoch, 2))
        for epoch in range(own.epochs):
            for step in range(per_epoch):
                rows, places = next(labeled), next(explained)
                logits = tuned(_inputs(training.images[rows], runtime))
                entropy = functional.cross_entropy(logits, _tensor(training.classes[rows], runtime))
                penalty = _penalty(goal, attribution, sought, places, runtime)
                optimizer.zero_grad()
                # Heo et al., equation 1: L(D, D_fool; w, w_0) = L_C(D; w) + lambda L_F(D_fool; w, w_0).
                (entropy + weight * penalty).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                losses[epoch, step] = entropy.item(), penalty.item()
                bar.update()
    return tuned.requires_grad_(False), losses.mean(axis=1)


def _penalty(
    goal: Goal, attribution: Attribution, sought: Sought, places: npt.NDArray[np.int64], runtime: Runtime
) -> torch.Tensor:
    """The mean penalty of some of the maps, which can be differentiated by the weights."""
    classes, targets = (_tensor(each[places], runtime) for each in (sought.classes, sought.targets))
    maps = attribution(_inputs(sought.images[places], runtime), classes, create_graph=True)
    return goal.penalty(maps, targets).mean()


def _inputs(images: Images, runtime: Runtime) -> torch.Tensor:
    """Images as `Classifier.network` takes them."""
    return _tensor(images, runtime).permute(0, 3, 1, 2).to(torch.float32).contiguous() / 255


def _tensor(array: npt.NDArray[Any], runtime: Runtime) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(runtime.device)


def _steps(rows: int, size: int) -> int:
    """The batches of an epoch: whole ones alone, but for fewer rows than one takes."""
    return max(1, rows // size)


def _orders(rows: int, size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Rows of each step, without end: every row once in an order drawn anew, whole steps alone."""
    while True:
        order = torch.randperm(rows).numpy()
        for step in range(_steps(rows, size)):
            yield order[step * size : (step + 1) * size]
