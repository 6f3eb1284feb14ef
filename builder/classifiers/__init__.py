"""Classifiers: the decision models that name a class. One file (or folder) per family.

A classifier is registered under `lands_between.classifiers` as a module (or object) with `Settings`, the pydantic model
of the keys that it adds to its `[[classifiers]]`, and `load(argument, settings, runtime) -> Classifier`, where
`argument` is what stands behind the colon of `model`, or None.
"""

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from builder.generators import Images

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from torch import nn

Probabilities = npt.NDArray[np.float32]


class Classifier(Protocol):
    """A decision model: the class of an image is the one with the largest probability, the first of equal ones.

    It takes the 8-bit pictures that are stored; whatever it makes of them before (scaling, colors, size) is its own.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes, each once, in the order of the probabilities."""

    @property
    def network(self) -> "nn.Module | None":
        """A torch module from images (n, 3, h, w) float32 in 0..1 to logits (n, k), in evaluation mode, whose softmax
        the probabilities are; None where it cannot be differentiated, as ONNX and files.
        """

    micro_batch: int
    """Images that the model sees at a time, as in `Generator`."""

    def probabilities(self, images: Images) -> Probabilities:
        """(n, h, w, 3) uint8 RGB, n >= 1 -> (n, k), rows that add up to 1.

        Raises:
            StudyError: the images have a size that it cannot take.
        """
