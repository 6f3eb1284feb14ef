"""The search that manipulations of a picture share: gradient steps on smooth twins of the network, within a radius.

Their ReLUs are softplus, so that their maps have a derivative, and grow sharper from twin to twin. What counts is the
network itself, on the picture as it would be stored: after every step the picture is rounded to 8 bits, and kept where
the network gives it the same class and its map is the best so far.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import nn

from builder import settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Maps
from builder.explainers.base import MICRO_BATCH, Attribution, NetworkExplainer, network_of
from builder.explainers.softplus import softplus
from builder.generators import Images
from builder.manipulations import Manipulated
from builder.runtime import AnyArray, Runtime, in_micro_batches

LEVELS = 255

BYTES_PER_PIXEL = 10_000
"""Bytes that a search keeps of an image at most, by its pixels: measured with LRP of `efficientnet-lite0`."""


class Settings(settings.Settings):
    """The keys of every search.

    radius: the most that a value may change, in units of 0..1. steps: how many are made. step: length of the first one,
    as a share of the radius; they shrink to 0. beta, last_beta: of the first and of the last softplus twin. keep:
    weight of the squared change of the logits. seed: of the noise that the search begins with.
    """

    radius: Annotated[float, Field(ge=1 / LEVELS, le=1)] = 0.1
    steps: Annotated[int, Field(ge=1, le=100_000)] = 150
    step: Annotated[float, Field(gt=0, le=2)] = 0.2
    beta: Annotated[float, Field(gt=0, le=1e4)] = 10.0
    last_beta: Annotated[float, Field(gt=0, le=1e4)] = 300.0
    keep: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


TWINS = 8
"""Softplus twins of one search, each for the same share of the steps."""

MOMENTUM = 0.9
"""The share of the gradients of earlier steps that a step keeps (Dong et al., "Boosting Adversarial Attacks with
Momentum", 2018).
"""

OfPictures = Callable[[torch.Tensor], torch.Tensor]
"""Pictures in 0..1, (n, 3, h, w) -> a number for each, (n,)."""

Objective = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Maps (n, h, w) and what is sought of each, (n, h, w) -> how well they do, (n,), the higher the better."""


def search(
    objective: Objective,
    own: Settings,
    classifier: Classifier,
    explainer: NetworkExplainer,
    images: Images,
    classes: Classes,
    sought: Maps,
    runtime: Runtime,
) -> Manipulated:
    """Manipulates pictures so that their maps do better by an objective.

    Args:
        objective: can be differentiated by the maps.
        own: how it is searched.
        classifier: has a network.
        explainer: whose maps are changed.
        images: (n, h, w, 3).
        classes: (n,), those that the classifier gives the images.
        sought: (n, h, w), what the objective compares each map with.
        runtime: where the search runs.

    Raises:
        StudyError: the classifier has no network, or one that has no smooth twin or that the explainer cannot take.
    """
    network = network_of(classifier, explainer.name)
    attribution = explainer.attribution(network)
    twins = smooth_twins(network, explainer, own)

    def run(pixels: torch.Tensor, labels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            labels, targets = labels.clone(), targets.clone()
            start = pixels.permute(0, 3, 1, 2).to(torch.float32)
            logits = network(start / LEVELS).detach()

            def value(x: torch.Tensor) -> torch.Tensor:
                return torch.where(network(x).argmax(dim=1) == labels, objective(attribution(x, labels), targets), -inf)

            def gain(twin: nn.Module, smooth: Attribution, x: torch.Tensor) -> torch.Tensor:
                gained = objective(smooth(x, labels, create_graph=True), targets)
                change: torch.Tensor = ((twin(x) - logits) ** 2).mean(dim=1)
                return gained - own.keep * change

            gains = [partial(gain, *each) for each in twins]
            radius = int(own.radius * LEVELS)  # whole levels, so that the stored picture keeps to it
            bounds = ((start - radius).clamp(min=0), (start + radius).clamp(max=LEVELS))
            return climb(start, bounds, gains, value, own)

    return run_search(run, explainer, images, classes, sought, runtime=runtime)


def smooth_twins(network: nn.Module, explainer: NetworkExplainer, own: Settings) -> list[tuple[nn.Module, Attribution]]:
    """The softplus twins of a network, ever sharper, each with its maps.

    Raises:
        StudyError: the network has no smooth twin, or one that the explainer cannot take.
    """
    twins = [softplus(network, float(beta)) for beta in np.geomspace(own.beta, own.last_beta, TWINS)]
    return [(twin, explainer.attribution(twin)) for twin in twins]


def run_search(
    run: Callable[..., torch.Tensor], explainer: NetworkExplainer, images: Images, *others: AnyArray, runtime: Runtime
) -> Manipulated:
    """Runs a search over pictures (n, h, w, 3), a few at a time.

    run: gives what `climb` gives, of a tensor per array. others: further arrays of n rows.
    """
    size = explainer.micro_batch or MICRO_BATCH
    row_bytes = BYTES_PER_PIXEL * images.shape[1] * images.shape[2]
    results = in_micro_batches(run, images, *others, size=size, runtime=runtime, row_bytes=row_bytes)
    steps = results[:, 0].astype(np.int64)
    changed = results[:, 1:].reshape(len(images), 3, *images.shape[1:3]).transpose(0, 2, 3, 1)
    return Manipulated(np.ascontiguousarray(changed).astype(np.uint8), steps > 0, steps)


def climb(
    start: torch.Tensor,
    bounds: tuple[torch.Tensor, torch.Tensor],
    gains: Sequence[OfPictures],
    value: OfPictures,
    own: Settings,
) -> torch.Tensor:
    """Steps by the signs of gradients with momentum, as many as stated.

    Args:
        start: the pictures, (n, 3, h, w) in levels 0..255.
        bounds: the lowest and the highest levels that they may get, of the same shape.
        gains: what the steps climb, one after the other.
        value: what decides which pictures are kept, of pictures as they are stored.
        own: radius, number and length of the steps.

    Returns:
        (n, 1 + 3 h w), the step at which each picture was found and its levels.
    """
    low, high = (each / LEVELS for each in bounds)
    best, best_value, best_step = start, value(start / LEVELS).detach(), torch.zeros(len(start), device=start.device)
    # At the picture itself, objectives that count the change have no slope.
    noise = torch.randn(start.shape[2:], generator=torch.Generator().manual_seed(own.seed)).sign().to(start.device)
    x, momentum = (start / LEVELS + noise / LEVELS).clamp(low, high), torch.zeros_like(start)
    for step in range(1, own.steps + 1):
        x = x.detach().requires_grad_()
        gain = gains[(step - 1) * len(gains) // own.steps]
        slope = torch.autograd.grad(gain(x).sum(), x)[0].nan_to_num()
        momentum = MOMENTUM * momentum + slope / slope.abs().mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12)
        length = own.step * own.radius * (1 - (step - 1) / own.steps)
        x = (x.detach() + length * momentum.sign()).clamp(low, high)
        stored = (x * LEVELS).round()
        reached = value(stored / LEVELS).detach()
        better = reached > best_value
        best_value = torch.where(better, reached, best_value)
        best_step = torch.where(better, step, best_step)
        best = torch.where(better[:, None, None, None], stored, best)
    return torch.cat([best_step[:, None], best.flatten(1)], dim=1)
