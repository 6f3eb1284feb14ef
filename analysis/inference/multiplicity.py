"""p values of a family of hypotheses."""

import numpy as np
import numpy.typing as npt
from statsmodels.stats.multitest import multipletests

from analysis.inference.numbers import Numbers


def holm(p: npt.ArrayLike) -> Numbers:
    """Holm's adjusted p values of a family (n,): the chance of one false finding among all stays below their level.

    NaN stays NaN and belongs to no family.
    """
    values = np.asarray(p, np.float64)
    adjusted = np.full(values.shape, np.nan)
    mask = np.isfinite(values)
    if mask.any():
        adjusted[mask] = multipletests(values[mask], method="holm")[1]
    return adjusted
