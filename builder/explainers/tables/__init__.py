"""Explainers of classifiers of rows: which columns an answer is due to. One file per method."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from builder.classifiers import Probabilities
from builder.explainers import Classes

if TYPE_CHECKING:
    from torch import nn

Rows = npt.NDArray[np.float32]
"""(n, d), a column per feature."""

Weights = npt.NDArray[np.float32]
"""(n, d), signed: above 0 where a column speaks for the class."""


class TableClassifier(Protocol):
    """A decision model of rows, as `builder.classifiers.Classifier` is of images."""

    @property
    def network(self) -> "nn.Module | None":
        """A torch module from rows (n, d) float32 to logits (n, k), in evaluation mode; None where there is none."""

    def probabilities(self, rows: Rows) -> Probabilities:
        """(n, d), n >= 1 -> (n, k), rows that add up to 1."""


class TableExplainer(Protocol):
    """A method that says why a row was given a class."""

    def explain(self, classifier: TableClassifier, rows: Rows, classes: Classes) -> Weights:
        """Rows (n, d) and one class for each, n >= 1 -> a weight for each column, which depends on no other row.

        Raises:
            StudyError: the classifier has no network, and the method needs one.
        """
