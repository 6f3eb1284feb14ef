"""`center_model`: Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial Model Manipulation" (2019),
section 3.3.

The center of every map's mass moves away.
"""

import torch

from builder.classifiers import Classifier
from builder.explainers.base import NetworkExplainer
from builder.manipulations import fine_tuning
from builder.manipulations.fine_tuning import Goal, Labeled, ManipulatedModel, Sought, presence
from builder.manipulations.mass_center import moved
from builder.runtime import Runtime


class Settings(fine_tuning.Settings):
    """The keys of `center_model`: those of the fine-tuning."""


def manipulate(
    classifier: Classifier,
    explainer: NetworkExplainer,
    training: Labeled,
    held_out: Labeled,
    own: Settings,
    runtime: Runtime,
) -> ManipulatedModel:
    """A classifier whose maps have their center as far as possible from where it was.

    Raises:
        StudyError: as `fine_tuning.fine_tune`.
    """

    def sought(pictures: Labeled) -> Sought:
        return Sought(*pictures, explainer.explain(classifier, *pictures).maps)

    return fine_tuning.fine_tune(Goal(sought, nearness), own, classifier, explainer, training, held_out, runtime)


def nearness(maps: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
    """How near the centers of two maps are, as a share of the diagonal, (n,) in 0..1."""
    # Heo et al., equation 4: -||C(h(w)) - C(h(w_0))||_1; here Euclidean, as Ghorbani et al. have it.
    diagonal = float(torch.tensor(maps.shape[1:], dtype=torch.float64).norm())
    return 1 - presence(maps, originals) * moved(maps, originals) / diagonal
