"""Classifiers: the decision models that name a class. One file (or folder) per family.

A classifier is registered under `lands_between.classifiers` as a module (or object) with `Settings`, the pydantic model
of the keys that it adds to its `[[classifiers]]`, and `load(argument, settings, runtime) -> Classifier`, where
`argument` is what stands behind the colon of `model`, or None.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from builder.generators import Images

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from torch import nn

Probabilities = npt.NDArray[np.float32]


def softmax(logits: npt.NDArray[np.floating[Any]]) -> Probabilities:
    """Logits (n, k) -> probabilities (n, k)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


class Classifier(Protocol):
    """A decision model: the class of an image is the one with the largest probability, the first of equal ones.

    It takes the 8-bit pictures that are stored; whatever it makes of them before (scaling, colors, size) is its own. A
    row of NaN is a picture in which it found nothing to classify, such as a face.
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
        """(n, h, w, 3) uint8 RGB, n >= 1 -> (n, k), rows that add up to 1, or NaN.

        Raises:
            StudyError: the images have a size that it cannot take.
        """


@runtime_checkable
class Recorded(Protocol):
    """A classifier whose answers to the rows of a source were given elsewhere; it knows no other pictures."""

    def recorded(self, ids: Sequence[str]) -> Probabilities:
        """The probabilities (n, k) of rows by their ids in the source (`ImageSource.row_id`), n >= 1.

        Raises:
            AssetError: it has none of some row.
        """


@runtime_checkable
class OfCrops(Protocol):
    """A classifier that also takes crops each of a size of its own, as an alignment may cut them."""

    def of_crops(self, crops: Images) -> Probabilities:
        """(n, h, w, 3), or n objects, each (h, w, 3), uint8 RGB, n >= 1 -> (n, k), as `Classifier.probabilities`."""


@runtime_checkable
class Memorizing(Protocol):
    """A classifier whose architecture can be trained anew here, on few pictures, until it knows them by heart."""

    def memorized(self, label_seed: int | None = None) -> "nn.Module":
        """Such a network, as `Classifier.network` is one: by the pictures' labels or, with a seed, by permuted ones."""


def answers(classifier: Classifier, images: Images, ids: Sequence[str]) -> Probabilities:
    """A classifier's probabilities for rows of a source: of their pictures, or, where it is `Recorded`, of their ids.

    Args:
        classifier: any.
        images: (n, h, w, 3) uint8, n >= 1.
        ids: of the same rows, (n,).

    Returns:
        (n, k), as `Classifier.probabilities`.
    """
    return classifier.recorded(ids) if isinstance(classifier, Recorded) else classifier.probabilities(images)
