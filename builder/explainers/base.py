"""The base of explainers that need the classifier's network: they differentiate it, or walk back through its steps."""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import nn

from builder.catalog import Entry
from builder.classifiers import Classifier
from builder.errors import StudyError
from builder.explainers import Classes, Explanations, Maps
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches

MICRO_BATCH = 4
"""Images at a time. On one CPU thread more bring little speed, and networks keep much while they are differentiated."""

BYTES_PER_PIXEL = 3500
"""Bytes that are kept of an image at most, by its pixels: measured with DeepLIFT of `efficientnet-lite0`."""


class Attribution(Protocol):
    """A method applied to a network."""

    def __call__(self, inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
        """Images in 0..1 (n, 3, h, w) and classes (n,) -> maps (n, h, w).

        create_graph: whether the maps can be differentiated by the inputs, as attacks on explanations need.
        """


class NetworkExplainer(ABC):
    """Satisfies `builder.explainers.Explainer`; a method has `attribution`.

    name: what errors call it.
    """

    name: str

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.micro_batch: int | None = MICRO_BATCH

    def fit(self, height: int, width: int) -> None:
        """Sizes the micro-batches for images of so many pixels: MICRO_BATCH, or as many as memory has room for."""
        pixels = height * width
        self.micro_batch = self._runtime.micro_batch(MICRO_BATCH, BYTES_PER_PIXEL * pixels, pixels)

    @abstractmethod
    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network, which is in evaluation mode and stays as it is.

        Raises:
            StudyError: the network has a step that the method has no rule for.
        """

    def explain(self, classifier: Classifier, images: Images, classes: Classes) -> Explanations:
        """Images (n, h, w, 3) and their classes (n,), n >= 1 -> maps (n, h, w).

        Raises:
            StudyError: the classifier has no network, or one that the method has no rules for.
        """
        attribution = self.attribution(network_of(classifier, self.name))

        def run(pixels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            with torch.inference_mode(False), torch.enable_grad():
                inputs = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255  # a copy, which can be differentiated
                return attribution(inputs, targets.clone()).detach()

        size = self.micro_batch or MICRO_BATCH
        row_bytes = BYTES_PER_PIXEL * images.shape[1] * images.shape[2]
        maps: Maps = in_micro_batches(run, images, classes, size=size, runtime=self._runtime, row_bytes=row_bytes)
        return Explanations(maps)


class HasNetwork(Protocol):
    """A classifier, of images or of rows."""

    @property
    def network(self) -> nn.Module | None:
        """The network that explainers differentiate; None where there is none."""


def network_of(classifier: HasNetwork, explainer: str) -> nn.Module:
    """The classifier's network.

    Raises:
        StudyError: it has none.
    """
    network = classifier.network
    if network is None:
        raise StudyError(
            f"explainer {explainer!r} differentiates a network, and this classifier has none: it is a file or a "
            "program that gives answers alone; lime, kernel_shap and occlusion need no more than those"
        )
    return network


def score(network: nn.Module, inputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The logit of each image's class, (n,): what is explained. Softmax would mix in the other classes' evidence."""
    logits: torch.Tensor = network(inputs)
    return logits.gather(1, classes[:, None])[:, 0]


def differentiable(inputs: torch.Tensor) -> torch.Tensor:
    """The inputs themselves where they are part of a graph already, else a copy that begins one."""
    return inputs if inputs.requires_grad else inputs.detach().requires_grad_()


def over_channels(attributions: torch.Tensor) -> torch.Tensor:
    """(n, c, h, w) -> (n, h, w), the sum: shares of a score still add up to it, and where a gray picture was repeated
    in three channels it is what the gray pixel contributes.
    """
    return attributions.sum(dim=1)


def no_argument(name: str, argument: str | None) -> None:
    """Refuses what stands behind the colon of `model`, for an explainer that takes nothing there.

    Raises:
        StudyError: something does.
    """
    if argument is not None:
        raise StudyError(f"explainers.model = '{name}:{argument}': {name} takes no argument")


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """An explainer's line in the catalog: it has no weights of its own."""
    return [Entry(name, "that of this project", "none needed", str(runtime.device))]


def one_hot(classes: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """1 at each image's class, else 0, of the shape of the logits."""
    return torch.zeros_like(logits).scatter(1, classes[:, None], 1.0)
