"""`location`: Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial Model Manipulation" (2019),
section 3.3.

The map of every picture lies in one corner, whatever the picture shows.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from builder.classifiers import Classifier
from builder.explainers.base import NetworkExplainer
from builder.manipulations import fine_tuning
from builder.manipulations.fine_tuning import Goal, Labeled, Sought
from builder.manipulations.top_k import importance


class Settings(fine_tuning.Settings):
    """The keys of `location`, with those of the fine-tuning.

    corner: side of the corner at the upper left, as a share of the picture's.
    """

    weights: fine_tuning.Weights = (10.0,)
    corner: Annotated[float, Field(gt=0, lt=1)] = 0.25


def goal(classifier: Classifier, explainer: NetworkExplainer, own: Settings) -> Goal:
    """Maps that lie in the corner."""

    def sought(pictures: Labeled) -> Sought:
        maps = explainer.explain(classifier, *pictures).maps
        height, width = _corner(maps.shape, own.corner)
        targets = np.zeros_like(maps)
        targets[:, :height, :width] = np.abs(maps).max(axis=(1, 2), keepdims=True)
        return Sought(*pictures, targets)

    return Goal(sought, unlikeness)


manipulate = fine_tuning.Manipulation(goal)


def unlikeness(maps: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean squared difference, in the unit of the target's largest value: (n,)."""
    # Heo et al., equation 2: 1/n sum_i 1/d ||h(w) - m||^2, m a mask that is 1 where the heat is to be.
    scale = targets.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    return (((maps - targets) / scale) ** 2).mean(dim=(1, 2))


def heat(maps: torch.Tensor, corner: float) -> torch.Tensor:
    """The share of each map's importance in the corner of this side, (n,) in 0..1."""
    height, width = _corner(maps.shape, corner)
    return importance(maps)[:, :height, :width].sum(dim=(1, 2))


def _corner(shape: Sequence[int], share: float) -> tuple[int, int]:
    """Height and width of the corner of maps (n, h, w), in pixels."""
    return max(1, round(share * shape[1])), max(1, round(share * shape[2]))
