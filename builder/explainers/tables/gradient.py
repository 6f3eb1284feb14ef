"""The gradient of a row's class score, as `builder.explainers.gradient` of an image's."""

import torch

from builder.explainers import Classes
from builder.explainers.base import network_of
from builder.explainers.gradient import gradient
from builder.explainers.tables import Rows, TableClassifier, Weights


class TableGradient:
    """Satisfies `builder.explainers.tables.TableExplainer`."""

    def explain(self, classifier: TableClassifier, rows: Rows, classes: Classes) -> Weights:
        """The derivative of each row's class logit by its columns: (n, d).

        Raises:
            StudyError: the classifier has no network.
        """
        network = network_of(classifier, "gradient")
        weights: Weights = gradient(network, torch.from_numpy(rows), torch.from_numpy(classes)).numpy()
        return weights
