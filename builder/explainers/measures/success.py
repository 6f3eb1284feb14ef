"""The fooling success rate: how often a manipulation reached what it was after."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builder.explainers.measures import Values


class Interval(NamedTuple):
    """The values of a measure that count as success, both ends included."""

    low: float
    high: float


THRESHOLDS = {
    "gradient": 0.67,
    "gradient_x_input": 0.67,
    "integrated_gradients": 0.67,
    "smoothgrad": 0.67,
    "grad_cam": 0.56,
    "guided_backpropagation": 0.75,
    "lrp": 0.84,
    "deeplift": 0.67,
    "lime": 0.62,
    "kernel_shap": 0.58,
    "occlusion": 0.54,
}
"""Spearman's correlation of absolute values with the map as it was, at and below which an explainer is fooled: halfway
from the same map, 1, to that of a digit of another class, by the median of `digits-cnn`. `benchmarks.manipulations`
prints them.
"""

THRESHOLD = 0.5
"""The threshold of all other explainers."""


def threshold(explainer: str) -> Interval:
    """The correlations at which an explainer is fooled, by its entry, such as `grad_cam`; of others THRESHOLD."""
    return Interval(-1.0, THRESHOLDS.get(explainer, THRESHOLD))


def fooled(values: Values, interval: Interval) -> npt.NDArray[np.bool_]:
    """Whether each value, (n,), is a success; one that is not defined is none."""
    success: npt.NDArray[np.bool_] = (values >= interval.low) & (values <= interval.high)
    return success


def fooling_success_rate(values: Mapping[str, Values], thresholds: Mapping[str, Interval]) -> dict[str, float]:
    """The share of images whose measure lies in the interval of its explainer, 0..1, the higher, the more often fooled;
    a value that is not defined is no success (Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial
    Model Manipulation", 2019): FSR = 1/n sum 1[low <= value <= high].

    Args:
        values: explainer -> its measure of each image, (n,), n >= 1.
        thresholds: explainer -> its interval.
    """
    return {explainer: float(np.mean(fooled(each, thresholds[explainer]))) for explainer, each in values.items()}
