"""`lime`: Ribeiro, Singh, Guestrin, "Why Should I Trust You?" Explaining the Predictions of Any Classifier (2016)."""

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from builder.classifiers import Classifier
from builder.explainers import Classes, Explanations, superpixels
from builder.explainers.base import describe as describe
from builder.explainers.base import no_argument
from builder.explainers.superpixels import Masks
from builder.explainers.surrogate import one_thread, sparse_linear
from builder.generators import Images
from builder.runtime import Runtime


class Settings(superpixels.Settings):
    """The keys of LIME, with those of superpixels.

    samples: versions of an image that the classifier answers. features: superpixels with a weight, at most. width:
    sigma of the kernel.
    """

    samples: Annotated[int, Field(ge=10, le=100_000)] = 1000
    features: Annotated[int, Field(ge=1, le=2000)] = 8
    width: Annotated[float, Field(gt=0, le=100)] = 0.25


class Lime:
    """Satisfies `builder.explainers.Explainer`: each superpixel's weight for the probability of the class."""

    micro_batch: int | None = None

    def __init__(self, own: Settings) -> None:
        self._own = own

    def explain(self, classifier: Classifier, images: Images, classes: Classes) -> Explanations:
        """Images (n, h, w, 3) and their classes (n,), n >= 1 -> maps and superpixels (n, h, w)."""
        own = self._own
        segments = [superpixels.segment(image, own) for image in images]
        masks = [versions(int(each.max()) + 1, own.samples, own.seed) for each in segments]
        answers = superpixels.answers(classifier, images, classes, segments, masks, own.hidden)
        with one_thread():
            weights = [
                sparse_linear(rows.astype(np.float64), answer.astype(np.float64), kernel(rows, own.width), own.features)
                for rows, answer in zip(masks, answers, strict=True)
            ]
        return superpixels.painted(segments, weights)


def versions(count: int, samples: int, seed: int) -> Masks:
    """Each of `count` superpixels shown in half of the versions, at random; all in the first one: (samples, count)."""
    masks: Masks = np.random.default_rng(seed).integers(0, 2, (samples, count)).astype(np.bool_)
    masks[0] = True
    return masks


def kernel(masks: Masks, width: float) -> npt.NDArray[np.float64]:
    """Section 3.4's exp(-D^2 / sigma^2), D the cosine distance to the version that shows everything: (m,)."""
    distance = 1 - np.sqrt(masks.mean(axis=1))  # of 0 and 1: z.1 / (|z| |1|) = s / sqrt(s d)
    weights: npt.NDArray[np.float64] = np.exp(-(distance**2) / width**2)
    return weights


def load(argument: str | None, own: Settings, runtime: Runtime) -> Lime:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("lime", argument)
    return Lime(own)
