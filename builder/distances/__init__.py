"""Distances between the two images of a pair, other than a recognizer's. One file per family.

A distance is registered under `lands_between.distances` as a module (or object) with
`load(name, generator: Generator, runtime) -> Distance`; the name it is registered under is its column.
"""

from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt


class Distance(Protocol):
    """A distance between the rows of two arrays, of images or of latents: it says which."""

    @property
    def on(self) -> Literal["images", "latents"]:
        """The kind of rows that `between` takes."""

    micro_batch: int | None
    """Rows a model sees at a time, as in `Generator`; None where there is no model."""

    def between(self, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n, ...), (n, ...) -> (n,); 0 for equal rows."""
