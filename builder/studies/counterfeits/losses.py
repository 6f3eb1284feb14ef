"""The terms of the loss that a generator is trained with.

KL(condition || f(G)) says how far the classifier's answer is from the condition. The other two keep the images of a
class apart, by the features that f has of them: the mean cosine of the angle between two of them, and the mean of its
square, which is least where they are orthogonal.
"""

import torch
from torch.nn import functional

from builder.studies.counterfeits.study import Conditioning, GeneratorSettings

Terms = dict[str, torch.Tensor]
"""The terms of a loss by the name of their weight."""


def terms(
    conditioning: Conditioning, logits: torch.Tensor, features: torch.Tensor, targets: torch.Tensor, classes: int
) -> Terms:
    """The terms for images of k classes, as many of each, class by class.

    Args:
        conditioning: of the generator; the cross-entropy with the condition's largest class is a term of `soft` alone,
            for of a one-hot condition it is the divergence itself.
        logits: (n, outputs).
        features: (n, d).
        targets: (n, outputs), each row a distribution: the condition.
        classes: k.
    """
    terms_by_name = {"kl": functional.kl_div(logits.log_softmax(dim=1), targets, reduction="batchmean")}
    if conditioning == "soft":
        terms_by_name["cross_entropy"] = functional.cross_entropy(logits, targets.argmax(dim=1))
    directions = functional.normalize(features, dim=1).reshape(classes, -1, features.shape[1])
    cosines = directions @ directions.transpose(1, 2)
    others = cosines - torch.eye(cosines.shape[1], device=cosines.device) * cosines
    couples = classes * cosines.shape[1] * (cosines.shape[1] - 1)
    return terms_by_name | {"cosine": others.sum() / couples, "orthogonality": others.square().sum() / couples}


def weighted(terms_by_name: Terms, own: GeneratorSettings) -> torch.Tensor:
    """The loss: the terms, each times its weight."""
    weights = {name: float(getattr(own, name)) for name in terms_by_name}
    return torch.stack([weights[name] * term for name, term in terms_by_name.items()]).sum()
