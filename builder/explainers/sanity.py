"""Sanity checks of explainers: Adebayo et al., "Sanity Checks for Saliency Maps" (2018).

An explanation of a network should change where what the network has learned is taken away: its weights, layer by layer
(model randomization), or the meaning of the labels it was trained on (label randomization).
"""

import copy
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from builder.classifiers import Classifier
from builder.classifiers.network import NetworkClassifier
from builder.errors import StudyError
from builder.explainers import Classes, Explainer, Maps
from builder.explainers.measures import Measure, Values
from builder.explainers.tables import Rows, TableClassifier, TableExplainer
from builder.explainers.tables.network import NetworkRows
from builder.generators import Images
from builder.runtime import Runtime

try:
    from skimage.filters import sobel
except ImportError as error:
    raise ImportError(f"{error}; sanity checks need pip install 'lands-between[explainers]'") from error

Mode = Literal["cascading", "independent"]

Explain = Callable[[nn.Module], Maps]
"""The maps of one choice of images (or rows) and classes, of a network that takes the place of the trained one."""


def layers(network: nn.Module) -> list[str]:
    """The names of the modules that have weights of their own, from the output to the input."""
    weighted = [name for name, module in network.named_modules() if list(module.parameters(recurse=False))]
    return weighted[::-1]


def spread(network: nn.Module, most: int) -> list[str]:
    """A choice of at most so many of the layers, in the same order and evenly spread; of two or more the first is the
    one at the output and the last the one at the input.
    """
    order = layers(network)
    places = np.linspace(0, len(order) - 1, min(most, len(order))).round().astype(int)
    return [order[place] for place in places]


def check_drawable(network: nn.Module, names: Iterable[str]) -> None:
    """Checks that layers know how their weights are drawn.

    Raises:
        StudyError: one does not.
    """
    for name in names:
        layer = network.get_submodule(name)
        if getattr(layer, "reset_parameters", None) is None:
            raise StudyError(f"the layer {name!r} ({type(layer).__name__}) does not know how its weights are drawn")


def randomized(network: nn.Module, names: Iterable[str], seed: int) -> nn.Module:
    """A copy in which the layers have weights as they are drawn before training; those of a layer are the same whatever
    other layers are drawn.

    Raises:
        StudyError: a layer does not know how its weights are drawn.
    """
    names = list(names)
    check_drawable(network, names)
    copied = copy.deepcopy(network)
    order = layers(network)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for name in names:
            layer: Any = copied.get_submodule(name)
            torch.manual_seed(seed * len(order) + order.index(name))
            layer.reset_parameters()
    return copied


def model_randomization(
    explain: Explain, network: nn.Module, measure: Measure, mode: Mode = "cascading", seed: int = 0
) -> dict[str, Values]:
    """The likeness of the maps of the trained network to those of networks with drawn weights.

    Args:
        explain: gives the maps (n, h, w) of a network.
        network: the trained one.
        measure: between maps.
        mode: `cascading`: a layer and all between it and the output are drawn; `independent`: it alone.
        seed: of the weights.

    Returns:
        The layer -> the measure of each map, (n,); layers from the output to the input.
    """
    trained = explain(network)
    order = layers(network)
    curve = {}
    for at, name in enumerate(order):
        of_step = order[: at + 1] if mode == "cascading" else [name]
        curve[name] = measure.between(trained, explain(randomized(network, of_step, seed)))
    return curve


def label_randomization(explain: Explain, trained: nn.Module, on_random_labels: nn.Module, measure: Measure) -> Values:
    """The likeness of a network's maps to those of one of the same architecture that was trained on permuted labels
    until it knew them by heart: (n,).
    """
    return measure.between(explain(trained), explain(on_random_labels))


def in_place_of(classifier: Classifier, network: nn.Module, runtime: Runtime) -> NetworkClassifier:
    """A classifier with the classes of another, and a network that takes the place of its own."""
    return NetworkClassifier(
        "a randomized network",
        classifier.classes,
        network,
        runtime,
        row_bytes=0,
        micro_batch=classifier.micro_batch,
    )


def of_images(
    explainer: Explainer, classifier: Classifier, images: Images, classes: Classes | None, runtime: Runtime
) -> Explain:
    """The explainer's maps of 8-bit images (n, h, w, 3) for classes (n,), as a function of the network.

    classes: None where every network's own answers are explained, drawn or not.
    """

    def explain(network: nn.Module) -> Maps:
        other = in_place_of(classifier, network, runtime)
        explained = other.probabilities(images).argmax(axis=1) if classes is None else classes
        return explainer.explain(other, images, explained).maps

    return explain


def of_rows(explainer: TableExplainer, rows: Rows, classes: Classes) -> Explain:
    """The explainer's weights of rows (n, d) for classes (n,), as maps (n, 1, d) and as a function of the network."""

    def explain(network: nn.Module) -> Maps:
        classifier: TableClassifier = NetworkRows(network)
        return explainer.explain(classifier, rows, classes)[:, None]

    return explain


def edges(images: Images) -> Maps:
    """An edge detector's map of images (n, h, w, 3), whatever the network: Sobel's filter, at least 0."""
    return np.stack([sobel(image.mean(axis=2) / 255) for image in images]).astype(np.float32)  # type: ignore[no-untyped-call]
