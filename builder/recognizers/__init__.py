"""Recognizers: the decision models of a study. One file (or folder) per family; alignments beside them.

A recognizer is registered under `lands_between.recognizers` as a module (or object) with `Settings`, the
pydantic model of the keys that it adds to its `[[recognizers]]`, and
`load(argument, settings, runtime) -> Recognizer`, where `argument` is what stands behind the colon of `model`,
or None.
"""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from builder.generators import Images

Embeddings = npt.NDArray[np.float32]


class Faces(NamedTuple):
    """An alignment's result for n images; rows where nothing was found are zero.

    crops: (n, s, s, 3) uint8 RGB, what a recognizer embeds; or n objects (h, w, 3), each of its own size.
    found: (n,) bool.
    boxes: (n, 4) float32, left, top, right, bottom in pixels of the image.
    landmarks: (n, m, 2) float32, x and y in pixels of the image, NaN where one was not found; m is 0 for an
        alignment without landmarks.
    """

    crops: Images
    found: npt.NDArray[np.bool_]
    boxes: npt.NDArray[np.float32]
    landmarks: npt.NDArray[np.float32]

    def rows(self, index: npt.NDArray[np.intp] | slice) -> "Faces":
        """The same for a choice of images."""
        return Faces(self.crops[index], self.found[index], self.boxes[index], self.landmarks[index])

    @staticmethod
    def concatenate(parts: "list[Faces]") -> "Faces":
        """Several of them as one, in order."""
        return Faces(
            np.concatenate([part.crops for part in parts]),
            np.concatenate([part.found for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.landmarks for part in parts]),
        )


class Alignment(Protocol):
    """Finds the object (a face) in an image and crops it; done once per image, shared by recognizers."""

    def align(self, images: Images) -> Faces:
        """(n, h, w, 3) -> what was found in each."""


class Recognizer(Protocol):
    """A decision model: two images are accepted as one person where `distance <= threshold`.

    alignment: the one it was trained on. threshold: its own; None where it has none, and the study must say one.
    """

    @property
    def alignment(self) -> str:
        """A name in `builder.recognizers.alignments`."""

    @property
    def threshold(self) -> float | None:
        """A distance."""

    @property
    def metric(self) -> str:
        """The name of `distance` in `builder.recognizers.metrics` where it is one of those."""

    micro_batch: int
    """Crops that the model sees at a time, as in `Generator`."""

    def embed(self, crops: Images) -> Embeddings:
        """(n, s, s, 3), n >= 1 -> (n, k).

        Raises:
            StudyError: the crops are of a kind that it cannot take: the study names another alignment.
        """

    def distance(self, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """The decision distance between rows of `a` and `b`, (n, k) each, n >= 1: (n,)."""
