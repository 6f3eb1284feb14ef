"""`patch`: Subramanya, Pillai, Pirsiavash, "Fooling Network Interpretation in Image Classification" (2019).

A visible patch in a corner changes the class, and the explanation of the new class does not show the patch. The
decision changes by design: its success is the class, together with the share of the map's importance on the patch.
"""

from functools import partial
from math import inf
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import nn

from builder.classifiers import Classifier
from builder.errors import StudyError
from builder.explainers import Classes
from builder.explainers.base import Attribution, NetworkExplainer, network_of
from builder.generators import Images
from builder.manipulations import Manipulated, iterative
from builder.manipulations.top_k import importance
from builder.runtime import Runtime

SURE = 3.0
"""The lead that the logit of the class that is aimed at is to have: a larger lead is worth no more."""


class Settings(iterative.Settings):
    """The keys of `patch`, with those of the search; `keep` counts nothing, as the logits change by design.

    side: of the patch at the upper left, as a share of the picture's. target: the name of the class that is aimed at;
    None: any other. hide: weight of the share of the map's importance on the patch; 0: the patch need not hide, as that
    of Brown et al., "Adversarial Patch" (2017).
    """

    radius: Annotated[float, Field(ge=1 / iterative.LEVELS, le=1)] = 1.0
    side: Annotated[float, Field(gt=0, lt=1)] = 0.4
    target: str | None = None
    hide: Annotated[float, Field(ge=0, le=1e6)] = 10.0


def manipulate(
    classifier: Classifier,
    explainer: NetworkExplainer,
    images: Images,
    classes: Classes,
    own: Settings,
    runtime: Runtime,
) -> Manipulated:
    """Pictures (n, h, w, 3) with a patch; `reached` says whether the class is another than that of `classes` (n,), or
    the one that is aimed at. A picture that has the
    class that is aimed at already stays as it is.

    Raises:
        StudyError: as `iterative.search`; or the classifier has no class `target`.
    """
    if own.target is not None and own.target not in classifier.classes:
        cases = ", ".join(classifier.classes)[:300]
        raise StudyError(f"patch: target: the classifier has no class {own.target!r}; it has: {cases}")
    network = network_of(classifier, explainer.name)
    attribution = explainer.attribution(network)
    twins = iterative.smooth_twins(network, explainer, own)
    target = -1 if own.target is None else classifier.classes.index(own.target)

    def run(pixels: torch.Tensor, labels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            labels, targets = labels.clone(), targets.clone()
            start = pixels.permute(0, 3, 1, 2).to(torch.float32)

            def reached(net: nn.Module, of: Attribution, x: torch.Tensor, *, create_graph: bool) -> torch.Tensor:
                logits = net(x)
                others = logits.scatter(1, labels[:, None], -inf).argmax(dim=1)
                aimed = torch.where(targets < 0, others, targets)
                lead = logits.gather(1, aimed[:, None])[:, 0] - logits.scatter(1, aimed[:, None], -inf).amax(dim=1)
                shown = on_patch(of(x, aimed, create_graph=create_graph), own.side)
                # Subramanya et al., equation 5: the loss of the class plus lambda times the heat within the patch.
                gained: torch.Tensor = lead.clamp(max=SURE) - own.hide * shown
                return gained

            def value(x: torch.Tensor) -> torch.Tensor:
                top = network(x).argmax(dim=1)
                fooled = (top != labels) & ((targets < 0) | (top == targets))
                maps = attribution(x, top)
                there = maps.abs().sum(dim=(1, 2)) > 0  # a map of zeros hides nothing
                # Of pictures with another class a surer one hides no better; where none need hide, it is the better.
                best = -on_patch(maps, own.side) if own.hide else reached(network, attribution, x, create_graph=False)
                return torch.where(fooled & there, best, -inf)

            gains = [partial(reached, *each, create_graph=True) for each in twins]
            return iterative.climb(start, _bounds(start, own), gains, value, own)

    targets = np.full(len(images), target)
    return iterative.run_search(run, explainer, images, classes, targets, runtime=runtime)


def on_patch(maps: torch.Tensor, side: float) -> torch.Tensor:
    """The share of each map's importance on the patch, (n,) in 0..1."""
    height, width = _size(maps, side)
    return importance(maps)[:, :height, :width].sum(dim=(1, 2))


def _size(maps: torch.Tensor, side: float) -> tuple[int, int]:
    return max(1, round(side * maps.shape[-2])), max(1, round(side * maps.shape[-1]))


def _bounds(start: torch.Tensor, own: Settings) -> tuple[torch.Tensor, torch.Tensor]:
    """Levels that the patch may get; elsewhere the pictures stay."""
    height, width = _size(start, own.side)
    radius = torch.zeros_like(start)
    radius[:, :, :height, :width] = int(own.radius * iterative.LEVELS)
    return (start - radius).clamp(min=0), (start + radius).clamp(max=iterative.LEVELS)
