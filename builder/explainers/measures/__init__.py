"""Measures: how alike two explanations or two pictures are, how faithful an explanation is, how often fooling works.

A measure is declared once, with its range and with what its direction means, as a `Measure`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
"""(n,), NaN where a measure is not defined."""


@dataclass(frozen=True)
class Measure:
    """A measure between two arrays of n maps or n pictures, row by row.

    name: of its column. low, high: its range. alike: the end of the range where equal ones are. between: takes both
    arrays, (n, h, w) or (n, h, w, 3); gives (n,).
    """

    name: str
    low: float
    high: float
    alike: Literal["low", "high"]
    between: Callable[..., Values]
