"""KernelSHAP of columns: Lundberg, Lee, "A Unified Approach to Interpreting Model Predictions" (2017)."""

from typing import Annotated

import numpy as np
from pydantic import Field

from builder import settings
from builder.explainers import Classes
from builder.explainers.surrogate import Masks, Numbers, coalitions, one_thread, shapley
from builder.explainers.tables import Rows, TableClassifier, Weights

MOST_NUMBERS = 2**24
"""The most numbers in the rows that are made before the classifier sees them."""


class Settings(settings.Settings):
    """The keys of KernelSHAP of columns.

    samples: coalitions of columns, at most. seed: of those drawn where there are more.
    """

    samples: Annotated[int, Field(ge=10, le=1_000_000)] = 2048
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class TableKernelShap:
    """Satisfies `builder.explainers.tables.TableExplainer`: each column's share of how a row's probability of the class
    differs from the mean of the background.
    """

    def __init__(self, own: Settings, background: Rows) -> None:
        """background: (b, d), whose values take the place of a column that takes no part."""
        self._own, self._background = own, background

    def explain(self, classifier: TableClassifier, rows: Rows, classes: Classes) -> Weights:
        """Rows (n, d) and their classes (n,), n >= 1 -> (n, d)."""
        columns = rows.shape[1]
        samples, kernel = coalitions(columns, self._own.samples, np.random.default_rng(self._own.seed))
        members = np.concatenate([np.zeros((1, columns), np.bool_), np.ones((1, columns), np.bool_), samples])
        weights = []
        with one_thread():
            for row, label in zip(rows, classes, strict=True):
                none, everything, *others = self._values(classifier, row, int(label), members)
                weights.append(shapley(samples, np.array(others), kernel, none, everything))
        return np.stack(weights).astype(np.float32)

    def _values(self, classifier: TableClassifier, row: Rows, label: int, members: Masks) -> Numbers:
        """The value of each coalition: the mean probability with the other columns from the background (section 4,
        equations 9 to 11: as if columns were independent).
        """
        background = self._background
        block = max(1, MOST_NUMBERS // background.size)
        values = []
        for at in range(0, len(members), block):
            mixed = np.where(members[at : at + block, None], row, background)  # (m, b, d)
            answers = classifier.probabilities(mixed.reshape(-1, len(row)))[:, label].astype(np.float64)
            values.append(answers.reshape(-1, len(background)).mean(axis=1))
        return np.concatenate(values)
