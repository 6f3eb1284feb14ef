"""`top_k_model`: Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial Model Manipulation" (2019),
section 3.3.

The pixels that matter most to the classifier matter no more to the manipulated one.
"""

from typing import Annotated

import torch
from pydantic import Field

from builder.classifiers import Classifier
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures.maps import TOP_SHARE
from builder.manipulations import fine_tuning
from builder.manipulations.fine_tuning import Goal, Labeled, Sought, presence
from builder.manipulations.top_k import importance


class Settings(fine_tuning.Settings):
    """The keys of `top_k_model`, with those of the fine-tuning.

    share: of the pixels, those that are to matter no more.
    """

    share: Annotated[float, Field(gt=0, lt=1)] = TOP_SHARE


def goal(classifier: Classifier, explainer: NetworkExplainer, own: Settings) -> Goal:
    """Maps of whose importance as little as possible is left where it was."""

    def sought(pictures: Labeled) -> Sought:
        return Sought(*pictures, explainer.explain(classifier, *pictures).maps)

    def left(maps: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
        # Heo et al., equation 3: sum_{j in P} |h_j(w)|, P the k pixels of the most importance before; here its share.
        return 1 - presence(maps, originals) * (1 - overlap(maps, originals, own.share))

    return Goal(sought, left)


manipulate = fine_tuning.Manipulation(goal)


def overlap(maps: torch.Tensor, originals: torch.Tensor, share: float) -> torch.Tensor:
    """The share of each map's importance at the pixels that mattered most before, (n,) in 0..1."""
    count = max(1, round(share * originals[0].numel()))
    top = originals.flatten(1).abs().topk(count, dim=1).indices
    return importance(maps).flatten(1).gather(1, top).sum(dim=1)
