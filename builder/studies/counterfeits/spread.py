"""The spread of images of one class: how far two are apart, and how their features lie beside those of known ones."""

import numpy as np
import numpy.typing as npt

from builder.generators import Images
from builder.studies.counterfeits.inverted import Floats

Numbers = npt.NDArray[np.float64]


FIRST = 1.0
"""Percent: a distance below that of so many twos of real images is of two images that are nearly one."""


def spread(images: Images, features: Floats, training: Floats) -> dict[str, float]:
    """The columns SPREAD for n >= 2 images of a class, (n, h, w, 3), with features (n, d).

    training: features of training images of the class, (m, d).
    """
    in_pixels = couples(images.reshape(len(images), -1).astype(np.float64) / 255)
    in_features = couples(features.astype(np.float64))
    apart = {"pixels": in_pixels, "features": in_features}
    means = {name: float(every.mean()) for name, every in apart.items()}
    means |= {f"nearest_{name}": float(every.min()) for name, every in apart.items()}
    means |= {f"percentile_{name}": float(np.percentile(every, FIRST)) for name, every in apart.items()}
    return means | {"frechet": frechet(features.astype(np.float64), training.astype(np.float64))}


def couples(rows: Numbers) -> Numbers:
    """(n, d) -> (n (n - 1) / 2,), the Euclidean distance of every two rows."""
    first, second = np.triu_indices(len(rows), 1)
    return distances(rows, rows)[first, second]


def distances(a: Numbers, b: Numbers) -> Numbers:
    """(n, d), (m, d) -> (n, m), Euclidean."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float64)


def frechet(a: Numbers, b: Numbers) -> float:
    """The squared Fréchet distance of two normal distributions, with mean and covariance of rows (n, d) and (m, d).

    |mean a - mean b|^2 + trace(A + B - 2 (A B)^(1/2)); Heusel et al., "GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium" (2017), section 3, there on other features. It falls with n: compare it for
    equal n alone.
    """
    of_a, of_b = ((rows - rows.mean(axis=0)) / np.sqrt(len(rows)) for rows in (a, b))
    shared = np.linalg.svd(of_a @ of_b.T, compute_uv=False).sum()  # there are fewer rows than numbers, often
    apart = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    return float(max(0.0, apart + (of_a**2).sum() + (of_b**2).sum() - 2 * shared))
