"""The search that manipulations of a picture share: gradient steps on a smooth twin of the network, within a radius.

The twin's ReLUs are softplus, so that its maps have a derivative. What counts is the network itself, on the picture as
it would be stored: after every step the picture is rounded to 8 bits, and kept where the network gives it the same
class and its map is the best so far.
"""

from collections.abc import Callable
from math import inf
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from builder import settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Maps
from builder.explainers.base import MICRO_BATCH, NetworkExplainer, network_of
from builder.explainers.softplus import softplus
from builder.generators import Images
from builder.manipulations import Manipulated
from builder.runtime import Runtime, in_micro_batches

LEVELS = 255


class Settings(settings.Settings):
    """The keys of every search.

    radius: the most that a value may change, in units of 0..1. steps: how many are made. step: length of the first one,
    as a share of the radius; they shrink to 0. beta: of the softplus twin. keep: weight of the squared change of the
    logits. seed: of the noise that the search begins with.
    """

    radius: Annotated[float, Field(ge=1 / LEVELS, le=1)] = 0.1
    steps: Annotated[int, Field(ge=1, le=100_000)] = 150
    step: Annotated[float, Field(gt=0, le=2)] = 0.1
    beta: Annotated[float, Field(gt=0, le=1e4)] = 20.0
    keep: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


OfPictures = Callable[[torch.Tensor], torch.Tensor]

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
    smooth = softplus(network, own.beta)
    attribution, smooth_attribution = explainer.attribution(network), explainer.attribution(smooth)

    def run(pixels: torch.Tensor, labels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            labels, targets = labels.clone(), targets.clone()
            start = pixels.permute(0, 3, 1, 2).to(torch.float32)
            logits = network(start / LEVELS).detach()

            def value(x: torch.Tensor) -> torch.Tensor:
                return torch.where(network(x).argmax(dim=1) == labels, objective(attribution(x, labels), targets), -inf)

            def gain(x: torch.Tensor) -> torch.Tensor:
                gained = objective(smooth_attribution(x, labels, create_graph=True), targets)
                kept: torch.Tensor = ((smooth(x) - logits) ** 2).mean(dim=1)
                return gained - own.keep * kept

            return _climb(start, gain, value, own)

    size = explainer.micro_batch or MICRO_BATCH
    found = in_micro_batches(run, images, classes, sought, size=size, runtime=runtime)
    steps = found[:, 0].astype(np.int64)
    changed = found[:, 1:].reshape(len(images), 3, *images.shape[1:3]).transpose(0, 2, 3, 1)
    return Manipulated(np.ascontiguousarray(changed).astype(np.uint8), steps > 0, steps)


def _climb(start: torch.Tensor, gain: OfPictures, value: OfPictures, own: Settings) -> torch.Tensor:
    """Signs of gradients, as many steps as stated.

    Args:
        start: the pictures, (n, 3, h, w) in levels 0..255.
        gain: what the steps climb, of pictures in 0..1: (n,).
        value: what decides which pictures are kept, of pictures as they are stored.
        own: radius, number and length of the steps.

    Returns:
        (n, 1 + 3 h w), the step at which each picture was found and its levels.
    """
    radius = int(own.radius * LEVELS)  # whole levels, so that the stored picture keeps to it
    low, high = (start - radius).clamp(min=0) / LEVELS, (start + radius).clamp(max=LEVELS) / LEVELS
    best, best_value, best_step = start, value(start / LEVELS).detach(), torch.zeros(len(start), device=start.device)
    # At the picture itself, objectives that count the change have no slope.
    noise = torch.randn(start.shape[2:], generator=torch.Generator().manual_seed(own.seed)).sign().to(start.device)
    x = (start / LEVELS + noise / LEVELS).clamp(low, high)
    for step in range(1, own.steps + 1):
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(gain(x).sum(), x)
        length = own.step * own.radius * (1 - (step - 1) / own.steps)
        x = (x.detach() + length * slope.nan_to_num().sign()).clamp(low, high)
        stored = (x * LEVELS).round()
        reached = value(stored / LEVELS).detach()
        better = reached > best_value
        best_value = torch.where(better, reached, best_value)
        best_step = torch.where(better, step, best_step)
        best = torch.where(better[:, None, None, None], stored, best)
    return torch.cat([best_step[:, None], best.flatten(1)], dim=1)
