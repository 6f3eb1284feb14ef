"""`kernel_shap`: Lundberg, Lee, "A Unified Approach to Interpreting Model Predictions" (2017), of superpixels."""

from typing import Annotated

import numpy as np
from pydantic import Field

from builder.classifiers import Classifier
from builder.explainers import Classes, Explanations, superpixels
from builder.explainers.base import describe as describe
from builder.explainers.base import no_argument
from builder.explainers.surrogate import coalitions, one_thread, shapley
from builder.generators import Images
from builder.runtime import Runtime


class Settings(superpixels.Settings):
    """The keys of KernelSHAP, with those of superpixels.

    samples: versions of an image that the classifier answers, besides the whole and the hidden one.
    """

    samples: Annotated[int, Field(ge=10, le=100_000)] = 1000


class KernelShap:
    """Satisfies `builder.explainers.Explainer`: each superpixel's share of the difference that all of them make to the
    probability of the class.
    """

    micro_batch: int | None = None

    def __init__(self, own: Settings) -> None:
        self._own = own

    def explain(self, classifier: Classifier, images: Images, classes: Classes) -> Explanations:
        """Images (n, h, w, 3) and their classes (n,), n >= 1 -> maps and superpixels (n, h, w)."""
        own = self._own
        segments = [superpixels.segment(image, own) for image in images]
        counts = [int(each.max()) + 1 for each in segments]
        samples = [coalitions(count, own.samples, np.random.default_rng(own.seed)) for count in counts]
        ends = [np.array([[False], [True]]).repeat(count, axis=1) for count in counts]
        masks = [np.concatenate([end, rows]) for end, (rows, _) in zip(ends, samples, strict=True)]
        answers = superpixels.answers(classifier, images, classes, segments, masks, own.hidden)
        with one_thread():
            weights = [
                shapley(rows, answer[2:].astype(np.float64), kernel, float(answer[0]), float(answer[1]))
                for (rows, kernel), answer in zip(samples, answers, strict=True)
            ]
        return superpixels.painted(segments, weights)


def load(argument: str | None, own: Settings, runtime: Runtime) -> KernelShap:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("kernel_shap", argument)
    return KernelShap(own)
