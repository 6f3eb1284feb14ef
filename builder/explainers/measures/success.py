"""The fooling success rate: how often a manipulation reached what it was after."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from builder.explainers.measures import Values


class Interval(NamedTuple):
    """The values of a measure that count as success, both ends included."""

    low: float
    high: float


def fooling_success_rate(values: Mapping[str, Values], thresholds: Mapping[str, Interval]) -> dict[str, float]:
    """The share of images whose measure lies in the interval of its explainer, 0..1, the higher, the more often fooled;
    a value that is not defined is no success (Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial
    Model Manipulation", 2019).

    Args:
        values: explainer -> its measure of each image, (n,), n >= 1.
        thresholds: explainer -> its interval.
    """
    rates = {}
    for explainer, measured in values.items():
        low, high = thresholds[explainer]
        rates[explainer] = float(np.mean((measured >= low) & (measured <= high)))
    return rates
