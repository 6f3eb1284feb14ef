"""`mass_center`: Ghorbani, Abid, Zou, "Interpretation of Neural Networks Is Fragile" (2019), algorithm 1.

The center of the map's mass moves away.
"""

import torch

from builder.classifiers import Classifier
from builder.explainers import Classes
from builder.explainers.base import NetworkExplainer
from builder.generators import Images
from builder.manipulations import Manipulated, iterative
from builder.manipulations.top_k import importance
from builder.runtime import Runtime


class Settings(iterative.Settings):
    """The keys of `mass_center`: those of the search."""


def manipulate(
    classifier: Classifier,
    explainer: NetworkExplainer,
    images: Images,
    classes: Classes,
    own: Settings,
    runtime: Runtime,
) -> Manipulated:
    """Pictures (n, h, w, 3) whose maps have their center as far from where it was as was found.

    Raises:
        StudyError: as `iterative.search`.
    """
    before = explainer.explain(classifier, images, classes).maps
    return iterative.search(moved, own, classifier, explainer, images, classes, before, runtime)


def moved(maps: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
    """The distance between the centers of two maps, in pixels: (n,)."""
    # Ghorbani et al.: D(x) = ||C(x) - C(x_0)||_2.
    distance: torch.Tensor = (center(maps) - center(originals)).norm(dim=1)
    return distance


def center(maps: torch.Tensor) -> torch.Tensor:
    """The center of a map's mass, row and column in pixels: (n, 2)."""
    mass = importance(maps)
    rows = torch.arange(maps.shape[1], device=maps.device, dtype=maps.dtype)
    columns = torch.arange(maps.shape[2], device=maps.device, dtype=maps.dtype)
    return torch.stack([(mass.sum(dim=2) * rows).sum(dim=1), (mass.sum(dim=1) * columns).sum(dim=1)], dim=1)
