"""`occlusion`: Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4.2."""

from typing import Annotated

import numpy as np
from pydantic import Field

from builder import settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Explanations, superpixels
from builder.explainers.base import describe as describe
from builder.explainers.base import no_argument
from builder.generators import Images
from builder.runtime import Runtime


class Settings(settings.Settings):
    """The keys of occlusion.

    grid: squares along the longer side, which are covered one at a time. hidden: their gray level, 0..255.
    """

    grid: Annotated[int, Field(ge=2, le=64)] = 7
    hidden: Annotated[int, Field(ge=0, le=255)] = 127


class Occlusion:
    """Satisfies `builder.explainers.Explainer`: by how much the class's probability falls where a square is covered."""

    micro_batch: int | None = None

    def __init__(self, own: Settings) -> None:
        self._own = own

    def explain(self, classifier: Classifier, images: Images, classes: Classes) -> Explanations:
        """Images (n, h, w, 3) and their classes (n,), n >= 1 -> maps and squares (n, h, w)."""
        squares = superpixels.grid(images.shape[1], images.shape[2], self._own.grid)
        count = int(squares.max()) + 1
        masks = np.concatenate([np.ones((1, count), np.bool_), ~np.eye(count, dtype=np.bool_)])
        n = len(images)
        answers = superpixels.answers(classifier, images, classes, n * [squares], n * [masks], self._own.hidden)
        # Section 4.2: the output of the class as a function of where the square is; here its fall.
        return superpixels.painted(n * [squares], [answer[0] - answer[1:] for answer in answers])


def load(argument: str | None, own: Settings, runtime: Runtime) -> Occlusion:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("occlusion", argument)
    return Occlusion(own)
