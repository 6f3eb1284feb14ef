"""LIME of columns: Ribeiro, Singh, Guestrin, "Why Should I Trust You?" (2016), drawn as the authors' package does where
numbers are not made discrete.
"""

from collections.abc import Collection
from typing import Annotated

import numpy as np
from pydantic import Field

from builder import settings
from builder.explainers import Classes
from builder.explainers.surrogate import Numbers, one_thread, sparse_linear
from builder.explainers.tables import Rows, TableClassifier, Weights


class Settings(settings.Settings):
    """The keys of LIME of columns.

    samples: rows that are drawn and answered. features: columns with a weight, at most. width: sigma of the kernel for
    one column; for d of them it is sqrt(d) times as wide. seed: of the rows.
    """

    samples: Annotated[int, Field(ge=10, le=1_000_000)] = 5000
    features: Annotated[int, Field(ge=1, le=10_000)] = 10
    width: Annotated[float, Field(gt=0, le=100)] = 0.75
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class TableLime:
    """Satisfies `builder.explainers.tables.TableExplainer`: weights for the probability of the class; of a number by
    its standard deviation, of a category by whether it is the row's.
    """

    def __init__(self, own: Settings, background: Rows, categorical: Collection[int] = ()) -> None:
        """background: (b, d), rows whose values are drawn. categorical: indices of columns that hold no quantities."""
        self._own, self._background = own, background.astype(np.float64)
        self._categorical = np.isin(np.arange(background.shape[1]), list(categorical))
        self._mean = self._background.mean(axis=0)
        deviation = self._background.std(axis=0)
        self._deviation = np.where(deviation > 0, deviation, 1.0)

    def explain(self, classifier: TableClassifier, rows: Rows, classes: Classes) -> Weights:
        """Rows (n, d) and their classes (n,), n >= 1 -> (n, d)."""
        with one_thread():
            weights = [self._explained(classifier, *each) for each in zip(rows, classes, strict=True)]
        return np.stack(weights).astype(np.float32)

    def _explained(self, classifier: TableClassifier, row: Rows, label: int) -> Numbers:
        samples = self.samples(self._own.samples, np.random.default_rng(self._own.seed))
        samples[0] = row
        explained_by = self._interpretable(samples, row)
        distance = np.linalg.norm(explained_by - explained_by[0], axis=1)
        # Section 3.4: exp(-D^2 / sigma^2), D Euclidean.
        kernel = np.exp(-(distance**2) / (self._own.width**2 * len(row)))
        answers = classifier.probabilities(samples)[:, label].astype(np.float64)
        return sparse_linear(explained_by, answers, kernel, self._own.features)

    def samples(self, count: int, rng: np.random.Generator) -> Rows:
        """Rows as the classifier is asked about, (count, d): numbers from a normal distribution, categories as they are
        in the background.
        """
        shape = (count, len(self._mean))
        samples = self._mean + self._deviation * rng.standard_normal(shape)
        places = rng.integers(0, len(self._background), shape)
        of_background = np.take_along_axis(self._background, places, axis=0)
        return np.where(self._categorical, of_background, samples).astype(np.float32)

    def _interpretable(self, samples: Rows, row: Rows) -> Numbers:
        scaled = (samples - self._mean) / self._deviation
        interpretable: Numbers = np.where(self._categorical, samples == row, scaled).astype(np.float64)
        return interpretable
