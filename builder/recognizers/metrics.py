"""Distances between embeddings, under DeepFace's names."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from builder.generators.space import euclidean
from builder.recognizers import Embeddings

Metric = Literal["euclidean", "euclidean_l2", "cosine"]


def _unit(embeddings: Embeddings) -> npt.NDArray[np.float64]:
    rows = embeddings.astype(np.float64)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1))


def _euclidean_l2(a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
    return np.asarray(np.linalg.norm(_unit(a) - _unit(b), axis=-1), np.float32)


def _cosine(a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
    """1 - cosine, as half the squared distance of the unit vectors: exactly 0 for equal rows."""
    return np.asarray(((_unit(a) - _unit(b)) ** 2).sum(axis=-1) / 2, np.float32)


METRICS: dict[Metric, Callable[[Embeddings, Embeddings], npt.NDArray[np.float32]]] = {
    "euclidean": euclidean,
    "euclidean_l2": _euclidean_l2,
    "cosine": _cosine,
}
"""Metric -> distance between rows, (n, k), (n, k) -> (n,): Euclidean; Euclidean between the rows scaled to unit
length, 0..2; 1 - cosine, 0..2."""
