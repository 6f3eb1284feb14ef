"""`center_model`: Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial Model Manipulation" (2019),
section 3.3.

The center of every map's mass moves away.
"""

import torch

from builder.classifiers import Classifier
from builder.explainers.base import NetworkExplainer
from builder.manipulations import fine_tuning
from builder.manipulations.fine_tuning import Goal, Labeled, Sought, presence
from builder.manipulations.mass_center import moved


class Settings(fine_tuning.Settings):
    """The keys of `center_model`: those of the fine-tuning."""


def goal(classifier: Classifier, explainer: NetworkExplainer, own: Settings) -> Goal:
    """Maps whose center is as far as possible from where it was."""

    def sought(pictures: Labeled) -> Sought:
        return Sought(*pictures, explainer.explain(classifier, *pictures).maps)

    return Goal(sought, nearness)


manipulate = fine_tuning.Manipulation(goal)


def nearness(maps: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
    """The nearness of the centers of two maps, as a share of the diagonal, (n,) in 0..1."""
    # Heo et al., equation 4: -||C(h(w)) - C(h(w_0))||_1; here Euclidean, as Ghorbani et al. have it.
    diagonal = float(torch.tensor(maps.shape[1:], dtype=torch.float64).norm())
    return 1 - presence(maps, originals) * moved(maps, originals) / diagonal
