"""Detectors that might tell counterfeits from images of the world by the classifier: the larger, the stranger.

- `max_softmax`: 1 - confidence (Hendrycks, Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution
  Examples in Neural Networks", 2017, section 2)
- `energy`: -log sum exp of the logits (Liu et al., "Energy-based Out-of-distribution Detection", 2020, section 3.1)
- `mahalanobis`: of features, the squared distance to the nearest class's mean, by the covariance that the classes share
  (Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks", 2018,
  section 2.1, on the last layer alone)
- `k_nearest`: the distance of the direction of the features to the k-th nearest among training images (Sun et al.,
  "Out-of-Distribution Detection with Deep Nearest Neighbors", 2022, section 3)
- `temperature`: 1 - confidence at the temperature that fits held-out images best (Guo et al., "On Calibration of Modern
  Neural Networks", 2017, section 4.2)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from builder.classifiers import softmax
from builder.studies.counterfeits.inverted import Floats

K = 5
"""The number of neighbors of `k_nearest`."""

RIDGE = 1e-3
"""The share of the mean variance that is added to every variance: features may be fewer images than numbers."""

TEMPERATURES = np.geomspace(0.05, 20, 400)
"""The temperatures that are tried."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """The images that detectors know.

    features (n, d) and places (n,): of training images, and the places of their classes.
    temperature: see `fitted_temperature`.
    """

    features: Floats
    places: npt.NDArray[np.int64]
    temperature: float


def scores(logits: Floats, features: Floats, reference: Reference) -> dict[str, Numbers]:
    """The score of each of `schema.DETECTORS`, by its name, each (n,); logits (n, outputs), features (n, d)."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=1, keepdims=True)
    return {
        "max_softmax": 1 - softmax(wide).max(axis=1).astype(np.float64),
        "energy": -(top[:, 0] + np.log(np.exp(wide - top).sum(axis=1))),
        "mahalanobis": mahalanobis(features, reference),
        "k_nearest": k_nearest(features, reference),
        "temperature": 1 - softmax(wide / reference.temperature).max(axis=1).astype(np.float64),
    }


def mahalanobis(features: Floats, reference: Reference) -> Numbers:
    """(n, d) -> (n,), the squared distance to the nearest class's mean."""
    wide = reference.features.astype(np.float64)
    classes, of = np.unique(reference.places, return_inverse=True)
    means = np.stack([wide[of == at].mean(axis=0) for at in range(len(classes))])
    covariance = np.cov((wide - means[of]).T, bias=True).reshape(wide.shape[1], wide.shape[1])
    covariance += RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    whiten = np.linalg.cholesky(np.linalg.inv(covariance))
    placed, centers = features.astype(np.float64) @ whiten, means @ whiten
    squares: Numbers = ((placed[:, None] - centers[None]) ** 2).sum(axis=2).min(axis=1)
    return squares


def k_nearest(features: Floats, reference: Reference) -> Numbers:
    """(n, d) -> (n,), of directions: the distance to the K-th nearest of the training images."""
    k = min(K, len(reference.features)) - 1
    cosines = _directions(features) @ _directions(reference.features).T
    squares = np.maximum(2 - 2 * cosines, 0)
    nearest: Numbers = np.sqrt(np.partition(squares, k, axis=1)[:, k])
    return nearest


def fitted_temperature(logits: Floats, places: npt.NDArray[np.int64]) -> float:
    """The one of TEMPERATURES that logits (n, outputs) are divided by for the least cross-entropy of places (n,)."""
    wide, rows = logits.astype(np.float64), np.arange(len(logits))
    losses = []
    for temperature in TEMPERATURES:
        cooled = wide / temperature
        top = cooled.max(axis=1)
        losses.append(float((top + np.log(np.exp(cooled - top[:, None]).sum(axis=1)) - cooled[rows, places]).mean()))
    return float(TEMPERATURES[int(np.argmin(losses))])


def _directions(features: Floats) -> Numbers:
    wide = features.astype(np.float64)
    directions: Numbers = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return directions
