"""The terms of the loss that a generator is trained with.

KL(condition || f(G)) says how far the classifier's answer is from the condition. The others keep the images of a class
apart. By the features that f has of them: the mean cosine of the angle between two of them, and the mean of its square,
which is least where they are orthogonal. By their pixels, less the mean image of the step: the mean of that square.
"""

import torch
from torch.nn import functional

from builder.studies.counterfeits.study import Conditioning, GeneratorSettings

Terms = dict[str, torch.Tensor]
"""The terms of a loss by the name of their weight."""

DIVERSITY = ("cosine", "orthogonality", "pixels")
"""The terms that keep images apart."""


def terms(
    conditioning: Conditioning,
    images: torch.Tensor,
    logits: torch.Tensor,
    features: torch.Tensor,
    targets: torch.Tensor,
    classes: int,
) -> Terms:
    """The terms for images of k classes, as many of each, class by class.

    Args:
        conditioning: of the generator; the cross-entropy with the condition's largest class is a term of `soft` alone,
            for of a one-hot condition it is the divergence itself.
        images: (n, channels, h, w).
        logits: (n, outputs).
        features: (n, d).
        targets: (n, outputs), each row a distribution: the condition.
        classes: k.
    """
    terms_by_name = {"kl": functional.kl_div(logits.log_softmax(dim=1), targets, reduction="batchmean")}
    if conditioning == "soft":
        terms_by_name["cross_entropy"] = functional.cross_entropy(logits, targets.argmax(dim=1))
    cosine, orthogonality = _cosines(features, classes)
    _, pixels = _cosines((images - images.mean(dim=0)).flatten(1), classes)
    return terms_by_name | {"cosine": cosine, "orthogonality": orthogonality, "pixels": pixels}


def weighted(terms_by_name: Terms, own: GeneratorSettings, done: float = 0) -> torch.Tensor:
    """The loss: the terms, each times its weight; done: the share of the steps that are over."""
    left = max(0.0, 1 - done / own.fade)
    weights = {name: float(getattr(own, name)) * (left if name in DIVERSITY else 1) for name in terms_by_name}
    return torch.stack([weights[name] * term for name, term in terms_by_name.items()]).sum()


def _cosines(vectors: torch.Tensor, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Over every two of the vectors (n, d) of a class: the mean cosine of their angle, and the mean of its square."""
    directions = functional.normalize(vectors, dim=1).reshape(classes, -1, vectors.shape[1])
    cosines = directions @ directions.transpose(1, 2)
    others = cosines - torch.eye(cosines.shape[1], device=cosines.device) * cosines
    couples = classes * cosines.shape[1] * (cosines.shape[1] - 1)
    return others.sum() / couples, others.square().sum() / couples
