"""Explainers: methods that say which pixels a classifier's answer is due to. One file per method.

An explainer is registered under `lands_between.explainers` as a module (or object) with `Settings`, the pydantic model
of its keys, and `load(argument, settings, runtime) -> Explainer`, where `argument` is what stands behind the colon of
`model`, or None.
"""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from builder.classifiers import Classifier
from builder.generators import Images

Maps = npt.NDArray[np.float32]
"""(n, h, w), signed: above 0 where a pixel speaks for the class, below 0 where it speaks against it."""

Classes = npt.NDArray[np.int64]
"""(n,), the index of the class whose score is explained."""


class Explanations(NamedTuple):
    """The attributions of an explainer to n images.

    maps: (n, h, w) float32.
    segments: (n, h, w) int32, the superpixel of each pixel from 0; None of explainers that know no superpixels.
    """

    maps: Maps
    segments: npt.NDArray[np.int32] | None = None


class Explainer(Protocol):
    """A method that says why.

    micro_batch: images that it sees at a time; None where the classifier's own number counts.
    """

    micro_batch: int | None

    def explain(self, classifier: Classifier, images: Images, classes: Classes) -> Explanations:
        """Images (n, h, w, 3) and one class for each, n >= 1 -> their maps. An image's map depends on nothing else.

        Raises:
            StudyError: the classifier has no network and the method needs one, or the network has a step that the
                method has no rule for.
        """
