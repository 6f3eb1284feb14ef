"""`target_map`: Dombrowski et al., "Explanations can be manipulated and geometry is to blame" (2019).

The map becomes a given one; class and picture stay. The paper's defense is the map of a softplus twin with a small
`beta`, whose curvature is small.
"""

import torch

from builder.classifiers import Classifier
from builder.explainers import Classes, Maps
from builder.explainers.base import NetworkExplainer
from builder.generators import Images
from builder.manipulations import Manipulated, iterative
from builder.runtime import Runtime


class Settings(iterative.Settings):
    """The keys of `target_map`: those of the search."""


def manipulate(
    classifier: Classifier,
    explainer: NetworkExplainer,
    images: Images,
    classes: Classes,
    targets: Maps,
    own: Settings,
    runtime: Runtime,
) -> Manipulated:
    """Pictures (n, h, w, 3) whose maps are as near to the targets (n, h, w) as they were found.

    Raises:
        StudyError: as `iterative.search`.
    """
    return iterative.search(likeness, own, classifier, explainer, images, classes, targets, runtime)


def likeness(maps: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Pearson's correlation r with the target, (n,).

    The paper's first term is ||h(x) - h_t||^2, which for maps of mean 0 and length 1 is 2 - 2 r.
    """
    a, b = _standardized(maps), _standardized(targets)
    return (a * b).sum(dim=1)


def _standardized(maps: torch.Tensor) -> torch.Tensor:
    rows = maps.flatten(1)
    centered = rows - rows.mean(dim=1, keepdim=True)
    standardized: torch.Tensor = centered / centered.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return standardized
