"""`top_k`: Ghorbani, Abid, Zou, "Interpretation of Neural Networks Is Fragile" (2019), algorithm 1.

The pixels that matter most matter no more.
"""

from typing import Annotated

import torch
from pydantic import Field

from builder.classifiers import Classifier
from builder.explainers import Classes
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures.maps import TOP_SHARE
from builder.generators import Images
from builder.manipulations import Manipulated, iterative
from builder.runtime import Runtime


class Settings(iterative.Settings):
    """The keys of `top_k`, with those of the search.

    share: of the pixels, those that are to matter no more.
    """

    share: Annotated[float, Field(gt=0, lt=1)] = TOP_SHARE


def manipulate(
    classifier: Classifier,
    explainer: NetworkExplainer,
    images: Images,
    classes: Classes,
    own: Settings,
    runtime: Runtime,
) -> Manipulated:
    """Pictures (n, h, w, 3) of whose importance as little as was found is left where it was.

    Raises:
        StudyError: as `iterative.search`.
    """
    before = explainer.explain(classifier, images, classes).maps
    count = max(1, round(own.share * before[0].size))

    def lost(maps: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
        # Ghorbani et al.: D(x) = - sum_{i in B} R(x)_i, B the k pixels of the most importance before.
        top = originals.flatten(1).abs().topk(count, dim=1).indices
        return -importance(maps).flatten(1).gather(1, top).sum(dim=1)

    return iterative.search(lost, own, classifier, explainer, images, classes, before, runtime)


def importance(maps: torch.Tensor) -> torch.Tensor:
    """The share of a map's importance at each pixel: the absolute values, which are made to add up to 1. (n, h, w)."""
    absolute = maps.abs()
    return absolute / absolute.sum(dim=(1, 2), keepdim=True).clamp(min=1e-12)
